#include "tests/support/testbed/ledger.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace lockstep::testbed {

namespace {

constexpr auto insert_statement =
    "insert into ledger (id, server) values ($1, inet_server_addr())"
    " returning host(server), ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))"
    "::bit(32)::int";

// MySQL returns nothing from an insert: who acknowledged is asked once a session.
constexpr auto mysql_insert_statement = "insert into app.ledger (id) values (?)";

bool is_acknowledged(const Write& write) {
    return write.end == Session::End::answered;
}

std::set<std::uint64_t> ids_present(const Session::Where& where) {
    std::set<std::uint64_t> present;
    const auto statement = "select id from " + ledger_table(where.engine);
    for (const auto& row : ask_once(where, statement, in(Milliseconds{30000}))) {
        present.insert(std::stoull(row.at(0)));
    }
    return present;
}

// Clients of one table must not share ids, whether they write after each other or at once.
std::uint64_t first_id() {
    constexpr std::uint64_t most_writes = 1'000'000'000;
    static std::mutex mutex;
    static std::uint64_t last = 0;
    const std::scoped_lock lock(mutex);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    last = std::max(last + most_writes, static_cast<std::uint64_t>(microseconds));
    return last;
}

} // namespace

Ledger Ledger::with(const Ledger& other) const {
    Ledger all = *this;
    all.writes.insert(all.writes.end(), other.writes.begin(), other.writes.end());
    std::ranges::sort(all.writes, {}, &Write::answered);
    all.failed_connections.insert(all.failed_connections.end(), other.failed_connections.begin(),
                                  other.failed_connections.end());
    all.ended = std::min(all.ended, other.ended);
    return all;
}

std::uint64_t Ledger::stale() const {
    std::map<std::uint32_t, Clock::time_point> first_of;
    for (const auto& write : writes) {
        if (is_acknowledged(write)) {
            first_of.try_emplace(write.history, write.answered);
        }
    }
    std::uint64_t stale = 0;
    for (const auto& write : writes) {
        const auto newer = first_of.upper_bound(write.history);
        const bool is_stale = std::any_of(
            newer, first_of.end(), [&](const auto& entry) { return entry.second < write.sent; });
        if (is_acknowledged(write) && is_stale) {
            ++stale;
        }
    }
    return stale;
}

Account Ledger::account(const Session::Where& final_primary) const {
    const auto present = ids_present(final_primary);
    Account account;
    for (const auto& write : writes) {
        const bool is_present = present.contains(write.id);
        switch (write.end) {
        case Session::End::refused: ++account.refused; break;
        case Session::End::unknown:
            ++account.unknown;
            account.unknown_but_present += is_present ? 1 : 0;
            break;
        case Session::End::answered:
            ++account.acknowledged;
            account.acknowledged_with_warning += write.warned ? 1 : 0;
            if (!is_present) {
                ++account.lost;
                account.first_lost.push_back(write.id);
            }
            break;
        }
    }
    account.first_lost.resize(std::min<std::size_t>(account.first_lost.size(), 10));
    account.stale = stale();
    return account;
}

namespace {

constexpr Milliseconds down_from{500}; // Shorter gaps are noise of a busy machine.

struct Gap {
    Clock::duration length{0};
    std::optional<Clock::time_point> end;
};

// From `from` to the end of the ledger without a seam.
std::vector<Gap> gaps(const Ledger& ledger, Clock::time_point from) {
    std::vector<Gap> all;
    Clock::time_point last = from;
    for (const auto& write : ledger.writes) {
        if (is_acknowledged(write) && write.answered >= from) {
            all.push_back({write.answered - last, write.answered});
            last = write.answered;
        }
    }
    all.push_back({ledger.ended - last, std::nullopt});
    return all;
}

Gap longest(const Ledger& ledger, Clock::time_point from) {
    return std::ranges::max(gaps(ledger, from), {}, &Gap::length);
}

} // namespace

Milliseconds Ledger::longest_gap(Clock::time_point from) const {
    return std::chrono::ceil<Milliseconds>(longest(*this, from).length);
}

Milliseconds Ledger::down_total(Clock::time_point from) const {
    Clock::duration sum{0};
    for (const auto& gap : gaps(*this, from)) {
        sum += gap.length > down_from ? gap.length : Clock::duration{0};
    }
    return std::chrono::ceil<Milliseconds>(sum);
}

std::optional<Clock::time_point> Ledger::resumed(Clock::time_point from) const {
    return longest(*this, from).end;
}

std::string Ledger::troubles(std::size_t most) const {
    std::map<std::string, std::size_t> counts;
    for (const auto& write : writes) {
        if (!is_acknowledged(write)) {
            ++counts["write: " + write.trouble];
        }
    }
    for (const auto& failed : failed_connections) {
        ++counts["connection: " + failed.trouble];
    }
    std::string result;
    for (const auto& [trouble, count] : counts) {
        if (most-- > 0) {
            result += std::to_string(count) + " × " + trouble + "\n";
        }
    }
    return result;
}

