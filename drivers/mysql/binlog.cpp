#include "drivers/mysql/binlog.h"

#include <fstream>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/binlog_events.h"
#include "platform/files.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic("\xfe"
                                 "bin",
                                 4);
constexpr std::string_view encrypted_magic("\xfd"
                                           "bin",
                                           4);
constexpr std::uint16_t in_use_flag = 1;
constexpr std::size_t checksum_bytes = 4;
// Of an event only so much is looked at; lists of GTIDs are longer than statements that matter.
constexpr std::size_t most_body_bytes = 64U << 20U;
constexpr std::size_t most_statement_bytes = 1U << 20U;

bool is_gtid(EventType type) {
    return type == EventType::mysql_gtid || type == EventType::mysql_anonymous ||
           type == EventType::mysql_tagged_gtid || type == EventType::mariadb_gtid;
}

/// How many bytes of an event's body tell something here.
std::size_t wanted_bytes(EventType type) {
    if (type == EventType::query) {
        return most_statement_bytes;
    }
    const bool tells = type == EventType::format || type == EventType::mysql_before ||
                       type == EventType::mariadb_before || is_gtid(type);
    return tells ? most_body_bytes : 0;
}

/// Puts the events of one file together to transactions.
class Scan {
public:
    Scan(Flavour flavour, const OnTransaction& on_transaction)
        : flavour_(flavour), on_transaction_(on_transaction) {
        file_.before = GtidSet(flavour);
        file_.here = GtidSet(flavour);
    }

    Result<void> take(const EventHeader& header, std::uint64_t at, std::string_view body) {
        if (header.type == EventType::format) {
            return take_format(header, body);
        }
        if (header.type == EventType::encryption) {
            return fail(Errc::unsupported, "binary log: it is encrypted");
        }
        if (header.type == EventType::mysql_before || header.type == EventType::mariadb_before) {
            return take_before(body);
        }
        if (is_gtid(header.type)) {
            return take_gtid(header, at, body);
        }
        if (header.type == EventType::rotate || header.type == EventType::stop) {
            finish_open();
        } else if (open_) {
            take_part(header, body);
            open_->end = at + header.bytes;
            if (open_->whole) {
                hand_out();
            }
        }
        return {};
    }

    Result<LogFile> finish(std::uint64_t end) {
        if (!has_before_) {
            return fail(Errc::corrupt, "binary log: it does not say which GTIDs were before it");
        }
        if (open_) { // Its end is torn off.
            hand_out();
        }
        file_.end_bytes = end;
        return std::move(file_);
    }

    [[nodiscard]] bool has_before() const { return has_before_; }
    [[nodiscard]] std::size_t checksum() const { return checksums_ ? checksum_bytes : 0; }

private:
    Result<void> take_format(const EventHeader& header, std::string_view body) {
        const auto format = parse_format_event(body);
        if (!format) {
            return tl::unexpected(format.error());
        }
        file_.server_version = format->server_version;
        file_.closed = (header.flags & in_use_flag) == 0;
        checksums_ = format->checksums;
        return {};
    }
    Result<void> take_before(std::string_view body) {
        const auto before = parse_before_event(flavour_, body);
        if (!before) {
            return tl::unexpected(before.error());
        }
        file_.before = *before;
        has_before_ = true;
        return {};
    }
    Result<void> take_gtid(const EventHeader& header, std::uint64_t at, std::string_view body) {
        finish_open();
        const auto gtid = parse_gtid_event(header, body);
        if (!gtid) {
            return tl::unexpected(gtid.error());
        }
        open_ = LoggedTransaction{gtid->writer,  gtid->number, at,           at + header.bytes,
                                  header.unix_s, false,        gtid->unix_us};
        begun_ = header.type == EventType::mariadb_gtid && !gtid->alone;
        return {};
    }
    /// MySQL says BEGIN; a statement that comes without it is the whole transaction.
    void take_statement(std::string_view statement) {
        if (begun_) {
            open_->whole = statement == "COMMIT" || statement == "ROLLBACK" ||
                           statement.starts_with("XA COMMIT") ||
                           statement.starts_with("XA ROLLBACK");
            return;
        }
        begun_ = statement == "BEGIN" || statement.starts_with("XA START") ||
                 statement.ends_with("START TRANSACTION");
        open_->whole = !begun_;
    }
    void take_part(const EventHeader& header, std::string_view body) {
        switch (header.type) {
        case EventType::query: take_statement(statement_in(body)); return;
        case EventType::commit:
        case EventType::xa_prepare:
        case EventType::mysql_compressed: open_->whole = true; return;
        case EventType::mariadb_compressed_query: open_->whole = !begun_; return;
        default: return;
        }
    }
    /// A server writes a transaction at once: what follows it proves that it is whole.
    void finish_open() {
        if (open_) {
            open_->whole = true;
            hand_out();
        }
    }
    void hand_out() {
        if (open_->whole) {
            file_.here.add(open_->writer, flavour_ == Flavour::mysql
                                              ? GtidSet::Interval{open_->number, open_->number}
                                              : GtidSet::Interval{1, open_->number});
        }
        if (on_transaction_) {
            on_transaction_(*open_);
        }
        open_.reset();
    }

    Flavour flavour_;
    const OnTransaction& on_transaction_;
    LogFile file_;
    bool checksums_ = false;
    bool has_before_ = false;
    std::optional<LoggedTransaction> open_;
    bool begun_ = false;
};

