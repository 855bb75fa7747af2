#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/operations.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {

/// A controller with one pair, `shop`, that remembers what it was asked and changes nothing.
class FakeOperations final : public Operations {
public:
    FakeOperations() { shop.record = fixture::in_sync_record(); }

    Awaitable<Result<ControllerStatus>> status() override {
        ControllerStatus status;
        status.store_id = "store";
        status.head = Revision{10};
        status.zone = "db.example.test";
        status.dns_servers = {"10.0.0.9:53"};
        status.pairs = {shop};
        status.agents = agents;
        co_return answer(std::move(status));
    }
    Awaitable<Result<PairStatus>> pair(PairName name) override {
        if (name != shop.record.pair) {
            co_return fail(Errc::unreachable, "there is no pair " + name);
        }
        co_return answer(shop);
    }
    Awaitable<Result<std::vector<Event>>> events(StateStore::EventQuery query) override {
        asked_events = query;
        co_return answer(event_log);
    }
    Awaitable<Result<std::vector<std::string>>> incident(PairName name,
                                                         std::int64_t since_unix_ms) override {
        if (name != shop.record.pair) {
            co_return fail(Errc::unreachable, "there is no pair " + name);
        }
        asked_since = since_unix_ms;
        co_return answer(incident_lines);
    }
    Awaitable<Result<DivergencesStatus>> divergences(PairName pair) override {
        if (!pair.empty() && pair != shop.record.pair) {
            co_return fail(Errc::unreachable, "there is no pair " + pair);
        }
        co_return answer(kept);
    }
    Awaitable<Result<std::vector<PairSnapshots>>> snapshots(PairName pair) override {
        if (!pair.empty() && pair != shop.record.pair) {
            co_return fail(Errc::unreachable, "there is no pair " + pair);
        }
        co_return answer(std::vector{shop_snapshots});
    }
    Awaitable<Result<PairRecord>> set_schedule(PairName name, ScheduleChange change,
                                               Asked asked) override {
        schedule = change;
        calls.push_back({"schedule " + name + " " + change.window.value_or("as it is"), asked});
        co_return answer(next);
    }
    Awaitable<Result<SnapshotOrder>>
    take_snapshot(PairName pair, std::map<std::string, std::string> tags, Asked asked) override {
        calls.push_back({"take_snapshot " + pair, asked});
        order.tags = tags;
        co_return answer(order);
    }
    Awaitable<Result<SnapshotOrder>> order_snapshot(SnapshotWork work, std::string id,
                                                    Asked asked) override {
        calls.push_back({std::string(to_string(work)) + " " + id, asked});
        co_return answer(order);
    }
    Awaitable<Result<PairRecord>> restore(RestoreRequest request, Asked asked) override {
        calls.push_back({"restore", asked});
        restored = request;
        co_return answer(next);
    }
    Awaitable<Result<PairRecord>> create_pair(CreatePair request, Asked asked) override {
        calls.push_back({"create_pair", asked});
        created = request;
        co_return answer(next);
    }
    Awaitable<Result<std::optional<SnapshotOrder>>> delete_pair(PairName name, DeletePair request,
                                                                Asked asked) override {
        calls.push_back({"delete_pair " + name, asked});
        deleted = request;
        co_return answer(final_snapshot);
    }
    Awaitable<Result<void>> protect(PairName name, Protection protection, Asked asked) override {
        calls.push_back({(protection == Protection::on ? "protect " : "unprotect ") + name, asked});
        co_return done();
    }
    Awaitable<Result<void>> forget_deleted(PairName pair, Asked asked) override {
        calls.push_back({"forget_deleted " + pair, asked});
        co_return done();
    }
    Awaitable<Result<PairRecord>> add_member(PairName name, MemberId member, MemberKind kind,
                                             Asked asked) override {
        const auto* word = kind == MemberKind::spare ? " spare" : " data";
        calls.push_back({"add_member " + name + " " + member + word, asked});
        co_return answer(next);
    }
    Awaitable<Result<PairRecord>> remove_member(PairName name, MemberId member,
                                                Asked asked) override {
        calls.push_back({"remove_member " + name + " " + member, asked});
        co_return answer(next);
    }
    Awaitable<Result<PairRecord>> fail_over(PairName name, FailoverRequest request,
                                            Asked asked) override {
        calls.push_back({"fail_over " + name, asked});
        failover = request;
        co_return answer(next);
    }
    Awaitable<Result<PairRecord>> switch_over(PairName name, SwitchoverRequest request,
                                              Asked asked) override {
        calls.push_back({"switch_over " + name + " " + request.to, asked});
        co_return answer(next);
    }
    Awaitable<Result<PairRecord>> set_paused(PairName name, bool paused, Asked asked) override {
        calls.push_back({(paused ? "pause " : "resume ") + name, asked});
        co_return answer(next);
    }
    Awaitable<Result<IssuedToken>> create_token(MemberId member, Asked asked) override {
        calls.push_back({"create_token " + member, asked});
        co_return answer(IssuedToken{member, asked.dry_run ? "" : "the-token", 1795383200123});
    }

    struct Call {
        std::string what;
        Asked asked;
    };
    std::vector<Call> calls; // Changes only.
    std::optional<Error> trouble;
    PairStatus shop;
    PairRecord next = fixture::in_sync_record(); // What every change ends in.
    std::vector<AgentStatus> agents;
    std::vector<Event> event_log;
    DivergencesStatus kept;
    StateStore::EventQuery asked_events;
    std::vector<std::string> incident_lines;
    std::int64_t asked_since = -1;
    PairSnapshots shop_snapshots;
    SnapshotOrder order;
    RestoreRequest restored;
    ScheduleChange schedule;
    CreatePair created;
    DeletePair deleted;
    std::optional<SnapshotOrder> final_snapshot; // What a deletion waits for.
    FailoverRequest failover;

private:
    [[nodiscard]] Result<void> done() const {
        return trouble ? Result<void>(tl::unexpected(*trouble)) : Result<void>{};
    }
    template <class T> [[nodiscard]] Result<T> answer(T value) const {
        if (trouble) {
            return tl::unexpected(*trouble);
        }
        return value;
    }
};

} // namespace lockstep
