#include "tests/conformance/player.h"

#include <utility>

#include "tests/support/copy_beside.h"

namespace lockstep::conformance {
namespace {

constexpr Milliseconds long_enough_to_wait{1500};
constexpr Milliseconds longest_answer{30000};

Deadline soon() {
    return Deadline::in(std::chrono::seconds{60});
}

std::string in_words(Outcome outcome) {
    switch (outcome) {
    case Outcome::acknowledged: return "acknowledged";
    case Outcome::waits: return "waits";
    case Outcome::refused: return "refused";
    case Outcome::unanswered: return "unanswered";
    }
    return "?";
}

MemberId other_of(const MemberId& node) {
    return node == "a" ? "b" : "a";
}

/// "nobody" is no name.
std::string name_in(const std::string& word) {
    return word == "nobody" ? "" : word;
}

/// What follows `start` in `text`; empty: it begins otherwise.
std::string after(const std::string& text, std::string_view start) {
    return text.starts_with(start) ? text.substr(start.size()) : std::string{};
}

} // namespace

void Stage::pause(Milliseconds span) {
    run([](Milliseconds how_long) -> Awaitable<int> {
        co_await pause_for(how_long);
        co_return 0;
    }(span));
}

Ticket Player::primary_ticket(const MemberId& node, const std::string& name) const {
    Ticket ticket;
    ticket.primary = true;
    ticket.sync_name = name;
    ticket.peers = {stage_.member(other_of(node))};
    return ticket;
}

Ticket Player::standby_ticket(const MemberId& node, const std::string& name) const {
    Ticket ticket;
    ticket.stream_name = name;
    ticket.peers = {stage_.member(other_of(node))};
    if (!name.empty()) {
        ticket.upstream = ticket.peers.front();
    }
    return ticket;
}

ServerReport Player::observe(const MemberId& node) {
    return must(stage_.run(stage_.driver(node).observe(soon())));
}

/// As an agent does: after the start comes what keeps peers' data, and begins a stream.
void Player::start(const MemberId& node, const Ticket& ticket) {
    auto& driver = stage_.driver(node);
    must(driver.write_ticket(ticket));
    stage_.launch(node);
    must(stage_.run(driver.keep_for(ticket.peers, soon())));
}

void Player::form_pair() {
    auto& a = stage_.driver("a");
    must(stage_.run(a.initialise(soon())));
    start("a", primary_ticket("a", ""));
    must(stage_.run(a.apply(primary_ticket("a", ""), soon())));
    must(stage_.run(a.keep_for({stage_.member("b")}, soon())));
    stage_.make_table("a");
    OnProgress nobody = [](Progress) {};
    must(stage_.run(
        copy_beside(&a, stage_.member("a"), &stage_.driver("b"), std::move(nobody), soon())));
    start("b", standby_ticket("b", "ls_b_async"));
    if (!stage_.eventually([this] { return observe("b").stream.connected; })) {
        throw std::runtime_error("b does not stream");
    }
    must(stage_.run(a.apply(primary_ticket("a", "ls_b_7"), soon())));
    must(stage_.run(stage_.driver("b").apply(standby_ticket("b", "ls_b_7"), soon())));
    if (const auto proved = prove("a", "ls_b_7"); proved != "proved") {
        throw std::runtime_error("a's commits are not seen to wait: " + proved);
    }
}

std::string Player::prove(const MemberId& node, const std::string& name) {
    const auto streams = [&] { return observe(node).acknowledgements.streaming; };
    if (!stage_.eventually(streams)) {
        return "nothing streams as " + name;
    }
    must(stage_.run(stage_.driver(other_of(node)).hold_replay(soon())));
    const auto proved =
        stage_.run(stage_.driver(node).prove(name, Deadline::in(std::chrono::seconds{20})));
    must(stage_.run(stage_.driver(other_of(node)).release_replay(soon())));
    return proved ? "proved" : proved.error().message;
}

std::string Player::promote(const MemberId& node) {
    const auto promoted = stage_.run(stage_.driver(node).promote(soon()));
    if (promoted) {
        return "promoted";
    }
    return promoted.error().code == Errc::refused ? "refused" : promoted.error().message;
}

std::string Player::judge(const MemberId& node) {
    const auto judged =
        must(stage_.run(stage_.driver(node).judge(stage_.member(other_of(node)), soon())));
    return judged.diverged ? "diverged" : "same";
}

std::string Player::rewind(const MemberId& node) {
    auto& driver = stage_.driver(node);
    const auto upstream = stage_.member(other_of(node));
    const auto kept = driver.data_folder().parent_path() / "kept";
    const auto judged = must(stage_.run(driver.judge(upstream, soon())));
    must(stage_.run(driver.preserve(judged, kept, soon())));
    const auto plan = must(stage_.run(driver.prepare_rewind(upstream, kept, soon())));
    if (!plan.hindrance.empty()) {
        return plan.hindrance;
    }
    const auto rewound = stage_.run(driver.rewind(
        upstream, [](Progress) {}, soon()));
    return rewound ? "rewound" : rewound.error().message;
}

std::string Player::reaches(const MemberId& node, const MemberId& other) {
    const auto mark = observe(other).position;
    return stage_.eventually([&] { return reached(observe(node).position, mark); }) ? "yes" : "no";
}

bool Player::starts(const MemberId& node, const std::string& as) {
    if (const auto name = after(as, "as primary for "); !name.empty()) {
        start(node, primary_ticket(node, name_in(name)));
    } else if (const auto stream = after(as, "as standby as "); !stream.empty()) {
        start(node, standby_ticket(node, stream));
    } else if (as == "to replay") {
        start(node, standby_ticket(node, ""));
    } else {
        return false;
    }
    return true;
}

/// What an agent tells a server that runs.
bool Player::is_told(const MemberId& node, const std::string& does) {
    auto& driver = stage_.driver(node);
    if (const auto name = after(does, "waits for "); !name.empty()) {
        must(stage_.run(driver.apply(primary_ticket(node, name_in(name)), soon())));
        must(stage_.run(driver.keep_for({stage_.member(other_of(node))}, soon())));
    } else if (const auto stream = after(does, "follows as "); !stream.empty()) {
        must(stage_.run(driver.apply(standby_ticket(node, stream), soon())));
    } else if (does == "follows nobody") {
        must(stage_.run(driver.apply(standby_ticket(node, ""), soon())));
        if (!stage_.eventually([&] { return !observe(node).stream.connected; })) {
            throw std::runtime_error(node + " goes on streaming");
        }
    } else {
        return false;
    }
    return true;
}

bool Player::happens_to(const MemberId& node, const std::string& does) {
    if (does == "freezes") {
        stage_.freeze(node);
    } else if (does == "thaws") {
        stage_.thaw(node);
    } else if (does == "dies") {
        stage_.kill(node);
    } else if (does == "stops") {
        must(stage_.run(stage_.driver(node).stop(soon())));
        stage_.await_end(node);
    } else if (does == "replay is held") {
        stage_.hold_replay(node);
    } else if (does == "remembers its start") {
        start_ = observe(node).start;
    } else if (does == "remembers its history") {
        history_ = observe(node).position.history;
    } else {
        return false;
    }
    return true;
}

std::string Player::question(const MemberId& node, const std::string& does,
                             const std::string& expected) {
    if (does == "shows") {
        static_cast<void>(stage_.eventually([&] { return stage_.shown(node) == expected; }));
        return stage_.shown(node);
    }
    if (does == "start") {
        return observe(node).start == start_ ? "same" : "new";
    }
    if (does == "history") {
        return observe(node).position.history == history_ ? "same" : "new";
    }
    if (does == "never promoted") {
        return must(stage_.run(stage_.driver(node).never_promoted(soon()))) ? "yes" : "no";
    }
    if (const auto other = after(does, "reaches "); !other.empty()) {
        return reaches(node, other);
    }
    throw std::runtime_error("no such step: " + node + " " + does);
}

std::string Player::play_of(const MemberId& node, const std::string& does,
                            const std::string& expected) {
    if (const auto number = after(does, "writes "); !number.empty()) {
        stage_.begin_write(node, std::stoi(number));
        const auto patience = expected == "waits" ? long_enough_to_wait : longest_answer;
        return in_words(stage_.outcome(std::stoi(number), patience));
    }
    if (does == "promotes") {
        return promote(node);
    }
    if (const auto name = after(does, "proves "); !name.empty()) {
        return prove(node, name);
    }
    if (does == "is judged") {
        return judge(node);
    }
    if (does == "rewinds") {
        return rewind(node);
    }
    const bool done =
        starts(node, after(does, "starts ")) || is_told(node, does) || happens_to(node, does);
    return done ? std::string{} : question(node, does, expected);
}

std::string Player::play(const Step& step) {
    if (const auto number = after(step.does, "write "); !number.empty()) {
        return in_words(stage_.outcome(std::stoi(number), longest_answer));
    }
    if (step.does == "histories") {
        const auto same = [this] {
            return observe("a").position.history == observe("b").position.history;
        };
        return stage_.eventually(same) ? "same" : "different";
    }
    const auto node = step.does.substr(0, 1);
    const auto does = step.does.substr(step.does[1] == '\'' ? 4 : 2); // "a's …" or "a …"
    return play_of(node, does, step.answer);
}

} // namespace lockstep::conformance
