#include "drivers/mysql/donor.h"

#include <cerrno>
#include <cstring>
#include <exception>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "platform/clock.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds answers_within{5};
constexpr std::chrono::seconds connects_within{10};
constexpr std::chrono::seconds accepts_within{60};
constexpr std::chrono::seconds takes_within{60};
constexpr std::chrono::hours longest_copy{24};
constexpr std::chrono::seconds says_it_lives{5};
constexpr std::chrono::milliseconds between_looks{50};

/// Relay logs, binary logs, and what a server makes anew at its start.
bool is_left_out(const std::string& name) {
    return name.starts_with("binlog.") || name.starts_with("relay.") || name.starts_with("ibtmp");
}

bool is_at_end(ssize_t got) {
    return got == 0 || (got < 0 && errno != EINTR);
}

} // namespace

std::uint64_t bytes_to_copy(const fs::path& data_dir) {
    std::uint64_t bytes = 0;
    std::error_code gone; // A running server's files come and go.
    for (auto entry = fs::recursive_directory_iterator(data_dir, gone);
         !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
        std::error_code trouble;
        if (entry->is_regular_file(trouble) && !is_left_out(entry->path().filename().string())) {
            const auto size = entry->file_size(trouble);
            bytes += trouble ? 0 : size;
        }
    }
    return bytes;
}

Result<void> check_agent(const std::optional<PeerIdentity>& peer, const Member& expected) {
    if (!peer || peer->use != "agent" || peer->name != expected.id) {
        return fail(Errc::refused,
                    fmt::format("the other end is {}, not the agent of {}",
                                peer ? peer->use + " \"" + peer->name + "\"" : "nobody we know",
                                expected.id));
    }
    return expected.key.empty() || peer->key_fingerprint == expected.key
               ? Result<void>{}
               : fail(Errc::refused, fmt::format("the agent of {} has another key than it joined "
                                                 "with",
                                                 expected.id));
}

/// What one run of the tool is about.
struct Donor::Work : Together {
    Work(const asio::any_io_executor& executor, const fs::path& pipe)
        : Together(executor), in(pipe) {}
    Pipe in;
    bool written = false; // The tool ended well: what is in the pipe is the rest.
    bool sent = false;
    std::optional<Clock::time_point> blocks_since; // Commits wait for it.
};

Donor::Donor(const asio::any_io_executor& executor, CopyOrder order)
    : executor_(executor), order_(std::move(order)) {}

std::shared_ptr<Donor> Donor::begin(asio::any_io_executor executor, CopyOrder order) {
    auto donor = std::make_shared<Donor>(executor, std::move(order));
    asio::co_spawn(executor, run(donor), [](const std::exception_ptr& bug) {
        if (bug) {
            std::rethrow_exception(bug);
        }
    });
    return donor;
}

std::uint64_t Donor::session() const {
    return session_ && session_->is_open() ? session_->id() : 0;
}

void Donor::end() {
    ended_ = true;
    if (stream_) {
        stream_->close();
    }
    if (together_) {
        together_->fail(Errc::unreachable, "the donor gave the copy up");
    }
}

Result<void> Donor::check_peer() const {
    return check_agent(stream_->peer(), order_.to);
}

Awaitable<void> Donor::run(std::shared_ptr<Donor> self) {
    co_await serve(self);
    if (self->stream_) {
        self->stream_->close();
    }
    if (self->session_) {
        self->session_->close();
    }
    self->over_ = true;
}

/// What goes wrong here the receiver is told, as far as it is reached; it tells its operator.
Awaitable<void> Donor::serve(std::shared_ptr<Donor> self) {
    const auto deadline = Deadline::in(longest_copy);
    auto connecting = deadline.earlier(connects_within);
    HostPort to{self->order_.to.address, self->order_.to.port};
    auto files = self->order_.files;
    auto dialled =
        co_await dial_agent(std::move(to), std::move(files), connecting, largest_copy_frame);
    if (!dialled || self->ended_) {
        co_return;
    }
    self->stream_ = std::move(*dialled);
    if (!self->check_peer()) {
        co_return;
    }
    auto word = self->order_.busy.empty() ? CopyWord::none : CopyWord::broken;
    auto said = self->order_.busy.empty() ? self->order_.hindrance : self->order_.busy;
    if (said.empty()) {
        auto connection = self->order_.server;
        const auto brief = deadline.earlier(answers_within);
        auto session =
            co_await Session::open(self->executor_, std::move(connection), answers_within, brief);
        if (!session || self->ended_) {
            co_return;
        }
        self->session_ = std::move(*session);
        std::function<std::uint64_t()> count = [folder = self->order_.data_dir] {
            return bytes_to_copy(folder);
        };
        const auto bytes = co_await self->background_.run<std::uint64_t>(std::move(count));
        const CopyOffer offer{bytes, self->session_->server_version()};
        word = CopyWord::offer;
        said = print(offer);
    }
    auto first = copy_frame(word, said);
    const auto soon = deadline.earlier(accepts_within);
    const auto offered = co_await self->stream_->write_frame(std::move(first), soon);
    const auto answer = co_await self->stream_->read_frame(soon);
    if (!offered || !answer || self->ended_) {
        co_return; // It has no room, or no need of it any more.
    }
    const auto frame = parse_copy_frame(*answer);
    const auto rate = frame ? parse_copy_number(frame->bytes) : tl::unexpected(frame.error());
    if (!rate || frame->word != CopyWord::accept) {
        co_return;
    }
    const auto most = *rate;
    const auto sent = co_await send_files(self, most, deadline);
    auto last =
        sent ? copy_frame(CopyWord::end, {}) : copy_frame(CopyWord::broken, sent.error().message);
    const auto a_moment = Deadline::in(answers_within);
    static_cast<void>(co_await self->stream_->write_frame(std::move(last), a_moment));
}

