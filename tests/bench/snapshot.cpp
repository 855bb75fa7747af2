#include "tests/bench/snapshot.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>
#include <vector>

#include "tests/bench/bare_tools.h"
#include "tests/bench/halves.h"
#include "tests/bench/load.h"
#include "tests/bench/progress.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr Milliseconds patience{3600000};
constexpr Milliseconds soon{60000};
constexpr Milliseconds between_looks{100};
constexpr std::chrono::seconds warming{5};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

double ms_since(Clock::time_point from) {
    return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

std::int64_t unix_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<Milliseconds>(now).count();
}

/// What was measured, a value for each round.
struct Values {
    std::vector<double> bare_ms;
    std::vector<double> snapshot_ms;  // As the agent says it.
    std::vector<double> read_back_ms; // Of that: stored, and read once more from the disk.
    std::vector<double> waited_ms;    // From the order to its answer.
    std::vector<double> plain_restore_ms;
    std::vector<double> restore_ms;
    std::vector<double> lags_ms;
};

/// The primary's rates, a value for each round.
struct Rates {
    void add(const Load::Rate& rate) {
        tps.push_back(rate.tps);
        p99_ms.push_back(rate.p99_commit_ms);
    }
    std::vector<double> tps;
    std::vector<double> p99_ms;
};

class Measuring {
public:
    Measuring(Testbed& bed, Engine engine, const SnapshotOptions& options, Progress& progress)
        : bed_(bed), options_(options), progress_(progress),
          primary_(bed.pair().at("primary").get<std::string>()),
          standby_(bed.pair().at("standby").get<std::string>()), halves_(bed, primary_, standby_),
          bare_(bed, engine, halves_), engine_(engine) {}

    void run(std::uint64_t accounts) {
        begin_load(accounts);
        std::this_thread::sleep_for(warming);
        for (std::size_t round = 0; round < options_.rounds; ++round) {
            measure_round();
        }
        look_at_restorable_time();
        load_->end();
        wait_until_archived();
        restore();
    }
    void print_table(std::ostream& out) const;
    [[nodiscard]] Json json() const;

private:
    void begin_load(std::uint64_t accounts) {
        auto where = bed_.reader_of(primary_);
        where.user = "app";
        const Halves::WithPrimary near(halves_);
        load_.emplace(where, accounts, options_.clients);
    }
    void measure_round() {
        watch(alone_, [&] { std::this_thread::sleep_for(std::chrono::seconds(options_.seconds)); });
        progress_.done("load alone");
        watch(beside_bare_, [&] {
            values_.bare_ms.push_back(static_cast<double>(bare_.back_up(standby_).count()));
        });
        progress_.done("bare tool");
        watch(beside_snapshot_, [&] { take(); });
        progress_.done("snapshot");
    }
    /// The rates while something is done.
    void watch(Rates& into, const std::function<void()>& something) {
        const auto from = Clock::now();
        something();
        into.add(load_->between(from, Clock::now()));
    }
    void take() {
        const auto from = Clock::now();
        id_ = bed_.ask({"snapshot", "create", "shop"}, patience).at("id").get<std::string>();
        values_.waited_ms.push_back(ms_since(from));
        note_what_is_told();
        const auto pair = listed();
        for (const auto& one : pair.at("snapshots")) {
            if (one.at("id") == id_) {
                bytes_ = one.at("bytes").get<std::uint64_t>();
                data_bytes_ = one.at("data_bytes").get<std::uint64_t>();
            }
        }
    }
    /// "took snapshot ID: … in 1234 ms, of which 123 ms to store it and read it back"
    void note_what_is_told() {
        const auto events = bed_.events();
        for (const auto& event : events) {
            const auto message = event.at("message").get<std::string>();
            const auto all = message.rfind(" in ");
            const auto part = message.rfind(" of which ");
            if (message.find("took snapshot " + id_) != std::string::npos &&
                all != std::string::npos && part != std::string::npos) {
                values_.snapshot_ms.push_back(std::stod(message.substr(all + 4)));
                values_.read_back_ms.push_back(std::stod(message.substr(part + 10)));
                return;
            }
        }
        throw Failure("nobody says how long snapshot " + id_ + " took\n" + bed_.state_of_things());
    }
    [[nodiscard]] Json listed() {
        return bed_.ask({"snapshot", "list", "shop"}, soon).at("pairs").at(0);
    }
    [[nodiscard]] std::int64_t latest_unix_ms() {
        return listed().at("restorable").at("latest_unix_ms").get<std::int64_t>();
    }
    void look_at_restorable_time() {
        for (const auto by = in(std::chrono::seconds(options_.seconds)); Clock::now() < by;) {
            values_.lags_ms.push_back(static_cast<double>(unix_ms() - latest_unix_ms()));
            std::this_thread::sleep_for(between_looks);
        }
        progress_.done("restorable time");
    }
    /// Both restores shall find the same log.
    void wait_until_archived() {
        const auto now = unix_ms();
        for (const auto by = in(soon); latest_unix_ms() < now;) {
            if (Clock::now() > by) {
                throw Failure("the log is not archived\n" + bed_.state_of_things());
            }
            std::this_thread::sleep_for(between_looks);
        }
    }
    void restore() {
        const auto folder = bed_.repository() / "shop" / "snapshots" / id_;
        values_.plain_restore_ms.push_back(static_cast<double>(bare_.restore(folder).count()));
        progress_.done("restore by hand");
        const auto from = Clock::now();
        // By hand, MariaDB's log is not replayed.
        const std::string source = engine_ == Engine::postgresql ? "shop" : id_;
        static_cast<void>(
            bed_.ask({"snapshot", "restore", source, "--to", "c", "--as", "copy"}, patience));
        values_.restore_ms.push_back(ms_since(from));
        progress_.done("restore");
    }

