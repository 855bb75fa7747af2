#include "controller/store_schema.h"

#include <array>

#include "platform/clock.h"

namespace lockstep {
namespace {

// Script N brings a store of version N to version N + 1. A released one is never changed: a change
// is one more script.
constexpr std::array migrations = {
    R"sql(
        CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('schema_version', 0), ('head', 0);

        CREATE TABLE pairs (
            name     TEXT PRIMARY KEY,
            revision INTEGER NOT NULL,
            record   TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE events (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            unix_ms  INTEGER NOT NULL,
            pair     TEXT NOT NULL,
            member   TEXT NOT NULL,
            revision INTEGER NOT NULL,
            kind     TEXT NOT NULL,
            severity TEXT NOT NULL,
            message  TEXT NOT NULL
        ) STRICT;
        CREATE INDEX events_of_pair ON events (pair, id);
        CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
        CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

        CREATE TABLE tokens (
            member          TEXT PRIMARY KEY,
            secret_sha256   TEXT NOT NULL,
            expires_unix_ms INTEGER NOT NULL,
            used            INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
    )sql",
    R"sql(
        CREATE TABLE snapshot_orders (
            work          TEXT NOT NULL,
            id            TEXT NOT NULL,
            asked_unix_ms INTEGER NOT NULL,
            text          TEXT NOT NULL,
            PRIMARY KEY (work, id)
        ) STRICT, WITHOUT ROWID;
    )sql",
    R"sql(
        ALTER TABLE pairs ADD COLUMN protected INTEGER NOT NULL DEFAULT 0
            CHECK (protected IN (0, 1));
        CREATE TABLE deleted_pairs (
            name            TEXT PRIMARY KEY,
            deleted_unix_ms INTEGER NOT NULL,
            archiver        TEXT NOT NULL,
            report          TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    )sql",
};
constexpr auto newest_version = static_cast<std::int64_t>(migrations.size());
constexpr std::size_t store_id_bytes = 16;

Result<std::string> meta(Sqlite& db, const std::string& key) {
    auto query = db.prepare("SELECT value FROM meta WHERE key = ?");
    if (!query) {
        return tl::unexpected(query.error());
    }
    query->bind(1, key);
    auto found = query->step();
    if (!found) {
        return tl::unexpected(found.error());
    }
    return *found ? query->text(0) : std::string();
}

Result<void> set_meta(Sqlite& db, const std::string& key, const std::string& value) {
    auto insert = db.prepare("INSERT INTO meta VALUES (?, ?)");
    if (!insert) {
        return tl::unexpected(insert.error());
    }
    insert->bind(1, key).bind(2, value);
    auto done = insert->step();
    return done ? Result<void>{} : tl::unexpected(done.error());
}

Result<bool> yes(Sqlite& db, std::string_view sql) {
    auto query = db.prepare(sql);
    if (!query) {
        return tl::unexpected(query.error());
    }
    auto row = query->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    return query->integer(0) != 0;
}

/// 0: an empty file.
Result<std::int64_t> version_of(Sqlite& db, const std::string& file) {
    const auto empty = yes(db, "SELECT count(*) = 0 FROM sqlite_schema");
    if (!empty) {
        return tl::unexpected(empty.error());
    }
    if (*empty) {
        return 0;
    }
    const auto ours = yes(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'");
    if (!ours) {
        return tl::unexpected(ours.error());
    }
    if (!*ours) {
        return fail(Errc::refused, file + " is a database of another program, not a store of "
                                          "Lockstep's; name another state_dir");
    }
    auto query = db.prepare("SELECT value FROM meta WHERE key = 'schema_version'");
    if (!query) {
        return tl::unexpected(query.error());
    }
    auto row = query->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (!*row || query->integer(0) < 1) {
        return fail(Errc::corrupt, file + ": it does not say which version it is of");
    }
    return query->integer(0);
}

Result<void> check_owner(Sqlite& db, const std::string& file, const StoreOwner& owner) {
    const auto machine = meta(db, "machine_id");
    const auto key = meta(db, "controller_key");
    if (!machine || !key) {
        return tl::unexpected(machine ? key.error() : machine.error());
    }
    if (*machine != owner.machine_id) {
        return fail(Errc::refused,
                    file + " is a copied store: it was made on machine " + *machine +
                        ", and this is machine " + owner.machine_id +
                        ". Two controllers that act on copies of one store could lose commits. "
                        "Start the controller on the machine where the store was made, or give "
                        "this one an empty state_dir");
    }
    if (*key != owner.controller_key) {
        return fail(Errc::refused,
                    file +
                        " is a copied store, or identity_dir was exchanged: it belongs to the "
                        "controller with the key " +
                        *key + ", and this one has " + owner.controller_key +
                        ". Put back the controller.key it was made with, or give this controller "
                        "an empty state_dir");
    }
    return {};
}

Result<void> migrate(Sqlite& db, std::int64_t from) {
    for (auto version = from; version < newest_version; ++version) {
        auto done = db.run(migrations.at(static_cast<std::size_t>(version)));
        if (!done) {
            return done;
        }
    }
    return db.run("UPDATE meta SET value = " + std::to_string(newest_version) +
                  " WHERE key = 'schema_version'");
}

Result<void> make_store(Sqlite& db, const StoreOwner& owner) {
    auto made = migrate(db, 0);
    if (!made) {
        return made;
    }
    const auto store_id = random_hex(store_id_bytes);
    if (auto set = set_meta(db, "store_id", store_id); !set) {
        return set;
    }
    if (auto set = set_meta(db, "machine_id", owner.machine_id); !set) {
        return set;
    }
    return set_meta(db, "controller_key", owner.controller_key);
}

} // namespace

Result<std::string> prepare_store(Sqlite& db, const std::string& file, const StoreOwner& owner) {
    const auto version = version_of(db, file);
    if (!version) {
        return tl::unexpected(version.error());
    }
    if (*version > newest_version) {
        return fail(Errc::unsupported,
                    file + " has format " + std::to_string(*version) +
                        ", made by a newer Lockstep; this one knows formats up to " +
                        std::to_string(newest_version) +
                        " and does not act on it. Install the newer version again");
    }
    if (*version > 0) {
        if (auto owned = check_owner(db, file, owner); !owned) {
            return tl::unexpected(owned.error());
        }
    }
    if (*version < newest_version) {
        // In one transaction: a crash leaves the old format, or an empty file.
        auto done = db.transaction(
            [&] { return *version == 0 ? make_store(db, owner) : migrate(db, *version); });
        if (!done) {
            return tl::unexpected(done.error());
        }
    }
    auto store_id = meta(db, "store_id");
    if (store_id && store_id->empty()) {
        return fail(Errc::corrupt, file + ": it has no store id");
    }
    return store_id;
}

} // namespace lockstep