Awaitable<int> Donor::send(std::shared_ptr<Donor> self, std::shared_ptr<Work> work,
                           std::string frame) {
    const auto deadline = Deadline::in(takes_within);
    const auto sent = co_await self->stream_->write_frame(std::move(frame), deadline);
    if (!sent) {
        work->fail(sent.error().code, sent.error().message);
    }
    co_return 0;
}

Awaitable<int> Donor::pump(std::shared_ptr<Donor> self, std::shared_ptr<Work> work,
                           std::uint64_t most_bytes_a_second) {
    std::vector<char> buffer(chunk_bytes);
    const auto began = steady_now();
    auto told = began;
    std::uint64_t bytes = 0;
    while (work->trouble.empty()) {
        const bool last_look = work->written; // Before the look: nothing comes after it.
        const auto got = ::read(work->in.fd(), buffer.data(), buffer.size());
        if (got > 0) {
            const std::string_view chunk(buffer.data(), static_cast<std::size_t>(got));
            auto frame = copy_frame(CopyWord::data, chunk);
            co_await send(self, work, std::move(frame));
            told = steady_now();
            bytes += static_cast<std::uint64_t>(got);
            while (ahead_of_rate(bytes, most_bytes_a_second, began).count() > 0 &&
                   work->trouble.empty() && !work->blocks_since) {
                co_await pause_for(breath);
            }
            continue;
        }
        if (last_look && is_at_end(got)) {
            break;
        }
        if (steady_now() - told > says_it_lives) {
            auto frame = copy_frame(CopyWord::alive, {});
            co_await send(self, work, std::move(frame));
            told = steady_now();
        }
        co_await pause_for(breath);
    }
    work->sent = true;
    co_return 0;
}

/// A tool that is gone has given its locks back, unless its session still waits for one: a server
/// looks at that session again only when it has the lock.
Awaitable<void> Donor::free_commits(std::shared_ptr<Donor> self) {
    const auto deadline = Deadline::in(answers_within);
    std::string ask = "SELECT ID FROM information_schema.processlist WHERE INFO = 'BACKUP STAGE "
                      "BLOCK_COMMIT'";
    const auto rows = co_await self->session_->query(std::move(ask), deadline);
    for (std::size_t row = 0; rows && row < rows->size(); ++row) {
        auto kill = fmt::format("KILL {}", rows->number(row, 0));
        static_cast<void>(co_await self->session_->query(std::move(kill), deadline));
    }
}

Awaitable<int> Donor::watch_commits(std::shared_ptr<Work> work) {
    while (work->trouble.empty() && !(work->written && work->sent)) {
        if (work->blocks_since && steady_now() - *work->blocks_since > longest_block) {
            work->fail(Errc::timeout,
                       fmt::format("commits waited {} ms for the copy, so it was given up: by a "
                                   "commit that waits for its standby, or a slow network or disk",
                                   longest_block.count()));
        }
        co_await pause_for(between_looks);
    }
    co_return 0;
}

Awaitable<Result<void>> Donor::send_files(std::shared_ptr<Donor> self,
                                          std::uint64_t most_bytes_a_second, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto pipe = self->order_.folder / "sent";
    auto work = std::make_shared<Work>(self->executor_, pipe);
    if (work->in.fd() < 0) {
        co_return fail(Errc::refused,
                       fmt::format("make a pipe {}: {}", pipe.string(), std::strerror(errno)));
    }
    self->together_ = work;
    auto tool = self->order_.tool;
    tool.output = pipe;
    std::function<void(std::string_view)> on_line = [state = work.get()](std::string_view line) {
        if (const auto block = commit_block_in(line)) {
            state->blocks_since =
                *block == CommitBlock::begins ? std::optional(steady_now()) : std::nullopt;
        }
    };
    std::function<void()> well = [state = work.get()] { state->written = true; };
    auto running = run_part(work, std::move(tool), std::move(on_line), std::move(well), deadline);
    auto pumping = pump(self, work, most_bytes_a_second);
    auto watching = watch_commits(work);
    auto trouble = until_trouble(work);
    // Only the tool is cut short: half a frame would be the end of what the receiver understands.
    auto tool_ends = std::move(running) || std::move(trouble);
    auto both = std::move(tool_ends) && std::move(pumping);
    static_cast<void>(co_await (std::move(both) && std::move(watching)));
    self->together_.reset();
    if (!work->trouble.empty() && work->blocks_since) {
        co_await free_commits(self);
    }
    std::error_code ignored;
    fs::remove(pipe, ignored);
    co_return work->outcome();
}

} // namespace lockstep::mysql