Writers::Writers(Options options) : options_(std::move(options)) {
    next_id_ = first_id();
    for (std::size_t number = 0; number < options_.count; ++number) {
        threads_.emplace_back([this, number] { write_on(number); });
    }
}

Writers::~Writers() {
    static_cast<void>(stop());
}

Ledger Writers::stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
    std::ranges::sort(ledger_.writes, {}, &Write::answered);
    ledger_.ended = Clock::now();
    return std::move(ledger_);
}

bool Writers::acknowledges(std::uint64_t more, Clock::time_point by) const {
    const auto wanted = acknowledged() + more;
    while (acknowledged() < wanted) {
        if (Clock::now() > by) {
            return false;
        }
        std::this_thread::sleep_for(Milliseconds{2});
    }
    return true;
}

void Writers::write_on(std::size_t number) {
    // Writers that start together would write together: the gaps would be the pauses.
    std::this_thread::sleep_for(options_.pause * number / options_.count);
    const auto finder = options_.finder();
    Session session;
    Standing standing;
    while (!stopping_) {
        if (!session.open() && !reach(*finder, session, standing)) {
            std::this_thread::sleep_for(options_.retry);
            continue;
        }
        write_one(session, standing);
        if (options_.connections == Connections::new_each_time) {
            session.close();
        }
        std::this_thread::sleep_for(options_.pause);
    }
}

bool Writers::reach(Finder& finder, Session& session, Standing& standing) {
    const Address address = finder.find();
    std::string trouble = address.trouble;
    if (!address.ip.empty()) {
        trouble = connect(session, address.ip, standing);
    }
    if (trouble.empty()) {
        return true;
    }
    const std::scoped_lock lock(mutex_);
    ledger_.failed_connections.push_back({Clock::now(), address.ip + ": " + trouble});
    return false;
}

/// A server that is not read only has written its history's row: its history is known, and it stays
/// for as long as that server takes writes.
std::string Writers::connect(Session& session, const std::string& ip, Standing& standing) {
    const auto by = in(options_.connection_patience);
    auto trouble = session.connect({ip, options_.port, options_.user, options_.engine}, by);
    if (!trouble.empty() || options_.engine == Engine::postgresql) {
        return trouble;
    }
    auto answer = session.ask("select @@global.read_only", {}, by);
    if (answer.end == Session::End::answered && answer.rows.at(0).at(0) != "0") {
        session.close();
        return "it is read only";
    }
    if (answer.end == Session::End::answered) {
        answer = session.ask("select count(*) from lockstep.history", {}, by);
    }
    if (answer.end != Session::End::answered) {
        return answer.trouble;
    }
    standing = {ip, static_cast<std::uint32_t>(std::stoul(answer.rows.at(0).at(0)))};
    return {};
}

void Writers::write_one(Session& session, const Standing& standing) {
    Write write;
    write.id = next_id_++;
    write.sent = Clock::now();
    const bool is_postgres = options_.engine == Engine::postgresql;
    auto answer = session.ask(is_postgres ? insert_statement : mysql_insert_statement,
                              {std::to_string(write.id)}, in(options_.statement_patience));
    write.answered = Clock::now();
    write.end = answer.end;
    write.warned = answer.warned;
    write.trouble = std::move(answer.trouble);
    if (answer.end == Session::End::answered && !is_postgres) {
        write.server = standing.server;
        write.history = standing.history;
        ++acknowledged_;
    } else if (answer.end == Session::End::answered) {
        write.server = answer.rows.at(0).at(0);
        write.history = static_cast<std::uint32_t>(std::stoul(answer.rows.at(0).at(1)));
        ++acknowledged_;
    }
    const std::scoped_lock lock(mutex_);
    ledger_.writes.push_back(std::move(write));
}

std::string ledger_table(Engine engine) {
    return engine == Engine::postgresql ? "ledger" : "app.ledger";
}

std::string mysql_ledger_statements() {
    return "create database if not exists app;"
           "create table if not exists app.ledger (id bigint unsigned primary key,"
           " at timestamp(6) not null default current_timestamp(6));"
           "create user if not exists app@'%';"
           "grant select, insert on app.* to app@'%';"
           "grant select on lockstep.* to app@'%';";
}

void make_ledger_table(const Session::Where& superuser, Clock::time_point by) {
    if (superuser.engine != Engine::postgresql) {
        std::istringstream statements(mysql_ledger_statements());
        for (std::string statement; std::getline(statements, statement, ';');) {
            static_cast<void>(ask_once(superuser, statement, by));
        }
        return;
    }
    for (const auto* statement :
         {"do $$ begin if not exists (select from pg_roles where rolname = 'app') then"
          " create role app login; end if; end $$",
          "create table if not exists ledger (id bigint primary key, server inet,"
          " at timestamptz not null default clock_timestamp())",
          "grant select, insert on ledger to app"}) {
        static_cast<void>(ask_once(superuser, statement, by));
    }
}

} // namespace lockstep::testbed
