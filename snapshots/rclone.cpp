#include "snapshots/rclone.h"

#include <algorithm>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

using Arguments = std::vector<std::string>;

/// Of a storage that answers, for what is as large as data.
const Arguments for_large{"--contimeout",        "10s", "--timeout",   "60s", "--retries", "1",
                          "--low-level-retries", "3",   "--transfers", "4"};
const Arguments for_small{"--contimeout", "5s", "--timeout",           "15s",
                          "--retries",    "2",  "--low-level-retries", "3"};
const Arguments with_progress{"--stats", "500ms", "--stats-log-level", "NOTICE"};

Arguments operator+(Arguments left, const Arguments& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// "a/b/" of "a/b/c" and "a/b/d/e"; empty: they have none.
std::string common_folder(const std::vector<std::string>& names) {
    auto common = names.front().substr(0, names.front().rfind('/') + 1);
    for (const auto& name : names) {
        while (!name.starts_with(common)) {
            common.pop_back();
            common.erase(common.rfind('/') + 1);
        }
    }
    return common;
}

std::map<std::string, std::string> hashes_in(const std::vector<std::string>& lines) {
    std::map<std::string, std::string> hashes;
    for (const auto& line : lines) {
        if (auto hash = parse_hash(line)) {
            hashes.insert(std::move(*hash));
        }
    }
    return hashes;
}

Error stopped_error() {
    return {Errc::unreachable, "given up: this agent works on the repository no more"};
}

/// A list of names for --files-from-raw, gone with its object.
class NameList {
public:
    static Result<NameList> make(const std::vector<std::string>& names) {
        std::string path = fs::temp_directory_path() / "lockstep-names-XXXXXX";
        const int fd = ::mkstemp(path.data());
        if (fd < 0) {
            return fail(Errc::refused, path + ": no list of names can be written there");
        }
        ::close(fd);
        NameList list(path);
        std::string text;
        for (const auto& name : names) {
            text += name + "\n";
        }
        auto written = write_file_durably(list.path_, text);
        return written ? Result<NameList>(std::move(list)) : tl::unexpected(written.error());
    }
    NameList(NameList&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    NameList(const NameList&) = delete;
    NameList& operator=(const NameList&) = delete;
    ~NameList() {
        std::error_code left; // In a folder for what is temporary.
        if (!path_.empty()) {
            fs::remove(path_, left);
        }
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    explicit NameList(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

} // namespace

/// One that is going on, ended from another thread.
struct Rclone::Run {
    asio::io_context context{1};
    asio::cancellation_signal cancel;
};

Result<ToolResult> Rclone::execute(Command command, std::chrono::seconds longest,
                                   std::function<void(std::string_view)> on_line) {
    Run here;
    {
        const std::lock_guard guard(mutex_);
        if (stopped_) {
            return tl::unexpected(stopped_error());
        }
        running_.insert(&here);
    }
    std::optional<Result<ToolResult>> outcome;
    std::exception_ptr bug;
    auto ended = [&](const std::exception_ptr& failure, Result<ToolResult> result) {
        bug = failure;
        if (!failure) {
            outcome.emplace(std::move(result));
        }
    };
    asio::co_spawn(here.context,
                   run_tool(std::move(command), Deadline::in(longest), std::move(on_line)),
                   asio::bind_cancellation_slot(here.cancel.slot(), std::move(ended)));
    here.context.run();
    const std::lock_guard guard(mutex_);
    running_.erase(&here);
    if (stopped_) {
        return tl::unexpected(stopped_error());
    }
    if (bug) {
        std::rethrow_exception(bug);
    }
    return std::move(*outcome);
}

void Rclone::stop() {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    for (Run* run : running_) {
        asio::post(run->context, [run] { run->cancel.emit(asio::cancellation_type::terminal); });
    }
    stop_.notify_all();
}

bool Rclone::stopped_within(std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex_);
    return stop_.wait_for(lock, pause, [this] { return stopped_; });
}

Result<Rclone::Ran> Rclone::run(Arguments arguments, std::chrono::seconds longest,
                                const OnBytes& on_bytes) {
    if (auto safe = check_private(settings_.config); !safe) {
        return tl::unexpected(safe.error());
    }
    Command command;
    command.argv = Arguments{settings_.program.string(),
                             "--config",
                             settings_.config.string(),
                             "--use-json-log",
                             "--ask-password=false",
                             "--s3-no-check-bucket",
                             "--fast-list"} +
                   (on_bytes ? with_progress : Arguments{"--stats", "0"}) + arguments;
    // With this one set, 1.60 reaches no S3 at all: it cannot replace its transport's authorities.
    command.env = {"AWS_CA_BUNDLE="};
    Ran ran;
    auto on_line = [&ran, &on_bytes](std::string_view line) {
        if (const auto progress = parse_progress(line)) {
            if (on_bytes) {
                on_bytes(progress->done_bytes, progress->total_bytes);
            }
        } else if (auto complaint = parse_complaint(line)) {
            ran.complaints.push_back(std::move(*complaint));
        } else {
            ran.lines.emplace_back(line);
        }
    };
    auto done = execute(std::move(command), longest, std::move(on_line));
    if (!done && done.error().code == Errc::refused) {
        return within("rclone is needed for this repository", done.error());
    }
    if (!done) {
        return within(settings_.remote, done.error());
    }
    ran.exit_status = done->exit_status;
    return ran;
}

Result<std::vector<std::string>> Rclone::root_entries() {
    auto ran = run(Arguments{"lsf", at("")} + for_small, settings_.small, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    if (means_missing(ran->exit_status)) {
        return fail(Errc::unreachable,
                    "there is no " + at("") + ": is there such a bucket or folder?");
    }
    if (ran->exit_status != 0) {
        return tl::unexpected(explain("list " + at(""), ran->exit_status, ran->complaints));
    }
    for (auto& line : ran->lines) {
        if (line.ends_with('/')) {
            line.pop_back();
        }
    }
    return std::move(ran->lines);
}

Result<KeySizes> Rclone::list(const std::string& prefix) {
    auto ran = run(Arguments{"lsf", at(prefix), "-R", "--files-only", "--format", "sp"} + for_small,
                   settings_.small * 3, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    KeySizes found;
    if (means_missing(ran->exit_status)) {
        return found;
    }
    if (ran->exit_status != 0) {
        return tl::unexpected(explain("list " + at(prefix), ran->exit_status, ran->complaints));
    }
    for (const auto& line : ran->lines) {
        if (auto listed = parse_listed(line)) {
            found.insert(std::move(*listed));
        }
    }
    return found;
}

Result<std::map<std::string, std::string>> Rclone::read_back(const std::string& prefix,
                                                             const OnBytes& on_bytes) {
    const auto ran = patiently("read back " + at(prefix),
                               {"hashsum", "sha256", "--download", at(prefix)}, on_bytes);
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    return hashes_in(ran->lines);
}

Result<std::string> Rclone::sha256(const std::string& key) {
    const auto ran = run(Arguments{"hashsum", "sha256", "--download", at(key)} + for_small,
                         settings_.small * 3, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        return tl::unexpected(explain("read back " + at(key), ran->exit_status, ran->complaints));
    }
    auto hashes = hashes_in(ran->lines);
    return hashes.size() == 1 ? std::move(hashes.begin()->second) : std::string();
}

Result<void> Rclone::put(const fs::path& file, const std::string& key) {
    auto ran = run(Arguments{"copyto", file.string(), at(key), "--ignore-times", "--no-traverse"} +
                       for_small,
                   settings_.small * 3, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    return ran->exit_status == 0
               ? Result<void>{}
               : tl::unexpected(explain("write " + at(key), ran->exit_status, ran->complaints));
}

/// A storage that comes back is gone on with; the patience begins anew with every byte that came
/// through.
Result<Rclone::Ran> Rclone::patiently(const std::string& what, const Arguments& arguments,
                                      const OnBytes& on_bytes) {
    const auto end = steady_now() + settings_.large; // However often it goes on.
    auto waited_until = steady_now() + settings_.patience;
    std::uint64_t most = 0;
    const OnBytes watch = [&](std::uint64_t done, std::uint64_t total) {
        if (done > most) {
            most = done;
            waited_until = steady_now() + settings_.patience;
        }
        if (on_bytes) {
            on_bytes(done, total);
        }
    };
    for (;;) {
        most = 0;
        auto ran = run(arguments + for_large, settings_.large, watch);
        if (!ran) {
            return tl::unexpected(ran.error());
        }
        if (ran->exit_status == 0 && ran->complaints.empty()) {
            return ran;
        }
        auto error = explain(what, ran->exit_status, ran->complaints);
        const bool away = error.code == Errc::unreachable || error.code == Errc::timeout;
        if (!away || steady_now() >= std::min(waited_until, end)) {
            return tl::unexpected(std::move(error));
        }
        if (stopped_within(settings_.pause)) {
            return tl::unexpected(stopped_error());
        }
    }
}

Result<void> Rclone::upload(const fs::path& folder, const std::string& prefix,
                            const std::string& except, const OnBytes& on_bytes) {
    const auto ran = patiently(
        "write " + at(prefix),
        {"copy", folder.string(), at(prefix), "--checksum", "--exclude", "/" + except}, on_bytes);
    return ran ? Result<void>{} : tl::unexpected(ran.error());
}

Result<void> Rclone::download(const std::string& prefix, const std::vector<std::string>& names,
                              const fs::path& folder, const OnBytes& on_bytes) {
    const auto list = NameList::make(names);
    if (!list) {
        return tl::unexpected(list.error());
    }
    const Arguments some{"--files-from-raw", list->path()};
    const auto ran = patiently("read " + at(prefix),
                               Arguments{"copy", at(prefix), folder.string(), "--checksum"} +
                                   (names.empty() ? Arguments{} : some),
                               on_bytes);
    return ran ? Result<void>{} : tl::unexpected(ran.error());
}

Result<void> Rclone::fetch_descriptions(const std::string& prefix, const fs::path& folder) {
    auto ran = run(Arguments{"copy", at(prefix), folder.string(), "--include", "*.json",
                             "--ignore-checksum", "--transfers", "32"} +
                       for_small,
                   settings_.large, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    return ran->exit_status == 0 ? Result<void>{}
                                 : tl::unexpected(explain("read the descriptions of " + at(prefix),
                                                          ran->exit_status, ran->complaints));
}

/// Looked for among what is in the folder that all of them lie in.
Result<void> Rclone::remove(const std::string& prefix, const std::vector<std::string>& names) {
    if (names.empty()) {
        return {};
    }
    const auto folder = common_folder(names);
    std::vector<std::string> below;
    for (const auto& name : names) {
        below.push_back(name.substr(folder.size()));
    }
    auto from = prefix + (prefix.empty() || folder.empty() ? "" : "/") + folder;
    while (from.ends_with('/')) {
        from.pop_back();
    }
    const auto list = NameList::make(below);
    if (!list) {
        return tl::unexpected(list.error());
    }
    auto ran = run(Arguments{"delete", at(from), "--files-from-raw", list->path()} + for_small,
                   settings_.large, {});
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    if (ran->exit_status == 0 || means_missing(ran->exit_status)) {
        return {};
    }
    return tl::unexpected(explain("remove from " + at(prefix), ran->exit_status, ran->complaints));
}

Result<void> check_private(const fs::path& config) {
    struct stat about {};
    if (::stat(config.c_str(), &about) != 0) {
        return fail(Errc::unreachable, config.string() + " is not there or cannot be looked at");
    }
    if (about.st_uid != ::geteuid() && about.st_uid != 0) {
        return fail(Errc::refused, config.string() +
                                       " holds credentials and belongs to another user: whoever "
                                       "owns it decides where the snapshots go; chown it to the "
                                       "agent's user or to root");
    }
    const mode_t too_much = about.st_uid == 0 && ::geteuid() != 0 ? 0027 : 0077;
    if ((about.st_mode & too_much) != 0) {
        return fail(Errc::refused, config.string() +
                                       " holds credentials and others may read or write it: "
                                       "chmod 600 (or, if it is root's, 640 with the agent's "
                                       "group)");
    }
    if (::access(config.c_str(), R_OK) != 0) {
        return fail(Errc::refused, config.string() + " cannot be read by this user");
    }
    return {};
}

} // namespace lockstep::snapshots
