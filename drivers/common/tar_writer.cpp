#include "drivers/common/tar_writer.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

namespace lockstep {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t name_bytes = 100;
constexpr std::uint64_t most_octal_bytes = 1ULL << 33U; // What eleven octal digits hold.
constexpr char file_type = '0';
constexpr char folder_type = '5';
constexpr char long_name_type = 'L';

void put(std::string& header, std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Octal, or from 8 GiB on as GNU tar does: the first bit set, then a number.
std::string size_field(std::uint64_t bytes) {
    if (bytes < most_octal_bytes) {
        return fmt::format("{:011o}", bytes);
    }
    std::string field(12, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
        field[11 - i] = static_cast<char>(bytes >> (8 * i));
    }
    field[0] = static_cast<char>(0x80);
    return field;
}

std::string header_of(std::string_view name, char type, std::uint64_t bytes) {
    std::string header(block_bytes, '\0');
    put(header, 0, name.substr(0, name_bytes));
    put(header, 100, type == folder_type ? "0000700" : "0000600");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, size_field(bytes));
    put(header, 136, "00000000000");
    put(header, 148, "        "); // The checksum counts as blanks.
    header[156] = type;
    put(header, 257, std::string_view("ustar\00000", 8));
    std::uint64_t sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    put(header, 148, fmt::format("{:06o}", sum));
    header[154] = '\0';
    return header;
}

std::string padding_after(std::uint64_t bytes) {
    return std::string((block_bytes - bytes % block_bytes) % block_bytes, '\0');
}

} // namespace

Result<void> TarWriter::begin(const TarEntry& entry) {
    const bool folder = entry.kind == TarEntry::Kind::folder;
    name_ = entry.name + (folder ? "/" : "");
    bytes_ = folder ? 0 : entry.bytes;
    left_ = bytes_;
    std::string text;
    if (name_.size() > name_bytes) {
        const auto content = name_ + '\0';
        text = header_of("././@LongLink", long_name_type, content.size()) + content +
               padding_after(content.size());
    }
    return out_(text + header_of(name_, folder ? folder_type : file_type, bytes_));
}

Result<void> TarWriter::add(std::string_view content) {
    if (content.size() > left_) {
        return fail(Errc::refused, name_ + " grew while it was read");
    }
    left_ -= content.size();
    return out_(content);
}

Result<void> TarWriter::end() {
    if (left_ > 0) {
        return fail(Errc::refused, name_ + " shrank while it was read");
    }
    const auto padding = padding_after(bytes_);
    return padding.empty() ? Result<void>{} : out_(padding);
}

Result<void> TarWriter::finish() {
    return out_(std::string(2 * block_bytes, '\0'));
}

} // namespace lockstep
