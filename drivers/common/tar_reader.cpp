#include "drivers/common/tar_reader.h"

#include <algorithm>
#include <utility>

namespace lockstep {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t checksum_at = 148;
constexpr std::size_t checksum_bytes = 8;
constexpr char long_name_follows = 'L';
constexpr std::uint64_t longest_name_bytes = 4096;

std::string text_in(std::string_view field) {
    return std::string(field.substr(0, field.find('\0')));
}

bool is_zero(std::string_view block) {
    return std::ranges::all_of(block, [](char byte) { return byte == 0; });
}

/// Octal digits, or, where the first bit is set, a number of the rest of the bits.
std::uint64_t number_in(std::string_view field) {
    std::uint64_t number = 0;
    if ((static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
        for (const char byte : field.substr(1)) {
            number = number << 8U | static_cast<unsigned char>(byte);
        }
        return number;
    }
    for (const char digit : field) {
        if (digit >= '0' && digit <= '7') {
            number = number * 8 + static_cast<std::uint64_t>(digit - '0');
        }
    }
    return number;
}

/// The sum of all bytes, those of the sum itself counted as spaces.
std::uint64_t checksum_of(std::string_view header) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const bool own = i >= checksum_at && i < checksum_at + checksum_bytes;
        sum += static_cast<unsigned char>(own ? ' ' : header[i]);
    }
    return sum;
}

TarEntry::Kind kind_of(char type) {
    switch (type) {
    case '0':
    case '\0': return TarEntry::Kind::file;
    case '2': return TarEntry::Kind::link;
    case '5': return TarEntry::Kind::folder;
    default: return TarEntry::Kind::other;
    }
}

} // namespace

Result<void> TarReader::take_header(std::string_view header) {
    if (is_zero(header)) {
        ++end_blocks_;
        return {};
    }
    if (end_blocks_ > 0 ||
        number_in(header.substr(checksum_at, checksum_bytes)) != checksum_of(header)) {
        return fail(Errc::corrupt, "the archive is damaged: what should be a member's header "
                                   "is none" +
                                       (at_.empty() ? std::string() : ", after " + at_));
    }
    if (header[156] == long_name_follows) {
        return begin_long_name(header);
    }
    TarEntry entry;
    entry.name = text_in(header.substr(0, 100));
    if (!long_name_.empty()) {
        entry.name = std::exchange(long_name_, {});
    } else if (const auto prefix = text_in(header.substr(345, 155)); !prefix.empty()) {
        entry.name = prefix + "/" + entry.name;
    }
    while (entry.name.ends_with('/')) {
        entry.name.pop_back();
    }
    entry.kind = kind_of(header[156]);
    entry.target = text_in(header.substr(157, 100));
    entry.bytes = entry.kind == TarEntry::Kind::file ? number_in(header.substr(124, 12)) : 0;
    at_ = entry.name;
    left_ = entry.bytes;
    auto begun = into_.begin(entry);
    if (begun && entry.kind == TarEntry::Kind::file && left_ == 0) {
        begun = into_.end();
    }
    return begun;
}

/// The name is the content of a member of its own, ended by a zero.
Result<void> TarReader::begin_long_name(std::string_view header) {
    left_ = number_in(header.substr(124, 12));
    if (left_ == 0 || left_ > longest_name_bytes) {
        return fail(Errc::corrupt, "the archive is damaged: a name of " + std::to_string(left_) +
                                       " bytes" + (at_.empty() ? std::string() : ", after " + at_));
    }
    naming_ = true;
    return {};
}

Result<void> TarReader::take_content(std::string_view bytes) {
    if (naming_) {
        long_name_ += bytes;
        if (left_ == 0) {
            long_name_ = text_in(long_name_);
            naming_ = false;
        }
        return {};
    }
    auto taken = into_.bytes(bytes);
    return taken && left_ == 0 ? into_.end() : taken;
}

Result<void> TarReader::take_block(std::string_view block) {
    if (left_ == 0) {
        return take_header(block);
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, block.size()));
    left_ -= part;
    if (left_ == 0 && !is_zero(block.substr(part))) {
        return fail(Errc::corrupt, "the archive is damaged after " + at_);
    }
    return take_content(block.substr(0, part));
}

Result<void> TarReader::take(std::string_view bytes) {
    while (!bytes.empty()) {
        if (block_.empty() && left_ >= block_bytes && bytes.size() >= block_bytes) {
            // Whole blocks of a file's content at once.
            auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            most -= most % block_bytes;
            if (auto taken = take_block(bytes.substr(0, most)); !taken) {
                return taken;
            }
            bytes.remove_prefix(most);
            continue;
        }
        const auto part = std::min(block_bytes - block_.size(), bytes.size());
        block_ += bytes.substr(0, part);
        bytes.remove_prefix(part);
        if (block_.size() == block_bytes) {
            const auto taken = take_block(block_);
            block_.clear();
            if (!taken) {
                return taken;
            }
        }
    }
    return {};
}

Result<void> TarReader::finish() const {
    if (left_ > 0 || !block_.empty() || end_blocks_ < 2) {
        return fail(Errc::corrupt, at_.empty() ? std::string("the archive is cut off")
                                               : "the archive is cut off in or after " + at_);
    }
    return {};
}

} // namespace lockstep
