#include "tests/bench/load.h"

#include <algorithm>
#include <random>

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr std::uint64_t bytes_of_account = 150; // With its place in the index.
constexpr std::uint64_t rows_at_once = 100000;
constexpr Milliseconds patience{600000};
constexpr Milliseconds soon{30000};

/// Runs statements on the primary as its superuser.
class Maker {
public:
    Maker(Testbed& bed, Engine engine)
        : bed_(bed), postgresql_(engine == Engine::postgresql),
          primary_(bed.pair().at("primary").get<std::string>()) {}

    void say(const std::string& statement) {
        if (postgresql_) {
            static_cast<void>(ask_once(bed_.superuser_of(primary_), statement, in(patience)));
            return;
        }
        bed_.say_as_superuser(primary_, "use app; " + statement);
    }
    void make_tables() {
        const std::string key = postgresql_ ? "" : " primary key"; // Later is faster there.
        say("create table accounts (aid bigint" + key +
            ", bid int, abalance int, filler char(84))");
        const std::string own = postgresql_ ? "bigserial" : "bigint auto_increment";
        say("create table history (hid " + own +
            " primary key, aid bigint, delta int, at timestamp default current_timestamp)");
    }
    /// Text that cannot be packed to nothing, as pgbench's blanks can.
    void fill(std::uint64_t from, std::uint64_t to) {
        const auto first = std::to_string(from);
        const auto last = std::to_string(to);
        if (postgresql_) {
            say("insert into accounts select i, i / 100000, 0, left(md5(i::text) || "
                "md5((i + 1)::text) || md5((i + 2)::text), 84) from generate_series(" +
                first + "::bigint, " + last + ") i");
            return;
        }
        say("insert into accounts select seq, seq div 100000, 0, left(concat(md5(seq), "
            "md5(seq + 1), md5(seq + 2)), 84) from seq_" +
            first + "_to_" + last);
    }
    void finish() {
        if (!postgresql_) {
            say("grant select, insert, update on app.* to app@'%'");
            return;
        }
        say("alter table accounts add primary key (aid)");
        say("vacuum analyze accounts");
        say("grant select, insert, update on accounts, history to app");
        say("grant usage on sequence history_hid_seq to app");
    }

private:
    Testbed& bed_;
    bool postgresql_;
    std::string primary_;
};

} // namespace

std::uint64_t make_accounts(Testbed& bed, Engine engine, std::size_t data_mib) {
    const auto accounts = (static_cast<std::uint64_t>(data_mib) << 20U) / bytes_of_account;
    Maker maker(bed, engine);
    maker.make_tables();
    for (std::uint64_t from = 1; from <= accounts; from += rows_at_once) {
        maker.fill(from, std::min(from + rows_at_once - 1, accounts));
    }
    maker.finish();
    return accounts;
}

Load::Load(Session::Where where, std::uint64_t accounts, std::size_t clients)
    : where_(std::move(where)), accounts_(accounts) {
    for (std::size_t number = 0; number < clients; ++number) {
        threads_.emplace_back([this, number] { work(number); });
    }
}

void Load::end() {
    ending_ = true;
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

/// Empty, or why it failed.
std::string Load::transact(Session& session, std::uint64_t account) {
    const std::string schema = where_.engine == Engine::postgresql ? "" : "app.";
    const auto id = std::to_string(account);
    for (const auto& statement :
         {std::string("begin"),
          "update " + schema + "accounts set abalance = abalance + 7 where aid = " + id,
          "insert into " + schema + "history (aid, delta) values (" + id + ", 7)"}) {
        if (const auto said = session.ask(statement, {}, in(soon));
            said.end != Session::End::answered) {
            return statement + ": " + said.trouble;
        }
    }
    const auto asked = Clock::now();
    const auto done = session.ask("commit", {}, in(soon));
    const auto now = Clock::now();
    if (done.end != Session::End::answered) {
        return "commit: " + done.trouble;
    }
    const std::lock_guard guard(mutex_);
    commits_.push_back({now, std::chrono::duration<double, std::milli>(now - asked).count()});
    return {};
}

void Load::work(std::size_t number) {
    std::mt19937_64 dice(number);
    std::uniform_int_distribution<std::uint64_t> any(1, accounts_);
    Session session;
    auto trouble = session.connect(where_, in(soon));
    while (!ending_ && trouble.empty()) {
        trouble = transact(session, any(dice));
    }
    if (!trouble.empty()) {
        const std::lock_guard guard(mutex_);
        trouble_ = trouble;
    }
}

Load::Rate Load::between(Clock::time_point from, Clock::time_point to) {
    std::vector<double> times;
    {
        const std::lock_guard guard(mutex_);
        if (!trouble_.empty()) {
            throw Failure("a client of the load gave up: " + trouble_);
        }
        for (const auto& commit : commits_) {
            if (commit.at >= from && commit.at < to) {
                times.push_back(commit.ms);
            }
        }
    }
    if (times.empty()) {
        throw Failure("nothing was committed while it was measured");
    }
    std::ranges::sort(times);
    const auto seconds = std::chrono::duration<double>(to - from).count();
    return {static_cast<double>(times.size()) / seconds, times.at(times.size() * 99 / 100)};
}

} // namespace lockstep::bench
