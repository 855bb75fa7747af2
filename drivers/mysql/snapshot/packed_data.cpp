#include "drivers/mysql/snapshot/packed_data.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/tar_reader.h"
#include "drivers/common/tar_writer.h"
#include "drivers/common/zstd_file.h"
#include "platform/descriptor.h"
#include "platform/files.h"
#include "platform/sha256.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_manifest_bytes = 1U << 30U;
constexpr std::size_t sum_characters = 64;

bool is_safe(const std::string& name) {
    const fs::path path(name);
    return !name.empty() && path.is_relative() &&
           std::find(path.begin(), path.end(), "..") == path.end();
}

Result<void> refuse(const char* doing, const fs::path& path, const std::error_code& error) {
    return error ? fail(Errc::refused,
                        fmt::format("{} {}: {}", doing, path.string(), error.message()))
                 : Result<void>{};
}

Result<void> make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    return refuse("create folder", path, error);
}

/// Everything below `folder`, a folder before what is in it.
Result<std::vector<fs::path>> all_below(const fs::path& folder, const LeaveOut& leave_out) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (!leave_out(at->path().filename().string())) {
            found.push_back(at->path());
        }
    }
    std::vector<fs::path> tops = found;
    for (const auto& top : tops) {
        if (error || !fs::is_directory(fs::symlink_status(top))) {
            continue;
        }
        for (fs::recursive_directory_iterator at(top, error), end; !error && at != end;
             at.increment(error)) {
            found.push_back(at->path());
        }
    }
    if (error) {
        return fail(Errc::refused, fmt::format("read {}: {}", folder.string(), error.message()));
    }
    std::ranges::sort(found);
    return found;
}

/// Writes one folder's files into the archive, and notes what they are.
class Packing {
public:
    Packing(fs::path from, ZstdWriter& archive, Oversight& oversight)
        : from_(std::move(from)), oversight_(oversight),
          tar_([&archive](std::string_view bytes) { return archive.add(bytes); }) {}

    Result<void> add(const fs::path& path) {
        std::error_code error;
        const auto status = fs::symlink_status(path, error);
        TarEntry entry;
        entry.name = path.lexically_relative(from_).string();
        if (!error && status.type() == fs::file_type::directory) {
            entry.kind = TarEntry::Kind::folder;
            return tar_.begin(entry);
        }
        if (error || status.type() != fs::file_type::regular) {
            return fail(Errc::unsupported, path.string() + " is no file or folder: data outside "
                                                           "the data folder is not copied");
        }
        entry.kind = TarEntry::Kind::file;
        entry.bytes = fs::file_size(path, error);
        return error ? refuse("look at", path, error) : add_file(path, entry);
    }
    Result<DataManifest> finish() {
        auto done = tar_.finish();
        return done ? Result<DataManifest>(std::move(manifest_)) : tl::unexpected(done.error());
    }

private:
    Result<void> add_file(const fs::path& path, const TarEntry& entry) {
        if (auto begun = tar_.begin(entry); !begun) {
            return begun;
        }
        Sha256 sum;
        auto read = read_pieces(path, [&](std::string_view piece) -> Result<void> {
            sum.add(piece);
            auto added = tar_.add(piece);
            return added ? oversight_.add(piece.size()) : added;
        });
        if (read) {
            read = tar_.end();
        }
        manifest_.files[entry.name] = {entry.bytes, sum.hex()};
        return read;
    }

    fs::path from_;
    Oversight& oversight_;
    TarWriter tar_;
    DataManifest manifest_;
};

/// Compares the members of the archive with the manifest as they come, and unpacks them.
class Reading {
public:
    Reading(const DataManifest& manifest, std::optional<fs::path> to, Oversight& oversight)
        : manifest_(manifest), to_(std::move(to)), oversight_(oversight) {
        for (const auto& [path, file] : manifest.files) {
            missing_.insert(path);
        }
    }
    [[nodiscard]] TarReader::Into into() {
        return {[this](const TarEntry& entry) { return begin(entry); },
                [this](std::string_view bytes) { return add(bytes); }, [this] { return end(); }};
    }
    [[nodiscard]] Result<void> finish() const {
        return missing_.empty() ? Result<void>{}
                                : fail(Errc::refused, *missing_.begin() + " is not in it");
    }

private:
    Result<void> begin(const TarEntry& entry) {
        if (!is_safe(entry.name) || entry.kind == TarEntry::Kind::other ||
            entry.kind == TarEntry::Kind::link) {
            return fail(Errc::refused, "\"" + entry.name + "\" in it is no file or folder");
        }
        if (entry.kind == TarEntry::Kind::folder) {
            return to_ ? make_folder(*to_ / entry.name) : Result<void>{};
        }
        name_ = entry.name;
        sum_ = std::make_unique<Sha256>();
        const auto known = manifest_.files.find(name_);
        if (known == manifest_.files.end()) {
            return fail(Errc::refused, name_ + " in it is not in the manifest");
        }
        wanted_ = known->second;
        if (entry.bytes != wanted_.bytes) {
            return fail(Errc::refused, fmt::format("{} in it has {} bytes instead of {}", name_,
                                                   entry.bytes, wanted_.bytes));
        }
        return to_ ? open(*to_ / name_) : Result<void>{};
    }
    Result<void> open(const fs::path& path) {
        auto made = make_folder(path.parent_path());
        if (made) {
            out_.open(path, std::ios::binary | std::ios::trunc);
            made = written();
        }
        return made;
    }
    Result<void> written() const {
        return out_.good() ? Result<void>{}
                           : fail(Errc::refused,
                                  "write " + (*to_ / name_).string() + ": " + system_reason(errno));
    }
    Result<void> add(std::string_view bytes) {
        sum_->add(bytes);
        auto goes_on = oversight_.add(bytes.size());
        if (goes_on && to_) {
            out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            goes_on = written();
        }
        return goes_on;
    }
    Result<void> end() {
        if (sum_->hex() != wanted_.sha256) {
            return fail(Errc::refused, name_ + " in it differs from what was copied (SHA-256)");
        }
        missing_.erase(name_);
        if (!to_) {
            return {};
        }
        out_.close();
        return written();
    }

