#include "drivers/postgres/snapshot/archives.h"

#include <cerrno>
#include <fstream>
#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/tar_reader.h"
#include "drivers/common/zstd_file.h"
#include "drivers/postgres/snapshot/crc32c.h"
#include "drivers/postgres/snapshot/log_scan.h"
#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep::postgres {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view control_file = "global/pg_control";
constexpr std::size_t largest_manifest_bytes = 1U << 30U;

/// The file that is being unpacked; none: it is only compared.
class OutFile {
public:
    Result<void> open(const fs::path& path) {
        path_ = path;
        file_.open(path, std::ios::binary | std::ios::trunc);
        return state("create");
    }
    Result<void> write(std::string_view bytes) {
        if (!file_.is_open()) {
            return {};
        }
        file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return state("write");
    }
    Result<void> close() {
        if (!file_.is_open()) {
            return {};
        }
        file_.close();
        return state("write");
    }

private:
    Result<void> state(const char* doing) {
        return file_.good() ? Result<void>{}
                            : fail(Errc::refused, fmt::format("{} {}: {}", doing, path_.string(),
                                                              system_reason(errno)));
    }
    fs::path path_;
    std::ofstream file_;
};

bool is_safe(const std::string& name) {
    const fs::path path(name);
    return !name.empty() && path.is_relative() &&
           std::find(path.begin(), path.end(), "..") == path.end();
}

Result<void> make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    return error ? fail(Errc::refused,
                        fmt::format("create folder {}: {}", path.string(), error.message()))
                 : Result<void>{};
}

/// Compares the members of the archive with the manifest as they come, and unpacks them.
class Base {
public:
    Base(const BackupManifest& manifest, std::optional<fs::path> to, Oversight& oversight)
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
        crc_ = Crc32c{};
        const auto known = manifest_.files.find(name_);
        if (known == manifest_.files.end()) {
            return fail(Errc::refused, name_ + " in it is not in the manifest");
        }
        wanted_ = known->second;
        if (entry.bytes != wanted_.bytes) {
            return fail(Errc::refused, fmt::format("{} in it has {} bytes instead of {}", name_,
                                                   entry.bytes, wanted_.bytes));
        }
        if (!to_) {
            return {};
        }
        const auto path = *to_ / (name_ == control_file ? unready_control : name_);
        auto made = make_folder(path.parent_path());
        return made ? out_.open(path) : made;
    }
    Result<void> add(std::string_view bytes) {
        crc_.add(bytes);
        auto goes_on = oversight_.add(bytes.size());
        return goes_on ? out_.write(bytes) : goes_on;
    }
    Result<void> end() {
        if (crc_.value() != wanted_.crc32c) {
            return fail(Errc::refused, name_ + " in it differs from what the server read (CRC32C)");
        }
        missing_.erase(name_);
        return out_.close();
    }

    const BackupManifest& manifest_;
    std::optional<fs::path> to_;
    Oversight& oversight_;
    std::set<std::string> missing_;
    std::string name_;
    BackupManifest::File wanted_;
    Crc32c crc_;
    OutFile out_;
};

Error in_archive(const fs::path& archive, const Error& error) {
    const bool ends_it = error.code == Errc::timeout || error.code == Errc::conflict;
    return {ends_it ? error.code : Errc::refused, archive.string() + ": " + error.message};
}

Result<void> read_base(const fs::path& snapshot, const BackupManifest& manifest,
                       std::optional<fs::path> to, Oversight& oversight) {
    const auto archive = snapshot / base_archive;
    Base base(manifest, std::move(to), oversight);
    TarReader reader(base.into());
    auto read =
        read_zstd(archive, [&reader](std::string_view bytes) { return reader.take(bytes); });
    if (!read && read.error().code == Errc::corrupt && !reader.at().empty()) {
        read.error().message += ", at " + reader.at();
    }
    if (read) {
        read = reader.finish();
    }
    if (read) {
        read = base.finish();
    }
    return read ? read : tl::unexpected(in_archive(archive, read.error()));
}

