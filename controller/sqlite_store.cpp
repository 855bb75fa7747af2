#include "controller/sqlite_store.h"

#include <array>

#include "controller/store_schema.h"
#include "core/wire/codec.h"

namespace lockstep {
namespace {

constexpr std::string_view event_columns =
    "id, unix_ms, pair, member, revision, kind, severity, message";

Result<Severity> parse_severity(const std::string& text) {
    for (const auto severity : {Severity::info, Severity::warning, Severity::alarm}) {
        if (to_string(severity) == text) {
            return severity;
        }
    }
    return fail(Errc::corrupt, "unknown severity \"" + text + "\"");
}

Result<Event> read_event(const SqliteStatement& row) {
    Event event;
    event.id = static_cast<std::uint64_t>(row.integer(0));
    const auto severity = parse_severity(row.text(6));
    if (!severity) {
        return within("event " + std::to_string(event.id), severity.error());
    }
    event.unix_ms = row.integer(1);
    event.pair = row.text(2);
    event.member = row.text(3);
    event.revision = Revision{static_cast<std::uint64_t>(row.integer(4))};
    event.kind = row.text(5);
    event.severity = *severity;
    event.message = row.text(7);
    return event;
}

std::int64_t stored(Revision revision) {
    return static_cast<std::int64_t>(number(revision));
}

std::int64_t stored(Protection protection) {
    return protection == Protection::on ? 1 : 0;
}

/// The newest `most` in rising order, or the next `most` after an id.
std::string events_query(const StateStore::EventQuery& query) {
    const std::string of_pair = query.pair.empty() ? "?1 = ''" : "pair = ?1";
    const std::string rows = "SELECT " + std::string(event_columns) + " FROM events WHERE " +
                             of_pair + " AND id > ?2 ORDER BY id ";
    if (query.after_id > 0) {
        return rows + "LIMIT ?3";
    }
    return "SELECT * FROM (" + rows + "DESC LIMIT ?3) ORDER BY id";
}

} // namespace

Result<std::unique_ptr<SqliteStore>>
SqliteStore::open(const std::filesystem::path& path, const std::string& machine_id,
                  const std::string& controller_key_fingerprint) {
    auto db = Sqlite::open(path);
    if (!db) {
        return within("store", db.error());
    }
    const StoreOwner owner{machine_id, controller_key_fingerprint};
    auto store_id = prepare_store(*db, path.string(), owner);
    if (!store_id) {
        return within("store", store_id.error());
    }
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*db), std::move(*store_id)));
}

Result<Revision> SqliteStore::head() {
    auto query = db_.prepare("SELECT value FROM meta WHERE key = 'head'");
    if (!query) {
        return tl::unexpected(query.error());
    }
    auto row = query->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (!*row) {
        return fail(Errc::corrupt, "store: its revision counter is missing");
    }
    return Revision{static_cast<std::uint64_t>(query->integer(0))};
}

Result<PairRecord> SqliteStore::read_record(const SqliteStatement& row) const {
    const auto name = row.text(0);
    const auto place = "store: pair " + name;
    auto record = wire::decode_record(row.text(2));
    if (!record) {
        return within(place, record.error());
    }
    if (record->pair != name || stored(record->revision) != row.integer(1) ||
        record->store_id != store_id_) {
        return fail(Errc::corrupt, place + ": its record is of pair \"" + record->pair +
                                       "\", store " + record->store_id + ", revision " +
                                       std::to_string(number(record->revision)));
    }
    return record;
}

Result<std::vector<PairRecord>> SqliteStore::pairs() {
    auto rows = db_.prepare("SELECT name, revision, record FROM pairs ORDER BY name");
    return read_rows(rows, [this](const SqliteStatement& row) { return read_record(row); });
}

Result<PairRecord> SqliteStore::pair(const PairName& name) {
    auto query = db_.prepare("SELECT name, revision, record FROM pairs WHERE name = ?");
    if (!query) {
        return tl::unexpected(query.error());
    }
    query->bind(1, name);
    auto row = query->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (!*row) {
        return fail(Errc::unreachable, "there is no pair " + name);
    }
    return read_record(*query);
}

