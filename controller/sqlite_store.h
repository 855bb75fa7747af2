#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "controller/state_store.h"
#include "platform/sqlite.h"

namespace lockstep {

/// The store of a single controller: one SQLite file, locked for this process and bound to this
/// machine and this controller's key (R12). A copy of it elsewhere refuses to act.
///
/// An event whose revision is 0 gets the revision of the change that it is written with.
class SqliteStore final : public StateStore {
public:
    /// Opens the file or makes a new one, and migrates an older format. Errors, none of which
    /// changes anything: `conflict` if another process has it open; `refused` if it is bound to
    /// another machine or controller key, or is no store; `unsupported` if a newer version of
    /// Lockstep made it; `corrupt` if it is no database.
    [[nodiscard]] static Result<std::unique_ptr<SqliteStore>>
    open(const std::filesystem::path& path, const std::string& machine_id,
         const std::string& controller_key_fingerprint);

    [[nodiscard]] std::string store_id() const override { return store_id_; }
    [[nodiscard]] Result<Revision> head() override;
    [[nodiscard]] Result<std::vector<PairRecord>> pairs() override;
    [[nodiscard]] Result<PairRecord> pair(const PairName& name) override;
    using StateStore::create;
    [[nodiscard]] Result<PairRecord> create(PairRecord record, std::vector<Event> events,
                                            Protection protection) override;
    [[nodiscard]] Result<PairRecord> swap(Revision expected, PairRecord next,
                                          std::vector<Event> events) override;
    using StateStore::remove;
    [[nodiscard]] Result<void> remove(const PairName& name, Revision expected,
                                      std::vector<Event> events,
                                      std::optional<DeletedPair> left) override;
    [[nodiscard]] Result<void> protect(const PairName& name, Protection protection,
                                       std::vector<Event> events) override;
    [[nodiscard]] Result<std::vector<PairName>> protected_pairs() override;
    [[nodiscard]] Result<std::vector<DeletedPair>> deleted_pairs() override;
    [[nodiscard]] Result<void> forget_deleted(const PairName& name,
                                              std::vector<Event> events) override;
    [[nodiscard]] Result<void> append(std::vector<Event> events) override;
    [[nodiscard]] Result<std::vector<Event>> events(EventQuery query) override;
    [[nodiscard]] Result<void> put_token(StoredToken token) override;
    [[nodiscard]] Result<void> use_token(const MemberId& member, const std::string& secret_sha256,
                                         std::int64_t now_unix_ms) override;
    [[nodiscard]] Result<void> put_order(SnapshotOrder order) override;
    [[nodiscard]] Result<void> end_order(SnapshotWork work, const std::string& id) override;
    [[nodiscard]] Result<std::vector<SnapshotOrder>> orders() override;

private:
    SqliteStore(Sqlite db, std::string store_id)
        : db_(std::move(db)), store_id_(std::move(store_id)) {}

    [[nodiscard]] Result<PairRecord> stamped(PairRecord record);
    [[nodiscard]] Result<Revision> advance();
    [[nodiscard]] Result<void> expect_revision(const PairName& name, Revision expected);
    [[nodiscard]] Result<void> expect_unprotected(const PairName& name);
    [[nodiscard]] Result<void> end_final_orders(const PairName& name);
    [[nodiscard]] Result<void> keep_deleted(const DeletedPair& left);
    [[nodiscard]] Result<void> write(const std::vector<Event>& events, Revision revision);
    [[nodiscard]] Result<PairRecord> read_record(const SqliteStatement& row) const;

    Sqlite db_;
    std::string store_id_;
};

} // namespace lockstep
