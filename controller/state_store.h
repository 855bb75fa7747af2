#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/record.h"
#include "core/result.h"

namespace lockstep {

/// A join token as it is kept: never the secret itself.
struct StoredToken {
    MemberId member;
    std::string secret_sha256;
    std::int64_t expires_unix_ms = 0;
    bool used = false;
};

/// Whether a pair can be deleted. It is beside the record, not in it: nobody's role depends on it.
enum class Protection { off, on };

/// What stays known of a pair that was deleted: where its snapshots lie, as its archiver told last.
struct DeletedPair {
    PairName pair;
    std::int64_t deleted_unix_ms = 0;
    MemberId archiver;
    SnapshotReport report;
    friend bool operator==(const DeletedPair&, const DeletedPair&) = default;
};

/// Where records live (R12): a revision takes effect only on stable storage. Blocking: called on
/// the store's own thread.
///
/// Revisions come from one counter for the whole store, which rises with every change and
/// survives the deletion of pairs.
class StateStore {
public:
    virtual ~StateStore() = default;

    [[nodiscard]] virtual std::string store_id() const = 0;
    /// The counter: the highest revision given so far. It serves as the zone's serial.
    [[nodiscard]] virtual Result<Revision> head() = 0;
    [[nodiscard]] virtual Result<std::vector<PairRecord>> pairs() = 0;
    /// Errors: `unreachable` if there is no such pair.
    [[nodiscard]] virtual Result<PairRecord> pair(const PairName& name) = 0;

    /// A new pair with its first events. Returns it with store id and revision filled in. A final
    /// order for one of this name ends with it: it was for another pair.
    /// Errors: `conflict` if the name is taken.
    [[nodiscard]] virtual Result<PairRecord> create(PairRecord record, std::vector<Event> events,
                                                    Protection protection) = 0;
    [[nodiscard]] Result<PairRecord> create(PairRecord record, std::vector<Event> events) {
        return create(std::move(record), std::move(events), Protection::off);
    }
    /// Replaces the record whose revision is `expected` by `next`, and appends the events in the
    /// same transaction. Returns it with the new revision. Errors: `conflict` if it changed.
    [[nodiscard]] virtual Result<PairRecord> swap(Revision expected, PairRecord next,
                                                  std::vector<Event> events) = 0;
    /// Deletes a pair, and ends its final order with it; `left`, if any, replaces what is kept of
    /// an earlier one of this name. Errors: `conflict` if the record changed; `refused` if the pair
    /// is protected.
    [[nodiscard]] virtual Result<void> remove(const PairName& name, Revision expected,
                                              std::vector<Event> events,
                                              std::optional<DeletedPair> left) = 0;
    [[nodiscard]] Result<void> remove(const PairName& name, Revision expected,
                                      std::vector<Event> events) {
        return remove(name, expected, std::move(events), std::nullopt);
    }
    /// Protection ends the pair's final order with it. Errors: `unreachable` if there is no such
    /// pair.
    [[nodiscard]] virtual Result<void> protect(const PairName& name, Protection protection,
                                               std::vector<Event> events) = 0;
    [[nodiscard]] virtual Result<std::vector<PairName>> protected_pairs() = 0;
    /// By name.
    [[nodiscard]] virtual Result<std::vector<DeletedPair>> deleted_pairs() = 0;
    /// None of that name is a success.
    [[nodiscard]] virtual Result<void> forget_deleted(const PairName& name,
                                                      std::vector<Event> events) = 0;

    [[nodiscard]] virtual Result<void> append(std::vector<Event> events) = 0;
    struct EventQuery {
        PairName pair; // Empty: of all.
        std::uint64_t after_id = 0;
        std::size_t most = 100; // The newest `most` if after_id is 0, else the next `most`.
    };
    /// Oldest first.
    [[nodiscard]] virtual Result<std::vector<Event>> events(EventQuery query) = 0;

    /// Replaces an earlier token for the same member.
    [[nodiscard]] virtual Result<void> put_token(StoredToken token) = 0;
    /// Takes the token, once. Errors: `refused`, saying whether it is unknown, used or expired.
    [[nodiscard]] virtual Result<void> use_token(const MemberId& member,
                                                 const std::string& secret_sha256,
                                                 std::int64_t now_unix_ms) = 0;

    /// Orders to archivers, kept until they are ended. The same id and work replaces.
    [[nodiscard]] virtual Result<void> put_order(SnapshotOrder order) = 0;
    /// None of that id and work is a success.
    [[nodiscard]] virtual Result<void> end_order(SnapshotWork work, const std::string& id) = 0;
    /// In the order in which they were asked for.
    [[nodiscard]] virtual Result<std::vector<SnapshotOrder>> orders() = 0;
};

} // namespace lockstep
