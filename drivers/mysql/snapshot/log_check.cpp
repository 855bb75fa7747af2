#include "drivers/mysql/snapshot/log_check.h"

#include <array>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/binlog_events.h"

namespace lockstep::mysql {
namespace {

constexpr std::size_t magic_bytes = 4;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t flags_at = 17;
constexpr std::uint32_t polynomial = 0xEDB88320U;

std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        auto value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1U) != 0 ? value >> 1U ^ polynomial : value >> 1U;
        }
        table[byte] = value;
    }
    return table;
}

std::uint32_t number_at_end(std::string_view event) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < checksum_bytes; ++i) {
        const auto byte = static_cast<unsigned char>(event[event.size() - checksum_bytes + i]);
        value |= std::uint32_t{byte} << (8 * i);
    }
    return value;
}

/// Takes a file piece by piece, event by event.
class Events {
public:
    explicit Events(std::string name) : name_(std::move(name)) {}

    Result<void> take(std::string_view bytes) {
        rest_ += bytes;
        std::size_t done = 0;
        while (true) {
            const auto left = std::string_view(rest_).substr(done);
            const auto size = next_size(left);
            if (!size) {
                return tl::unexpected(size.error());
            }
            if (*size == 0 || left.size() < *size) {
                break;
            }
            if (auto good = look_at(left.substr(0, *size)); !good) {
                return good;
            }
            done += *size;
            at_ += *size;
        }
        rest_.erase(0, done);
        return {};
    }
    Result<void> finish() const {
        return rest_.empty() && at_ > magic_bytes ? Result<void>{} : damaged("it is cut off");
    }

private:
    [[nodiscard]] tl::unexpected<Error> damaged(const char* how) const {
        return fail(Errc::refused, fmt::format("{} is damaged at byte {}: {}", name_, at_, how));
    }
    /// 0: that is not known yet.
    Result<std::size_t> next_size(std::string_view left) const {
        if (at_ == 0) {
            return left.size() < magic_bytes ? 0 : magic_bytes;
        }
        if (left.size() < event_header_bytes) {
            return std::size_t{0};
        }
        const auto header = parse_event_header(left.substr(0, event_header_bytes));
        if (header.bytes < event_header_bytes ||
            header.next != static_cast<std::uint32_t>(at_ + header.bytes)) {
            return damaged("no event begins there");
        }
        return std::size_t{header.bytes};
    }
    Result<void> look_at(std::string_view event) {
        if (at_ == 0) {
            constexpr std::string_view magic("\xfe"
                                             "bin",
                                             magic_bytes);
            return event == magic ? Result<void>{} : damaged("it does not begin as a log");
        }
        const auto header = parse_event_header(event.substr(0, event_header_bytes));
        std::string first;
        if (header.type == EventType::format) {
            const auto format = parse_format_event(event.substr(event_header_bytes));
            if (!format) {
                return damaged("its first event makes no sense");
            }
            checksums_ = format->checksums;
            first = event; // Whether the file is in use is not in its checksum.
            first[flags_at] = static_cast<char>(first[flags_at] & ~1);
            event = first;
        }
        const bool has_one = checksums_ || header.type == EventType::format;
        if (has_one &&
            (event.size() < event_header_bytes + checksum_bytes ||
             crc32_of(event.substr(0, event.size() - checksum_bytes)) != number_at_end(event))) {
            return damaged("an event differs from its checksum (CRC-32)");
        }
        return {};
    }

    std::string name_;
    std::string rest_;
    std::uint64_t at_ = 0;
    bool checksums_ = false;
};

} // namespace

std::uint32_t crc32_of(std::string_view bytes) {
    static const auto table = make_table();
    std::uint32_t sum = 0xFFFFFFFFU;
    for (const char byte : bytes) {
        sum = table[(sum ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ sum >> 8U;
    }
    return ~sum;
}

Result<void> check_log_file(const std::filesystem::path& file, const TakeBytes& look) {
    Events events(file.string());
    auto read = read_pieces(file, [&](std::string_view piece) -> Result<void> {
        auto taken = events.take(piece);
        return taken && look ? look(piece) : taken;
    });
    return read ? events.finish() : read;
}

} // namespace lockstep::mysql