    Testbed& bed_;
    const SnapshotOptions& options_;
    Progress& progress_;
    std::string primary_;
    std::string standby_;
    Halves halves_;
    BareTools bare_;
    Engine engine_;
    std::optional<Load> load_;
    Values values_;
    Rates alone_;
    Rates beside_bare_;
    Rates beside_snapshot_;
    std::string id_; // The newest snapshot.
    std::uint64_t bytes_ = 0;
    std::uint64_t data_bytes_ = 0;
};

Json json_of(const Rates& rates) {
    return {{"tps", median(rates.tps)}, {"p99_commit_ms", median(rates.p99_ms)}};
}

Json Measuring::json() const {
    const auto& lags = values_.lags_ms;
    return {{"engine", options_.engine},
            {"data_bytes", data_bytes_},
            {"snapshot_bytes", bytes_},
            {"rounds", options_.rounds},
            {"clients", options_.clients},
            {"bare_ms", median(values_.bare_ms)},
            {"snapshot_ms", median(values_.snapshot_ms)},
            {"read_back_ms", median(values_.read_back_ms)},
            {"waited_ms", median(values_.waited_ms)},
            {"throughput_ratio", median(values_.bare_ms) / median(values_.snapshot_ms)},
            {"load_alone", json_of(alone_)},
            {"load_beside_bare", json_of(beside_bare_)},
            {"load_beside_snapshot", json_of(beside_snapshot_)},
            {"plain_restore_ms", median(values_.plain_restore_ms)},
            {"restore_ms", median(values_.restore_ms)},
            {"restore_ratio", median(values_.plain_restore_ms) / median(values_.restore_ms)},
            {"restorable_lag_ms",
             {{"median", median(lags)}, {"max", std::ranges::max(lags)}, {"looks", lags.size()}}}};
}

void Measuring::print_table(std::ostream& out) const {
    std::array<char, 160> line{};
    const auto print = [&](const char* format, auto... values) {
        std::snprintf(line.data(), line.size(), format, values...);
        out << line.data() << "\n";
    };
    constexpr double mib = 1U << 20U;
    constexpr double second_ms = 1000;
    const auto data_mib = static_cast<double>(data_bytes_) / mib;
    print("%.0f MiB of data of %s, %.0f MiB packed; %zu clients; medians of %zu rounds", data_mib,
          product_of(engine_).c_str(), static_cast<double>(bytes_) / mib, options_.clients,
          options_.rounds);
    print("%-24s %8s %8s", "taken", "s", "MiB/s");
    const auto taken = [&](const char* what, double ms) {
        print("%-24s %8.1f %8.1f", what, ms / second_ms, data_mib / (ms / second_ms));
    };
    taken("bare tool", median(values_.bare_ms));
    taken("snapshot", median(values_.snapshot_ms));
    print("%-24s %8.1f", "  of that, read back", median(values_.read_back_ms) / second_ms);
    taken("  with its order", median(values_.waited_ms));
    print("%-24s %8s %8s", "the primary meanwhile", "tps", "p99 ms");
    const auto rates = [&](const char* what, const Rates& seen) {
        print("%-24s %8.0f %8.2f", what, median(seen.tps), median(seen.p99_ms));
    };
    rates("alone", alone_);
    rates("beside the bare tool", beside_bare_);
    rates("beside a snapshot", beside_snapshot_);
    print("%-24s %8s %8s", "restored", "s", "MiB/s");
    taken("by hand", median(values_.plain_restore_ms));
    taken("into a pair", median(values_.restore_ms));
    print("restorable time behind now: median %.2f s, longest %.2f s, of %zu looks under load",
          median(values_.lags_ms) / second_ms, std::ranges::max(values_.lags_ms) / second_ms,
          values_.lags_ms.size());
    out << std::flush;
}

/// The schedule takes one as soon as there is something to take.
void wait_for_first(Testbed& bed) {
    for (const auto by = in(soon);;) {
        const auto pair = bed.ask({"snapshot", "list", "shop"}, soon).at("pairs").at(0);
        if (!pair.at("snapshots").empty()) {
            return;
        }
        if (Clock::now() > by) {
            throw Failure("the schedule takes no snapshot: " + pair.dump(1));
        }
        std::this_thread::sleep_for(between_looks);
    }
}

} // namespace

int measure_snapshot(const SnapshotOptions& options) {
    constexpr std::size_t steps_of_round = 3;
    constexpr std::size_t other_steps = 4;
    const auto engine = engine_named(options.engine);
    Progress progress(steps_of_round * options.rounds + other_steps);
    Plan plan;
    plan.engine = engine;
    plan.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    plan.members = {"a", "b", "c"}; // The last one is in no pair: it restores.
    plan.repository = true;
    progress.tell("forming a pair");
    Testbed bed(plan);
    bed.form();
    wait_for_first(bed);
    progress.tell("filling it with " + std::to_string(options.data_mib) + " MiB");
    const auto accounts = make_accounts(bed, engine, options.data_mib);
    bed.wait_until_in_sync(soon);
    progress.done("filled");
    Measuring measuring(bed, engine, options, progress);
    measuring.run(accounts);
    measuring.print_table(options.json ? std::cerr : std::cout);
    if (options.json) {
        std::cout << measuring.json().dump(2) << std::endl;
    }
    return 0;
}

} // namespace lockstep::bench