bool is_segment(const TarEntry& entry) {
    return entry.kind == TarEntry::Kind::file && entry.name.size() == 24 &&
           entry.name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

bool is_history(const std::string& name) {
    return name.size() == 16 && name.ends_with(".history");
}

Result<void> unpack_log(const fs::path& snapshot, const fs::path& to, Oversight& oversight) {
    OutFile out;
    TarReader::Into into;
    bool wanted = false;
    into.begin = [&](const TarEntry& entry) -> Result<void> {
        wanted = is_segment(entry) || is_history(entry.name);
        return wanted ? out.open(to / entry.name) : Result<void>{};
    };
    into.bytes = [&](std::string_view bytes) -> Result<void> {
        auto goes_on = oversight.add(bytes.size());
        return goes_on && wanted ? out.write(bytes) : goes_on;
    };
    into.end = [&] { return wanted ? out.close() : Result<void>{}; };
    TarReader reader(into);
    auto read = read_zstd(snapshot / log_archive,
                          [&reader](std::string_view bytes) { return reader.take(bytes); });
    if (read) {
        read = reader.finish();
    }
    return read ? read : tl::unexpected(in_archive(snapshot / log_archive, read.error()));
}

/// Reads the segments of an archive as they come: whether the manifest's log is in them.
class LogProof {
public:
    explicit LogProof(const BackupManifest& manifest)
        : begin_(manifest.ranges.front().begin), end_(manifest.ranges.back().end) {}

    [[nodiscard]] TarReader::Into into() {
        return {[this](const TarEntry& entry) {
                    wanted_ = is_segment(entry);
                    content_.clear();
                    return Result<void>{};
                },
                [this](std::string_view bytes) {
                    if (wanted_) {
                        content_ += bytes;
                    }
                    return Result<void>{};
                },
                [this] { return wanted_ ? look() : Result<void>{}; }};
    }
    [[nodiscard]] Result<PackedLog> finish() const {
        if (!reached_ || *reached_ < end_) {
            return fail(Errc::refused,
                        fmt::format("the log that the copy needs is not all in it: it goes from "
                                    "{} to {} instead of {}",
                                    format_lsn(begin_), format_lsn(reached_.value_or(begin_)),
                                    format_lsn(end_)));
        }
        return PackedLog{last_commit_us_};
    }

private:
    Result<void> look() {
        const auto header = read_segment_header(content_);
        if (!header) {
            return tl::unexpected(header.error());
        }
        const bool joins = reached_ ? header->begin <= *reached_ : header->begin <= begin_;
        if (!joins) {
            return fail(Errc::refused, "log is missing before " + format_lsn(header->begin));
        }
        auto scan = scan_segment(*header, content_, std::move(carried_), begin_, end_);
        reached_ = scan.whole ? header->begin + header->segment_bytes : scan.end;
        carried_ = std::move(scan.carried);
        if (scan.last_commit_us) {
            last_commit_us_ =
                std::max(last_commit_us_.value_or(*scan.last_commit_us), *scan.last_commit_us);
        }
        return {};
    }

    std::uint64_t begin_;
    std::uint64_t end_;
    bool wanted_ = false;
    std::string content_;
    std::optional<CarriedRecord> carried_;
    std::optional<std::uint64_t> reached_;
    std::optional<std::int64_t> last_commit_us_;
};

} // namespace

Result<BackupManifest> read_backup_manifest(const fs::path& snapshot) {
    const auto text = read_file(snapshot / manifest_file, largest_manifest_bytes);
    if (!text) {
        return fail(Errc::refused, text.error().message);
    }
    auto manifest = parse_backup_manifest(*text);
    return manifest ? std::move(manifest)
                    : fail(Errc::refused, snapshot.string() + ": " + manifest.error().message);
}

Result<void> check_base(const fs::path& snapshot, const BackupManifest& manifest,
                        Oversight& oversight) {
    return read_base(snapshot, manifest, std::nullopt, oversight);
}

Result<void> unpack(const fs::path& snapshot, const BackupManifest& manifest, const fs::path& to,
                    Oversight& oversight) {
    if (auto data = read_base(snapshot, manifest, to, oversight); !data) {
        return data;
    }
    return unpack_log(snapshot, to / "pg_wal", oversight);
}

Result<PackedLog> pack_log(const fs::path& folder, const BackupManifest& manifest) {
    const auto plain = folder / "pg_wal.tar";
    LogProof proof(manifest);
    TarReader reader(proof.into());
    auto packed = write_zstd(plain, folder / log_archive,
                             [&reader](std::string_view bytes) { return reader.take(bytes); });
    if (packed) {
        packed = reader.finish();
    }
    if (!packed) {
        return tl::unexpected(in_archive(plain, packed.error()));
    }
    std::error_code error;
    fs::remove(plain, error);
    if (error) {
        return fail(Errc::refused, "remove " + plain.string() + ": " + error.message());
    }
    return proof.finish();
}

} // namespace lockstep::postgres