Result<Revision> SqliteStore::advance() {
    if (auto done = db_.run("UPDATE meta SET value = value + 1 WHERE key = 'head'"); !done) {
        return tl::unexpected(done.error());
    }
    return head();
}

/// With the next revision and this store's id; refused if it breaks a rule of every record.
Result<PairRecord> SqliteStore::stamped(PairRecord record) {
    const auto revision = advance();
    if (!revision) {
        return tl::unexpected(revision.error());
    }
    record.revision = *revision;
    record.store_id = store_id_;
    if (auto sound = check(record); !sound) {
        return tl::unexpected(sound.error());
    }
    return record;
}

Result<void> SqliteStore::expect_revision(const PairName& name, Revision expected) {
    auto query = db_.prepare("SELECT revision FROM pairs WHERE name = ?");
    if (!query) {
        return tl::unexpected(query.error());
    }
    query->bind(1, name);
    auto row = query->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    const auto wanted = "pair " + name + ": revision " + std::to_string(number(expected));
    if (!*row) {
        return fail(Errc::conflict, wanted + " was expected, but the pair was deleted");
    }
    if (query->integer(0) != stored(expected)) {
        return fail(Errc::conflict, wanted + " was expected, but it is at revision " +
                                        std::to_string(query->integer(0)));
    }
    return {};
}

Result<void> SqliteStore::write(const std::vector<Event>& events, Revision revision) {
    auto insert = db_.prepare("INSERT INTO events (unix_ms, pair, member, revision, kind, "
                              "severity, message) VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!insert) {
        return tl::unexpected(insert.error());
    }
    for (const auto& event : events) {
        const auto at = event.revision == Revision{} ? revision : event.revision;
        insert->bind(1, event.unix_ms).bind(2, event.pair).bind(3, event.member);
        insert->bind(4, stored(at)).bind(5, event.kind).bind(6, to_string(event.severity));
        insert->bind(7, event.message);
        if (auto done = insert->step(); !done) {
            return tl::unexpected(done.error());
        }
    }
    return {};
}

Result<PairRecord> SqliteStore::create(PairRecord record, std::vector<Event> events,
                                       Protection protection) {
    const auto insert_pair = [&]() -> Result<void> {
        auto next = stamped(std::move(record));
        if (!next) {
            return tl::unexpected(next.error());
        }
        record = std::move(*next);
        auto insert = db_.prepare("INSERT INTO pairs (name, revision, record, protected) "
                                  "VALUES (?, ?, ?, ?)");
        if (!insert) {
            return tl::unexpected(insert.error());
        }
        insert->bind(1, record.pair).bind(2, stored(record.revision));
        insert->bind(3, wire::encode_record(record)).bind(4, stored(protection));
        auto done = insert->step();
        if (!done && done.error().code == Errc::conflict) {
            return fail(Errc::conflict, "there is a pair " + record.pair + " already");
        }
        const auto ended = done ? end_final_orders(record.pair) : tl::unexpected(done.error());
        return ended ? write(events, record.revision) : ended;
    };
    if (auto done = db_.transaction(insert_pair); !done) {
        return tl::unexpected(done.error());
    }
    return record;
}

Result<PairRecord> SqliteStore::swap(Revision expected, PairRecord next,
                                     std::vector<Event> events) {
    const auto replace = [&]() -> Result<void> {
        if (auto current = expect_revision(next.pair, expected); !current) {
            return current;
        }
        auto record = stamped(std::move(next));
        if (!record) {
            return tl::unexpected(record.error());
        }
        next = std::move(*record);
        auto update = db_.prepare("UPDATE pairs SET revision = ?, record = ? WHERE name = ?");
        if (!update) {
            return tl::unexpected(update.error());
        }
        update->bind(1, stored(next.revision)).bind(2, wire::encode_record(next));
        auto done = update->bind(3, next.pair).step();
        return done ? write(events, next.revision) : tl::unexpected(done.error());
    };
    if (auto done = db_.transaction(replace); !done) {
        return tl::unexpected(done.error());
    }
    return next;
}

