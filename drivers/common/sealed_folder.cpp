#include "drivers/common/sealed_folder.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "platform/certificates.h"
#include "platform/files.h"
#include "platform/sha256.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view own_sum = "# this list: ";
constexpr std::size_t sum_characters = 64;

Result<std::string> sum_of(const fs::path& file, const TakeBytes& look) {
    Sha256 sum;
    const auto read = read_pieces(file, [&](std::string_view piece) -> Result<void> {
        sum.add(piece);
        return look ? look(piece) : Result<void>{};
    });
    return read ? Result<std::string>(sum.hex()) : tl::unexpected(read.error());
}

Result<std::map<std::string, std::string>> read_list(const fs::path& folder) {
    const auto path = folder / seal_name;
    const auto text = read_file(path);
    if (!text) {
        return fail(Errc::refused, text.error().code == Errc::unreachable
                                       ? path.string() + " is missing: the snapshot was never "
                                                         "finished, or the file was deleted"
                                       : text.error().message);
    }
    const auto end = text->rfind(own_sum);
    if (end == std::string::npos ||
        text->substr(end) != std::string(own_sum) + sha256_hex(text->substr(0, end)) + "\n") {
        return fail(Errc::refused, path.string() + " is damaged: its own checksum differs");
    }
    std::map<std::string, std::string> sums;
    std::istringstream lines(text->substr(0, end));
    for (std::string line; std::getline(lines, line);) {
        if (line.size() > sum_characters + 2) {
            sums[line.substr(sum_characters + 2)] = line.substr(0, sum_characters);
        }
    }
    return sums;
}

Error changed(const fs::path& file) {
    std::error_code gone;
    const auto bytes = fs::file_size(file, gone);
    return {Errc::refused, file.string() + " is damaged: its " + std::to_string(gone ? 0 : bytes) +
                               " bytes are not those that were written (SHA-256)"};
}

} // namespace

Result<void> seal_folder(const fs::path& folder, const TakeBytes& look) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        names.push_back(at->path().filename().string());
    }
    if (error) {
        return fail(Errc::refused, "read folder " + folder.string() + ": " + error.message());
    }
    std::ranges::sort(names);
    std::string list;
    for (const auto& name : names) {
        const auto sum = sum_of(folder / name, look);
        if (!sum) {
            return tl::unexpected(sum.error());
        }
        list += *sum + "  " + name + "\n";
    }
    list += std::string(own_sum) + sha256_hex(list) + "\n";
    return write_file_durably(folder / seal_name, list);
}

Result<void> check_seal(const fs::path& folder, const TakeBytes& look) {
    const auto list = read_list(folder);
    if (!list) {
        return tl::unexpected(list.error());
    }
    for (const auto& [name, wanted] : *list) {
        const auto sum = sum_of(folder / name, look);
        if (!sum && sum.error().code == Errc::unreachable) {
            return fail(Errc::refused, (folder / name).string() + " is missing");
        }
        if (!sum) {
            return tl::unexpected(sum.error());
        }
        if (*sum != wanted) {
            return tl::unexpected(changed(folder / name));
        }
    }
    return {};
}

} // namespace lockstep
