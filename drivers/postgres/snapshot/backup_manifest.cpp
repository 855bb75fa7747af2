#include "drivers/postgres/snapshot/backup_manifest.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "platform/certificates.h"

namespace lockstep::postgres {
namespace {

using nlohmann::json;

tl::unexpected<Error> corrupt(const std::string& what) {
    return fail(Errc::corrupt, "backup_manifest is damaged: " + what);
}

/// A path that is not UTF-8 is in it as hexadecimal digits.
std::string path_of(const json& file) {
    if (file.contains("Path")) {
        return file.at("Path").get<std::string>();
    }
    const auto digits = file.at("Encoded-Path").get<std::string>();
    std::string path;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned int byte = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
        path += static_cast<char>(byte);
    }
    return path;
}

/// The four bytes in the order in which the engine has them in memory, on every machine that it
/// runs on here: the least first.
std::uint32_t crc_of(const json& file) {
    if (file.at("Checksum-Algorithm").get<std::string>() != "CRC32C") {
        throw std::invalid_argument("a checksum that is no CRC32C");
    }
    const auto digits = file.at("Checksum").get<std::string>();
    std::uint32_t value = 0;
    const auto* const end = digits.data() + digits.size();
    if (digits.size() != 8 || std::from_chars(digits.data(), end, value, 16).ptr != end) {
        throw std::invalid_argument("\"" + digits + "\" is no checksum");
    }
    return __builtin_bswap32(value);
}

std::uint64_t lsn_of(const json& range, const char* which) {
    return parse_lsn(range.at(which).get<std::string>()).value();
}

BackupManifest read(const json& document) {
    BackupManifest manifest;
    for (const auto& file : document.at("Files")) {
        manifest.files[path_of(file)] = {file.at("Size").get<std::uint64_t>(), crc_of(file)};
    }
    for (const auto& range : document.at("WAL-Ranges")) {
        manifest.ranges.push_back({range.at("Timeline").get<Timeline>(), lsn_of(range, "Start-LSN"),
                                   lsn_of(range, "End-LSN")});
    }
    std::ranges::sort(manifest.ranges, {}, &BackupManifest::Range::begin);
    return manifest;
}

} // namespace

std::uint64_t BackupManifest::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [path, file] : files) {
        sum += file.bytes;
    }
    return sum;
}

Result<BackupManifest> parse_backup_manifest(std::string_view text) {
    // The checksum is of all lines but the last.
    constexpr std::string_view last_line = "\n\"Manifest-Checksum\": \"";
    const auto at = text.rfind(last_line);
    if (at == std::string_view::npos) {
        return corrupt("it is cut off");
    }
    const auto sum = sha256_hex(text.substr(0, at + 1));
    if (text.substr(at + last_line.size()) != sum + "\"}\n" &&
        text.substr(at + last_line.size()) != sum + "\"}") {
        return corrupt("its own checksum differs");
    }
    try {
        auto manifest = read(json::parse(text));
        if (manifest.ranges.empty()) {
            return corrupt("it names no log");
        }
        return manifest;
    } catch (const std::exception& trouble) {
        return corrupt(trouble.what());
    }
}

} // namespace lockstep::postgres
