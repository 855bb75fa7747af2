#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct CreateOptions {
    NewPair pair;
    bool no_wait = false;
    bool dry_run = false;
};

// A clone takes as long as the data are large.
constexpr std::chrono::hours usual_patience{24};
constexpr std::int64_t longest_ttl_seconds = 30;
constexpr std::int64_t ttl_seconds_to_warn = 5;
constexpr std::int64_t longest_replace_after_seconds = 604800; // A week.

void warn_of_ttl(const Session& session, std::int64_t ttl_seconds) {
    if (ttl_seconds > ttl_seconds_to_warn) {
        session.err().stream << "lockstep: with a TTL of " << ttl_seconds
                             << " s clients go on asking the old primary for up to so long after "
                                "a failover; 2 s is usual.\n";
    }
}

std::optional<Answer<void>> in_sync(const PairView& pair) {
    if (pair.phase == "in sync") {
        return Answer<void>{};
    }
    return std::nullopt;
}

Answer<ExitStatus> wait_until_in_sync(Session& session, const std::string& name) {
    const auto waited = wait_for_pair(session, name, session.patience(usual_patience), in_sync);
    if (!waited) {
        return tl::unexpected(waited.error());
    }
    if (session.json()) {
        session.print_json(waited->body);
        return ExitStatus::done;
    }
    const auto& pair = waited->pair;
    session.out().stream << paragraph("",
                                      name + " is in sync after " + show_span(waited->took) +
                                          ": primary " + pair.primary + ", standby " +
                                          pair.standby + ". Its name: " + pair.endpoint.name +
                                          " (read-only: " + pair.endpoint.read_only_name + ").",
                                      session.out().width);
    return ExitStatus::done;
}

Answer<ExitStatus> create(Session& session, const CreateOptions& options) {
    const auto& pair = options.pair;
    if (pair.primary == pair.standby) {
        return give_up(ExitStatus::usage, "--primary and --standby are both " + pair.primary +
                                              ": a pair has two members");
    }
    warn_of_ttl(session, pair.ttl_seconds);
    const auto body = session.change("POST", "/v1/pairs", create_pair_body(pair), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (!options.no_wait) {
        return wait_until_in_sync(session, pair.name);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << pair.name << " is being formed; `lockstep status " << pair.name
                             << "` shows how far it is.\n";
    }
    return ExitStatus::done;
}

void add_options(CLI::App& verb, CreateOptions& options) {
    auto& pair = options.pair;
    verb.add_option("NAME", pair.name, "The pair's name, the first label of its DNS name")
        ->required()
        ->type_name("")
        ->check(check_pair_name);
    verb.add_option("--engine", pair.engine,
                    "The database that both agents are for (default postgresql)")
        ->type_name("postgresql|mysql|mariadb")
        ->check(CLI::IsMember({"postgresql", "mysql", "mariadb"}).description(""));
    verb.add_option("--primary", pair.primary, "The member that becomes the first primary")
        ->required()
        ->type_name("MEMBER")
        ->check(check_member_name);
    verb.add_option("--standby", pair.standby, "The member that becomes its standby")
        ->required()
        ->type_name("MEMBER")
        ->check(check_member_name);
    verb.add_option("--when-standby-lost", pair.when_standby_lost,
                    "The primary goes on alone (default), or commits wait for a standby")
        ->type_name("continue|wait")
        ->check(CLI::IsMember({"continue", "wait"}).description(""));
    verb.add_option("--profile", pair.profile,
                    "How soon silence counts as failure: 1.5 s (lan, default) or 3 s (wan)")
        ->type_name("lan|wan")
        ->check(CLI::IsMember({"lan", "wan"}).description(""));
    verb.add_option("--ttl", pair.ttl_seconds,
                    "How long clients may keep an address: 1 to 30 s (default 2)")
        ->type_name("SECONDS")
        ->check(CLI::Range(std::int64_t{1}, longest_ttl_seconds).description(""));
    verb.add_option("--replace-after", pair.replace_after_seconds,
                    "How long a member may stay away before a spare takes its place "
                    "(default 600; 0: for ever)")
        ->type_name("SECONDS")
        ->check(CLI::Range(std::int64_t{0}, longest_replace_after_seconds).description(""));
    verb.add_flag("--deletion-protection", pair.deletion_protection,
                  "Refuse to delete it until `lockstep pair unprotect`");
    verb.add_flag("--no-wait", options.no_wait, "Do not wait until the pair is in sync");
    add_dry_run(verb, options.dry_run);
}

} // namespace

void add_pair_create(CLI::App& pair, const Choose& choose) {
    auto* verb = pair.add_subcommand("create", "Make a pair of two members whose agents run");
    const auto options = std::make_shared<CreateOptions>();
    add_options(*verb, *options);
    give_examples(*verb, {"lockstep pair create shop --primary a --standby b",
                          "lockstep pair create shop --primary a --standby b --dry-run",
                          "lockstep pair create books --primary c --standby d "
                          "--when-standby-lost wait --profile wan --deletion-protection"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return create(session, *options); });
    });
}

} // namespace lockstep::cli
