#include "drivers/mysql/binlog_events.h"

#include <array>

#include <spdlog/fmt/fmt.h>

namespace lockstep::mysql {
namespace {

/// Reads little-endian numbers; once it ran out of bytes it says so and yields zeros.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}
    std::uint64_t number(std::size_t bytes) {
        std::uint64_t value = 0;
        const auto part = take(bytes);
        for (std::size_t i = 0; i < part.size(); ++i) {
            value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
        }
        return value;
    }
    std::string_view take(std::size_t bytes) {
        if (text_.size() < bytes) {
            short_ = true;
            text_ = {};
            return {};
        }
        const auto part = text_.substr(0, bytes);
        text_.remove_prefix(bytes);
        return part;
    }
    [[nodiscard]] bool failed() const { return short_; }
    [[nodiscard]] std::size_t left() const { return text_.size(); }

private:
    std::string_view text_;
    bool short_ = false;
};

std::string uuid_text(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    }
    return text;
}

tl::unexpected<Error> corrupt(const char* what) {
    return fail(Errc::corrupt, std::string("binary log: ") + what);
}

constexpr std::size_t uuid_bytes = 16;

/// What follows the number: a logical clock, then this server's time of the commit and, where it
/// differs, the first server's. 0: an older server's event has neither.
std::uint64_t commit_time(Reader& reader) {
    constexpr std::uint64_t has_clock = 2;
    constexpr std::size_t time_bytes = 7;
    constexpr std::uint64_t original_follows = 1ULL << 55U;
    if (reader.number(1) != has_clock) {
        return 0;
    }
    reader.take(16);
    const auto own = reader.number(time_bytes);
    const auto first = (own & original_follows) != 0 ? reader.number(time_bytes) : own;
    return reader.failed() ? 0 : first;
}

Result<GtidEvent> parse_mysql_gtid(std::string_view body) {
    Reader reader(body);
    reader.take(1); // Flags.
    GtidEvent event;
    event.writer = uuid_text(reader.take(uuid_bytes));
    event.number = reader.number(8);
    if (reader.failed()) {
        return corrupt("a GTID event is too short");
    }
    event.unix_us = commit_time(reader);
    return event;
}

Result<GtidEvent> parse_mariadb_gtid(const EventHeader& header, std::string_view body) {
    constexpr std::uint64_t standalone = 1;
    Reader reader(body);
    GtidEvent event;
    event.number = reader.number(8);
    event.writer = fmt::format("{}-{}", reader.number(4), header.server_id);
    event.alone = (reader.number(1) & standalone) != 0;
    return reader.failed() ? Result<GtidEvent>(corrupt("a GTID event is too short")) : event;
}

Result<GtidSet> parse_mysql_before(std::string_view body) {
    constexpr std::uint64_t most_writers = 1U << 20U;
    GtidSet set(Flavour::mysql);
    Reader reader(body);
    const auto writers = reader.number(8);
    if (writers > most_writers) {
        return fail(Errc::unsupported,
                    "binary log: its list of GTIDs is of a form (with tags) that "
                    "is not known");
    }
    for (std::uint64_t writer = 0; writer < writers && !reader.failed(); ++writer) {
        const auto name = uuid_text(reader.take(uuid_bytes));
        const auto intervals = reader.number(8);
        for (std::uint64_t i = 0; i < intervals && !reader.failed(); ++i) {
            const auto first = reader.number(8);
            const auto end = reader.number(8);
            if (reader.failed() || first == 0 || end <= first) {
                return corrupt("its list of GTIDs makes no sense");
            }
            set.add(name, {first, end - 1});
        }
    }
    return reader.failed() ? Result<GtidSet>(corrupt("its list of GTIDs is too short")) : set;
}

Result<GtidSet> parse_mariadb_before(std::string_view body) {
    constexpr std::uint64_t count_bits = (1U << 28U) - 1;
    GtidSet set(Flavour::mariadb);
    Reader reader(body);
    const auto count = reader.number(4) & count_bits;
    for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
        const auto domain = reader.number(4);
        const auto server = reader.number(4);
        const auto number = reader.number(8);
        if (number != 0) {
            set.add(fmt::format("{}-{}", domain, server), {1, number});
        }
    }
    return reader.failed() ? Result<GtidSet>(corrupt("its list of GTIDs is too short")) : set;
}

} // namespace

EventHeader parse_event_header(std::string_view text) {
    Reader reader(text);
    EventHeader header;
    header.unix_s = static_cast<std::uint32_t>(reader.number(4));
    header.type = static_cast<EventType>(reader.number(1));
    header.server_id = static_cast<std::uint32_t>(reader.number(4));
    header.bytes = static_cast<std::uint32_t>(reader.number(4));
    header.next = static_cast<std::uint32_t>(reader.number(4));
    header.flags = static_cast<std::uint16_t>(reader.number(2));
    return header;
}

Result<FormatEvent> parse_format_event(std::string_view body) {
    constexpr std::size_t version_bytes = 50;
    constexpr std::size_t checksum_bytes = 4;
    constexpr std::uint64_t known_version = 4;
    Reader reader(body);
    const auto version = reader.number(2);
    const auto name = reader.take(version_bytes);
    if (reader.failed() || version != known_version || reader.left() < 5 + checksum_bytes + 1) {
        return corrupt("its first event makes no sense");
    }
    FormatEvent format;
    format.server_version = name.substr(0, name.find('\0'));
    // The last byte before the checksum that this event always has.
    format.checksums = body[body.size() - checksum_bytes - 1] == 1;
    return format;
}

Result<GtidEvent> parse_gtid_event(const EventHeader& header, std::string_view body) {
    if (header.type == EventType::mariadb_gtid) {
        return parse_mariadb_gtid(header, body);
    }
    if (header.type == EventType::mysql_gtid) {
        return parse_mysql_gtid(body);
    }
    return fail(Errc::unsupported, header.type == EventType::mysql_anonymous
                                       ? "binary log: it holds transactions without a GTID"
                                       : "binary log: it holds GTIDs with tags");
}

Result<GtidSet> parse_before_event(Flavour flavour, std::string_view body) {
    return flavour == Flavour::mysql ? parse_mysql_before(body) : parse_mariadb_before(body);
}

std::string_view statement_in(std::string_view body) {
    Reader reader(body);
    reader.take(8); // Thread and time.
    const auto schema_bytes = reader.number(1);
    reader.take(2); // Error.
    const auto variables_bytes = reader.number(2);
    reader.take(static_cast<std::size_t>(variables_bytes + schema_bytes + 1));
    return reader.failed() ? std::string_view{} : body.substr(body.size() - reader.left());
}

} // namespace lockstep::mysql