Result<void> SqliteStore::append(std::vector<Event> events) {
    return db_.transaction([&] { return write(events, Revision{}); });
}

Result<std::vector<Event>> SqliteStore::events(EventQuery query) {
    auto rows = db_.prepare(events_query(query));
    if (!rows) {
        return tl::unexpected(rows.error());
    }
    rows->bind(1, query.pair).bind(2, static_cast<std::int64_t>(query.after_id));
    rows->bind(3, static_cast<std::int64_t>(query.most));
    return read_rows(rows, [](const SqliteStatement& row) {
        auto event = read_event(row);
        return event ? event : within("store", event.error());
    });
}

Result<void> SqliteStore::put_token(StoredToken token) {
    auto insert = db_.prepare("INSERT OR REPLACE INTO tokens (member, secret_sha256, "
                              "expires_unix_ms, used) VALUES (?, ?, ?, ?)");
    if (!insert) {
        return tl::unexpected(insert.error());
    }
    insert->bind(1, token.member).bind(2, token.secret_sha256).bind(3, token.expires_unix_ms);
    auto done = insert->bind(4, std::int64_t{token.used ? 1 : 0}).step();
    return done ? Result<void>{} : tl::unexpected(done.error());
}

Result<void> SqliteStore::use_token(const MemberId& member, const std::string& secret_sha256,
                                    std::int64_t now_unix_ms) {
    const auto refuse = [&member](const std::string& why) {
        return fail(Errc::refused, "the join token for " + member + " " + why +
                                       "; make a new one with: lockstep token create " + member);
    };
    return db_.transaction([&]() -> Result<void> {
        auto query = db_.prepare("SELECT expires_unix_ms, used FROM tokens "
                                 "WHERE member = ? AND secret_sha256 = ?");
        if (!query) {
            return tl::unexpected(query.error());
        }
        auto row = query->bind(1, member).bind(2, secret_sha256).step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return refuse("is unknown here");
        }
        if (query->integer(1) != 0) {
            return refuse("was used already");
        }
        if (query->integer(0) <= now_unix_ms) {
            return refuse("has expired");
        }
        auto update = db_.prepare("UPDATE tokens SET used = 1 WHERE member = ?");
        if (!update) {
            return tl::unexpected(update.error());
        }
        auto done = update->bind(1, member).step();
        return done ? Result<void>{} : tl::unexpected(done.error());
    });
}

Result<void> SqliteStore::put_order(SnapshotOrder order) {
    auto insert = db_.prepare("INSERT OR REPLACE INTO snapshot_orders (work, id, asked_unix_ms, "
                              "text) VALUES (?, ?, ?, ?)");
    if (!insert) {
        return tl::unexpected(insert.error());
    }
    insert->bind(1, std::string(to_string(order.work))).bind(2, order.id);
    auto done = insert->bind(3, order.asked_unix_ms).bind(4, wire::encode_order(order)).step();
    return done ? Result<void>{} : tl::unexpected(done.error());
}

Result<void> SqliteStore::end_order(SnapshotWork work, const std::string& id) {
    auto removal = db_.prepare("DELETE FROM snapshot_orders WHERE work = ? AND id = ?");
    if (!removal) {
        return tl::unexpected(removal.error());
    }
    auto done = removal->bind(1, std::string(to_string(work))).bind(2, id).step();
    return done ? Result<void>{} : tl::unexpected(done.error());
}

Result<std::vector<SnapshotOrder>> SqliteStore::orders() {
    auto rows = db_.prepare("SELECT id, text FROM snapshot_orders ORDER BY asked_unix_ms, id");
    return read_rows(rows, [](const SqliteStatement& row) -> Result<SnapshotOrder> {
        auto order = wire::decode_order(row.text(1));
        return order ? order : within("store: order " + row.text(0), order.error());
    });
}

} // namespace lockstep
