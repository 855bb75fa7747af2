#include <memory>

#include "cli/pair_picture.h"
#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

Answer<ExitStatus> show_pair(Session& session, const std::string& name) {
    const auto body = session.get("/v1/pairs/" + name);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto pair = read_pair(*body);
    if (!pair) {
        return tl::unexpected(pair.error());
    }
    print_pair(session.out(), *pair);
    return ExitStatus::done;
}

} // namespace

void add_pair_show(CLI::App& pair, const Choose& choose) {
    auto* verb = pair.add_subcommand(
        "show", "Show one pair in full; unlike `status` ends with 0 in whatever phase it is");
    const auto name = std::make_shared<std::string>();
    add_pair_name(*verb, *name);
    give_examples(*verb,
                  {"lockstep pair show shop", "lockstep pair show shop --json | jq .endpoint"});
    verb->callback(
        [name, choose] { choose([name](Session& session) { return show_pair(session, *name); }); });
}

} // namespace lockstep::cli
