#include "drivers/common/zstd_file.h"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include "platform/descriptor.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece_bytes = 1U << 20U;
constexpr int level = 1; // The fastest: reading and writing shall be the limit, not compressing.

struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

Error system_error(const char* doing, const fs::path& file) {
    const int reason = errno;
    return {reason == ENOENT ? Errc::unreachable : Errc::refused,
            std::string(doing) + " " + file.string() + ": " + system_reason(reason)};
}

Result<void> write_all(const Descriptor& file, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return tl::unexpected(system_error("write", path));
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

Result<void> damaged(const fs::path& file, const char* how) {
    return fail(Errc::corrupt, file.string() + " is damaged: " + how);
}

} // namespace

Result<void> read_pieces(const fs::path& file, const TakeBytes& take) {
    const Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source.valid()) {
        return tl::unexpected(system_error("open", file));
    }
    const auto piece = std::make_unique<char[]>(piece_bytes);
    while (true) {
        const auto got = ::read(source.get(), piece.get(), piece_bytes);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return tl::unexpected(system_error("read", file));
        }
        if (got == 0) {
            return {};
        }
        if (auto taken = take({piece.get(), static_cast<std::size_t>(got)}); !taken) {
            return taken;
        }
    }
}

namespace {

Result<void> unpack(const fs::path& file, const TakeBytes& take) {
    const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
    const auto plain = std::make_unique<char[]>(piece_bytes);
    std::size_t pending = 1; // 0 at the end of a frame: it may end there, and only there.
    const auto read = read_pieces(file, [&](std::string_view packed) -> Result<void> {
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        while (true) {
            ZSTD_outBuffer out{plain.get(), piece_bytes, 0};
            const auto before = in.pos;
            const auto wanted = ZSTD_decompressStream(context.get(), &out, &in);
            if (ZSTD_isError(wanted) != 0) {
                return damaged(file, ZSTD_getErrorName(wanted));
            }
            if (in.pos == before && out.pos == 0) {
                return {}; // Nothing was left to come out; a next frame may begin.
            }
            pending = wanted;
            if (out.pos > 0) {
                if (auto taken = take({plain.get(), out.pos}); !taken) {
                    return taken;
                }
            }
            // A full buffer may mean that more is to come out.
            if (in.pos == in.size && out.pos < out.size) {
                return {};
            }
        }
    });
    return read && pending != 0 ? damaged(file, "it is cut off") : read;
}

/// A few pieces on their way from the thread that makes them to the one that takes them.
class Pieces {
public:
    /// False: nobody takes any more.
    bool put(std::string piece) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_.size() < most_waiting || abandoned_; });
        waiting_.push_back(std::move(piece));
        changed_.notify_all();
        return !abandoned_;
    }
    /// Empty: that was all.
    std::optional<std::string> next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !waiting_.empty() || closed_; });
        if (waiting_.empty()) {
            return std::nullopt;
        }
        auto piece = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        return piece;
    }
    void close() { set(closed_); }
    void abandon() { set(abandoned_); }

private:
    void set(bool& what) {
        const std::lock_guard lock(mutex_);
        what = true;
        changed_.notify_all();
    }
    static constexpr std::size_t most_waiting = 4;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> waiting_;
    bool closed_ = false;
    bool abandoned_ = false;
};

/// Unpacks on a thread of its own, which ends before this does.
class Unpacking {
public:
    explicit Unpacking(const fs::path& file) : thread_([this, file] { run(file); }) {}
    Unpacking(const Unpacking&) = delete;
    Unpacking& operator=(const Unpacking&) = delete;
    ~Unpacking() { static_cast<void>(end()); }

    std::optional<std::string> next() { return pieces_.next(); }
    Result<void> end() {
        pieces_.abandon();
        if (thread_.joinable()) {
            thread_.join();
        }
        return outcome_;
    }

private:
    void run(const fs::path& file) {
        outcome_ = unpack(file, [this](std::string_view plain) {
            return pieces_.put(std::string(plain))
                       ? Result<void>{}
                       : fail(Errc::conflict, "nobody wants more of it");
        });
        pieces_.close();
    }
    Pieces pieces_;
    Result<void> outcome_;
    std::thread thread_; // The last: it uses the others.
};

} // namespace

/// Unpacking and what is done with it, comparing and writing, take about as long.
Result<void> read_zstd(const fs::path& file, const TakeBytes& take) {
    Unpacking unpacking(file);
    while (auto plain = unpacking.next()) {
        if (auto taken = take(*plain); !taken) {
            return taken;
        }
    }
    return unpacking.end();
}

struct ZstdWriter::State {
    State(fs::path to, int descriptor) : path(std::move(to)), target(descriptor) {}

    Result<void> pack(std::string_view plain, ZSTD_EndDirective how) {
        ZSTD_inBuffer in{plain.data(), plain.size(), 0};
        while (true) {
            ZSTD_outBuffer out{packed.get(), piece_bytes, 0};
            const auto pending = ZSTD_compressStream2(context.get(), &out, &in, how);
            if (ZSTD_isError(pending) != 0) {
                return fail(Errc::refused,
                            "compress " + path.string() + ": " + ZSTD_getErrorName(pending));
            }
            if (auto written = write_all(target, {packed.get(), out.pos}, path); !written) {
                return written;
            }
            if (how == ZSTD_e_end ? pending == 0 : in.pos == in.size) {
                return {};
            }
        }
    }

    fs::path path;
    Descriptor target;
    std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
    std::unique_ptr<char[]> packed = std::make_unique<char[]>(piece_bytes);
};

ZstdWriter::ZstdWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZstdWriter::ZstdWriter(ZstdWriter&&) noexcept = default;
ZstdWriter::~ZstdWriter() = default;

Result<ZstdWriter> ZstdWriter::create(const fs::path& path) {
    auto state = std::make_unique<State>(
        path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!state->target.valid()) {
        return tl::unexpected(system_error("create", path));
    }
    ZSTD_CCtx_setParameter(state->context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(state->context.get(), ZSTD_c_checksumFlag, 1);
    return ZstdWriter(std::move(state));
}

Result<void> ZstdWriter::add(std::string_view plain) {
    return state_->pack(plain, ZSTD_e_continue);
}

Result<void> ZstdWriter::finish() {
    auto done = state_->pack({}, ZSTD_e_end);
    if (done && ::fsync(state_->target.get()) != 0) {
        done = tl::unexpected(system_error("fsync", state_->path));
    }
    return done;
}

Result<void> write_zstd(const fs::path& from, const fs::path& to, const TakeBytes& look) {
    auto writer = ZstdWriter::create(to);
    if (!writer) {
        return tl::unexpected(writer.error());
    }
    auto done = read_pieces(from, [&](std::string_view plain) -> Result<void> {
        auto seen = look ? look(plain) : Result<void>{};
        return seen ? writer->add(plain) : seen;
    });
    return done ? writer->finish() : done;
}

} // namespace lockstep
