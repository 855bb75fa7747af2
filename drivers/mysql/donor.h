#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/record.h"
#include "drivers/common/background.h"
#include "drivers/mysql/copy_words.h"
#include "drivers/mysql/session.h"
#include "drivers/mysql/together.h"
#include "platform/tls_stream.h"

namespace lockstep::mysql {

/// A copy that a peer asked for.
struct CopyOrder {
    Member to;                      // Its agent listens where its database will.
    std::string hindrance;          // Why there is none to be had here; empty: there is.
    std::string busy;               // Why there is none just now; empty: there is.
    Command tool;                   // mariadb-backup, whose output the donor leads on.
    std::filesystem::path folder;   // For the pipe; this user's alone.
    std::filesystem::path data_dir; // What is copied.
    Connection server;              // For a look at the server that does not depend on logins.
    TlsFiles files;
};

/// The donor's side of a copy of files: dials the peer's agent, lets mariadb-backup run and sends
/// what it writes. Commits never wait for it for longer than `longest_block`: then it is given up.
/// Whatever ends it, by whomever, ends the tool, and the server has felt nothing else.
class Donor : public std::enable_shared_from_this<Donor> {
public:
    static constexpr std::chrono::milliseconds longest_block{2000};

    [[nodiscard]] static std::shared_ptr<Donor> begin(asio::any_io_executor executor,
                                                      CopyOrder order);
    [[nodiscard]] const MemberId& to() const { return order_.to.id; }
    [[nodiscard]] bool is_over() const { return over_; }
    /// At once; the receiver finds its stream broken.
    void end();
    /// Its session on this server, which is no client's; 0: none.
    [[nodiscard]] std::uint64_t session() const;

    Donor(const asio::any_io_executor& executor, CopyOrder order);

private:
    using Clock = std::chrono::steady_clock;
    struct Work;

    static Awaitable<void> run(std::shared_ptr<Donor> self);
    static Awaitable<void> serve(std::shared_ptr<Donor> self);
    static Awaitable<Result<void>> send_files(std::shared_ptr<Donor> self,
                                              std::uint64_t most_bytes_a_second, Deadline deadline);
    static Awaitable<int> pump(std::shared_ptr<Donor> self, std::shared_ptr<Work> work,
                               std::uint64_t most_bytes_a_second);
    static Awaitable<int> send(std::shared_ptr<Donor> self, std::shared_ptr<Work> work,
                               std::string frame);
    static Awaitable<int> watch_commits(std::shared_ptr<Work> work);
    static Awaitable<void> free_commits(std::shared_ptr<Donor> self);
    [[nodiscard]] Result<void> check_peer() const;

    asio::any_io_executor executor_;
    CopyOrder order_;
    Session::Ptr session_;
    std::shared_ptr<FrameStream> stream_;
    std::shared_ptr<Together> together_; // Of the tools, while they run.
    Background background_;
    bool ended_ = false;
    bool over_ = false;
};

/// About what a copy of a running server's files takes: all but its logs of commits.
[[nodiscard]] std::uint64_t bytes_to_copy(const std::filesystem::path& data_dir);

/// Errors: `refused` unless the other end is the agent of `expected`, with the key that the record
/// knows.
[[nodiscard]] Result<void> check_agent(const std::optional<PeerIdentity>& peer,
                                       const Member& expected);

} // namespace lockstep::mysql
