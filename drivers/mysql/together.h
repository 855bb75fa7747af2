#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/process.h"

/// What the tools of one copy have in common: the pipes between them, and one end for all.
namespace lockstep::mysql {

/// A named pipe, opened for both directions: then a tool that is not there yet, or no longer, is no
/// end of file and no signal. Who is there is known from the tools' processes.
class Pipe {
public:
    explicit Pipe(const std::filesystem::path& path);
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() { close(); }
    [[nodiscard]] int fd() const { return fd_; }
    /// Whoever reads it then comes to its end.
    void close();

private:
    int fd_ = -1;
};

/// Whatever fails ends all that work together.
struct Together {
    explicit Together(const asio::any_io_executor& executor)
        : over(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer over;
    std::string trouble; // The first one; empty: none.
    Errc code = Errc::refused;
    void fail(Errc why, std::string what);
    [[nodiscard]] Result<void> outcome() const {
        return trouble.empty() ? Result<void>{} : lockstep::fail(code, trouble);
    }
};
using TogetherPtr = std::shared_ptr<Together>;

/// How long nothing is looked at while there is nothing to move.
inline constexpr std::chrono::milliseconds breath{3};
inline constexpr std::size_t chunk_bytes = 1U << 20U;

/// Returns only when something failed.
[[nodiscard]] Awaitable<int> until_trouble(TogetherPtr state);
/// Runs a tool, whose failure is everybody's; `well` is called when it ended well.
[[nodiscard]] Awaitable<int> run_part(TogetherPtr state, Command command,
                                      std::function<void(std::string_view)> on_line,
                                      std::function<void()> well, Deadline deadline);
/// Until all of `chunk` is in the pipe, or something failed.
[[nodiscard]] Awaitable<int> write_out(TogetherPtr state, int pipe, std::string_view chunk);

/// How far `bytes` since `began` are ahead of a rate; 0: not at all, or there is no rate.
[[nodiscard]] std::chrono::milliseconds ahead_of_rate(std::uint64_t bytes,
                                                      std::uint64_t most_a_second,
                                                      std::chrono::steady_clock::time_point began);

} // namespace lockstep::mysql