    const DataManifest& manifest_;
    std::optional<fs::path> to_;
    Oversight& oversight_;
    std::set<std::string> missing_;
    std::string name_;
    DataManifest::File wanted_;
    std::unique_ptr<Sha256> sum_;
    std::ofstream out_;
};

Error in_archive(const fs::path& archive, const Error& error) {
    const bool ends_it = error.code == Errc::timeout || error.code == Errc::conflict;
    return {ends_it ? error.code : Errc::refused, archive.string() + ": " + error.message};
}

Result<void> read_archive(const fs::path& snapshot, const DataManifest& manifest,
                          std::optional<fs::path> to, Oversight& oversight) {
    const auto archive = snapshot / data_archive;
    Reading reading(manifest, std::move(to), oversight);
    TarReader reader(reading.into());
    auto read =
        read_zstd(archive, [&reader](std::string_view bytes) { return reader.take(bytes); });
    if (!read && read.error().code == Errc::corrupt && !reader.at().empty()) {
        read.error().message += ", at " + reader.at();
    }
    if (read) {
        read = reader.finish();
    }
    if (read) {
        read = reading.finish();
    }
    return read ? read : tl::unexpected(in_archive(archive, read.error()));
}

tl::unexpected<Error> bad_line(std::size_t number) {
    return fail(Errc::corrupt, fmt::format("line {} of the manifest makes no sense", number));
}

} // namespace

std::uint64_t DataManifest::bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : files) {
        bytes += file.bytes;
    }
    return bytes;
}

std::string render_manifest(const DataManifest& manifest) {
    std::string text;
    for (const auto& [path, file] : manifest.files) {
        text += fmt::format("{} {} {}\n", file.sha256, file.bytes, path);
    }
    return text;
}

Result<DataManifest> parse_manifest(std::string_view text) {
    DataManifest manifest;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        const auto blank = line.find(' ', sum_characters + 1);
        if (end == std::string_view::npos || blank == std::string_view::npos ||
            line[sum_characters] != ' ') {
            return bad_line(number);
        }
        DataManifest::File file;
        file.sha256 = line.substr(0, sum_characters);
        const auto size = line.substr(sum_characters + 1, blank - sum_characters - 1);
        const auto [stop, error] =
            std::from_chars(size.data(), size.data() + size.size(), file.bytes);
        if (error != std::errc{} || stop != size.data() + size.size() || blank + 1 == line.size()) {
            return bad_line(number);
        }
        manifest.files[std::string(line.substr(blank + 1))] = std::move(file);
        text.remove_prefix(end + 1);
    }
    return manifest;
}

Result<DataManifest> read_manifest(const fs::path& snapshot) {
    const auto path = snapshot / data_manifest;
    const auto text = read_file(path, largest_manifest_bytes);
    if (!text) {
        return fail(Errc::refused, text.error().message);
    }
    auto manifest = parse_manifest(*text);
    return manifest ? std::move(manifest)
                    : fail(Errc::refused, path.string() + ": " + manifest.error().message);
}

Result<DataManifest> pack_data(const fs::path& from, const fs::path& to, const LeaveOut& leave_out,
                               Oversight& oversight) {
    const auto paths = all_below(from, leave_out);
    auto archive = paths ? ZstdWriter::create(to / data_archive)
                         : Result<ZstdWriter>(tl::unexpected(paths.error()));
    if (!archive) {
        return tl::unexpected(archive.error());
    }
    Packing packing(from, *archive, oversight);
    for (const auto& path : *paths) {
        if (auto added = packing.add(path); !added) {
            return tl::unexpected(added.error());
        }
    }
    auto manifest = packing.finish();
    auto done = manifest ? archive->finish() : tl::unexpected(manifest.error());
    if (done) {
        done = write_file_durably(to / data_manifest, render_manifest(*manifest));
    }
    return done ? std::move(manifest) : tl::unexpected(done.error());
}

Result<void> check_data(const fs::path& snapshot, const DataManifest& manifest,
                        Oversight& oversight) {
    return read_archive(snapshot, manifest, std::nullopt, oversight);
}

Result<void> unpack_data(const fs::path& snapshot, const DataManifest& manifest, const fs::path& to,
                         Oversight& oversight) {
    return read_archive(snapshot, manifest, to, oversight);
}

} // namespace lockstep::mysql
