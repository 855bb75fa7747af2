#include "controller/sqlite_store.h"
#include "core/wire/codec.h"
#include "snapshots/decision/pair_deletion.h"

/// The deletion of pairs: what forbids it, and what stays known of them.
namespace lockstep {

Result<void> SqliteStore::expect_unprotected(const PairName& name) {
    auto query = db_.prepare("SELECT protected FROM pairs WHERE name = ?");
    if (!query) {
        return tl::unexpected(query.error());
    }
    auto row = query->bind(1, name).step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (*row && query->integer(0) != 0) {
        return fail(Errc::refused, snapshots::why_protected(name));
    }
    return {};
}

/// Within the transaction that ends the deletion they are: one that stayed would delete the pair
/// after all, or the next one of its name.
Result<void> SqliteStore::end_final_orders(const PairName& name) {
    const auto all = orders();
    if (!all) {
        return tl::unexpected(all.error());
    }
    for (const auto& order : *all) {
        if (order.pair != name || !is_final(order)) {
            continue;
        }
        if (auto ended = end_order(order.work, order.id); !ended) {
            return ended;
        }
    }
    return {};
}

Result<void> SqliteStore::keep_deleted(const DeletedPair& left) {
    auto insert = db_.prepare("INSERT OR REPLACE INTO deleted_pairs (name, deleted_unix_ms, "
                              "archiver, report) VALUES (?, ?, ?, ?)");
    if (!insert) {
        return tl::unexpected(insert.error());
    }
    insert->bind(1, left.pair).bind(2, left.deleted_unix_ms).bind(3, left.archiver);
    auto done = insert->bind(4, wire::encode_report(left.report)).step();
    return done ? Result<void>{} : tl::unexpected(done.error());
}

Result<void> SqliteStore::remove(const PairName& name, Revision expected, std::vector<Event> events,
                                 std::optional<DeletedPair> left) {
    return db_.transaction([&]() -> Result<void> {
        if (auto current = expect_revision(name, expected); !current) {
            return current;
        }
        if (auto free = expect_unprotected(name); !free) {
            return free;
        }
        const auto revision = advance();
        if (!revision) {
            return tl::unexpected(revision.error());
        }
        auto removal = db_.prepare("DELETE FROM pairs WHERE name = ?");
        if (!removal) {
            return tl::unexpected(removal.error());
        }
        if (auto done = removal->bind(1, name).step(); !done) {
            return tl::unexpected(done.error());
        }
        if (auto ended = end_final_orders(name); !ended) {
            return ended;
        }
        if (left) {
            if (auto kept = keep_deleted(*left); !kept) {
                return kept;
            }
        }
        return write(events, *revision);
    });
}

Result<void> SqliteStore::protect(const PairName& name, Protection protection,
                                  std::vector<Event> events) {
    return db_.transaction([&]() -> Result<void> {
        auto update =
            db_.prepare("UPDATE pairs SET protected = ? WHERE name = ? RETURNING revision");
        if (!update) {
            return tl::unexpected(update.error());
        }
        const std::int64_t flag = protection == Protection::on ? 1 : 0;
        auto row = update->bind(1, flag).bind(2, name).step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return fail(Errc::unreachable, "there is no pair " + name);
        }
        if (protection == Protection::on) {
            if (auto ended = end_final_orders(name); !ended) {
                return ended;
            }
        }
        return write(events, Revision{static_cast<std::uint64_t>(update->integer(0))});
    });
}

Result<std::vector<PairName>> SqliteStore::protected_pairs() {
    auto rows = db_.prepare("SELECT name FROM pairs WHERE protected = 1 ORDER BY name");
    return read_rows(rows,
                     [](const SqliteStatement& row) { return Result<PairName>(row.text(0)); });
}

Result<std::vector<DeletedPair>> SqliteStore::deleted_pairs() {
    auto rows = db_.prepare("SELECT name, deleted_unix_ms, archiver, report FROM deleted_pairs "
                            "ORDER BY name");
    return read_rows(rows, [](const SqliteStatement& row) -> Result<DeletedPair> {
        auto report = wire::decode_report(row.text(3));
        if (!report) {
            return within("store: deleted pair " + row.text(0), report.error());
        }
        return DeletedPair{row.text(0), row.integer(1), row.text(2), std::move(*report)};
    });
}

Result<void> SqliteStore::forget_deleted(const PairName& name, std::vector<Event> events) {
    return db_.transaction([&]() -> Result<void> {
        auto removal = db_.prepare("DELETE FROM deleted_pairs WHERE name = ?");
        if (!removal) {
            return tl::unexpected(removal.error());
        }
        auto done = removal->bind(1, name).step();
        return done ? write(events, Revision{}) : tl::unexpected(done.error());
    });
}

} // namespace lockstep