/// Whether a header that was read at `at` can be one: an engine's own check, and the end of what
/// was written when the machine lost power.
bool makes_sense(const EventHeader& header, std::uint64_t at) {
    return header.bytes >= event_header_bytes &&
           header.next == static_cast<std::uint32_t>(at + header.bytes);
}

/// Reads up to `wanted` bytes of a body and skips the rest. Empty: it is torn.
std::optional<std::string> read_body(std::istream& in, std::size_t bytes, std::size_t wanted) {
    std::string body(std::min(bytes, wanted), '\0');
    in.read(body.data(), static_cast<std::streamsize>(body.size()));
    if (static_cast<std::size_t>(in.gcount()) != body.size()) {
        return std::nullopt;
    }
    const auto rest = static_cast<std::streamsize>(bytes - body.size());
    if (rest > 0) {
        in.ignore(rest);
        if (in.gcount() != rest) {
            return std::nullopt;
        }
    }
    return body;
}

Result<void> check_magic(std::istream& in) {
    std::string begin(magic.size(), '\0');
    in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    if (begin == encrypted_magic) {
        return fail(Errc::unsupported, "binary log: it is encrypted");
    }
    return begin == magic ? Result<void>{}
                          : fail(Errc::corrupt, "binary log: it does not begin as one");
}

} // namespace

std::string gtid_of(Flavour flavour, const LoggedTransaction& transaction) {
    return fmt::format("{}{}{}", transaction.writer, flavour == Flavour::mysql ? ":" : "-",
                       transaction.number);
}

namespace {

/// As far as `goes_on` says.
Result<LogFile> scan_log(Flavour flavour, std::istream& in, const OnTransaction& on_transaction,
                         std::uint64_t from, const std::function<bool(const Scan&)>& goes_on) {
    if (auto good = check_magic(in); !good) {
        return tl::unexpected(good.error());
    }
    Scan scan(flavour, on_transaction);
    std::uint64_t at = magic.size();
    std::string head(event_header_bytes, '\0');
    while (goes_on(scan) && in.read(head.data(), static_cast<std::streamsize>(head.size()))) {
        const auto header = parse_event_header(head);
        if (!makes_sense(header, at)) {
            break;
        }
        const auto body =
            read_body(in, header.bytes - event_header_bytes, wanted_bytes(header.type));
        if (!body) {
            break;
        }
        std::string_view content = *body;
        if (header.type != EventType::format && body->size() == header.bytes - event_header_bytes) {
            content.remove_suffix(std::min(content.size(), scan.checksum()));
        }
        if (auto taken = scan.take(header, at, content); !taken) {
            return tl::unexpected(taken.error());
        }
        at += header.bytes;
        if (scan.has_before() && at < from) {
            in.seekg(static_cast<std::streamoff>(from));
            at = from;
        }
    }
    return scan.finish(at);
}

Result<LogFile> scan_file(Flavour flavour, const fs::path& path,
                          const OnTransaction& on_transaction, std::uint64_t from,
                          const std::function<bool(const Scan&)>& goes_on) {
    std::string buffer(1U << 20U, '\0');
    std::ifstream in;
    in.rdbuf()->pubsetbuf(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    in.open(path, std::ios::binary);
    if (!in) {
        return fail(Errc::unreachable, path.string() + ": it cannot be opened");
    }
    auto file = scan_log(flavour, in, on_transaction, from, goes_on);
    return file ? std::move(file) : within(path.string(), file.error());
}

bool to_the_end(const Scan&) {
    return true;
}

} // namespace

Result<LogFile> read_log(Flavour flavour, std::istream& in, const OnTransaction& on_transaction,
                         std::uint64_t from) {
    return scan_log(flavour, in, on_transaction, from, to_the_end);
}

Result<LogFile> read_log_file(Flavour flavour, const fs::path& path,
                              const OnTransaction& on_transaction, std::uint64_t from) {
    return scan_file(flavour, path, on_transaction, from, to_the_end);
}

Result<GtidSet> read_before(Flavour flavour, const fs::path& path) {
    const OnTransaction nobody;
    auto head =
        scan_file(flavour, path, nobody, 0, [](const Scan& scan) { return !scan.has_before(); });
    return head ? Result<GtidSet>(std::move(head->before)) : tl::unexpected(head.error());
}

Result<bool> is_closed(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return fail(Errc::unreachable, path.string() + ": it cannot be opened");
    }
    if (auto good = check_magic(in); !good) {
        return within(path.string(), good.error());
    }
    std::string head(event_header_bytes, '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    const auto header = parse_event_header(head);
    if (!in || header.type != EventType::format || !makes_sense(header, magic.size())) {
        return fail(Errc::corrupt, path.string() + ": its first event makes no sense");
    }
    return (header.flags & in_use_flag) == 0;
}

Result<std::vector<fs::path>> log_files(const fs::path& index) {
    const auto text = read_file(index);
    if (!text) {
        return tl::unexpected(text.error());
    }
    std::vector<fs::path> files;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.empty()) {
            files.push_back((index.parent_path() / line).lexically_normal());
        }
    }
    if (files.empty()) {
        return fail(Errc::corrupt, index.string() + " names no file");
    }
    return files;
}

} // namespace lockstep::mysql
