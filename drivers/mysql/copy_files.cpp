#include <array>
#include <cerrno>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/small_files.h"
#include "drivers/mysql/copier.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"
#include "platform/descriptor.h"
#include "platform/disk_space.h"
#include "platform/files.h"

/// The receiver of a copy of a MariaDB donor's files: it asks, unpacks what comes, has it recovered
/// to one moment and sets its position (docs/decisions/0020).
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds longest_answer{60};
constexpr std::chrono::seconds donor_comes_within{20};
constexpr std::chrono::seconds longest_silence{60};
constexpr std::chrono::seconds says_version_within{10};

struct Unpacking : mysql::Together {
    Unpacking(const asio::any_io_executor& executor, const fs::path& pipe)
        : Together(executor), out(pipe) {}
    mysql::Pipe out;
};

/// Leads the stream on until the donor says that this was all.
Awaitable<int> lead_on(std::shared_ptr<Unpacking> state, std::shared_ptr<FrameStream> stream,
                       std::function<void(std::uint64_t)> on_bytes) {
    std::uint64_t bytes = 0;
    while (state->trouble.empty()) {
        const auto deadline = Deadline::in(longest_silence);
        const auto read = co_await stream->read_frame(deadline);
        const auto frame = read ? mysql::parse_copy_frame(*read) : tl::unexpected(read.error());
        if (!frame) {
            state->fail(frame.error().code, "the donor's stream broke: " + frame.error().message);
        } else if (frame->word == mysql::CopyWord::end) {
            break;
        } else if (frame->word == mysql::CopyWord::broken) {
            state->fail(Errc::refused, "the donor: " + std::string(frame->bytes));
        } else if (frame->word == mysql::CopyWord::data) {
            co_await mysql::write_out(state, state->out.fd(), frame->bytes);
            bytes += frame->bytes.size();
            on_bytes(bytes);
        }
    }
    state->out.close();
    co_return 0;
}

Result<void> sync_all_of(const fs::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.valid() && ::syncfs(opened.get()) == 0
               ? Result<void>{}
               : fail(Errc::refused, "flush " + folder.string() + ": " + system_reason(errno));
}

/// What mariadb-backup leaves beside the data is not the server's.
Result<std::string> take_position(const fs::path& folder) {
    const auto position = mysql::copied_position(folder);
    if (!position) {
        return tl::unexpected(position.error());
    }
    std::error_code trouble;
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(folder, trouble)) {
        if (mysql::is_copiers_note(entry.path().filename().string())) {
            left.push_back(entry.path());
        }
    }
    for (const auto& file : left) {
        fs::remove(file, trouble);
    }
    return trouble ? fail(Errc::refused, "clear " + folder.string() + ": " + trouble.message())
                   : Result<std::string>(position->print());
}

} // namespace

mysql::CopyFacts MysqlDriver::copy_facts() const {
    mysql::CopyFacts facts;
    std::error_code ignored;
    for (const std::string_view name : {word().copier, std::string_view("mbstream")}) {
        if (!fs::exists(program(name), ignored)) {
            facts.missing_here = name;
        }
    }
    facts.elsewhere = mysql::setting_elsewhere(config_.settings);
    return facts;
}

TlsFiles MysqlDriver::tls_files() const {
    return {config_.tls.ca, config_.tls.certificate, config_.tls.key};
}

/// By a lock on its server, which this session holds: so it asks by the account that only this
/// member's certificate opens, and stops asking whatever becomes of this agent.
Awaitable<Result<MysqlDriver::FileCopyPtr>> MysqlDriver::ask_for_files(Member upstream,
                                                                       Deadline deadline) {
    auto copy = std::make_shared<FileCopy>();
    HostPort at{config_.address, config_.port};
    auto call = mysql::CopyCall::listen(executor_, std::move(at), tls_files(), upstream);
    if (!call) {
        co_return tl::unexpected(call.error());
    }
    copy->call = std::move(*call);
    auto connection = peer_connection(upstream);
    const auto opened =
        co_await Session::open(executor_, std::move(connection), longest_answer, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    copy->asking = *opened;
    std::string stay = "SET SESSION wait_timeout = 604800";
    auto lock =
        fmt::format("SELECT GET_LOCK({}, 0)", mysql::quote(mysql::copy_lock(config_.member)));
    const auto stays = co_await copy->asking->query(std::move(stay), deadline);
    const auto locked = co_await copy->asking->query(std::move(lock), deadline);
    if (!stays || !locked) {
        co_return tl::unexpected(stays ? locked.error() : stays.error());
    }
    if (locked->empty() || locked->text(0, 0) != "1") {
        co_return fail(Errc::conflict, "another session asks " + upstream.id +
                                           " for a copy to this member already");
    }
    const auto patience = deadline.earlier(donor_comes_within);
    auto stream = co_await copy->call->answered(patience);
    if (!stream) {
        copy->hindrance = stream.error().message;
        co_return copy;
    }
    copy->stream = std::move(*stream);
    const auto soon = deadline.earlier(longest_answer);
    const auto read = co_await copy->stream->read_frame(soon);
    const auto frame = read ? mysql::parse_copy_frame(*read) : tl::unexpected(read.error());
    if (!frame) {
        co_return within("the donor's offer", frame.error());
    }
    if (frame->word == mysql::CopyWord::none) {
        copy->hindrance = frame->bytes;
        co_return copy;
    }
    const auto offer = frame->word == mysql::CopyWord::offer
                           ? mysql::parse_copy_offer(frame->bytes)
                           : fail(Errc::conflict, "the donor: " + std::string(frame->bytes));
    if (!offer) {
        co_return tl::unexpected(offer.error());
    }
    copy->offer = *offer;
    co_return copy;
}

/// Before anything is copied. Errors: `unsupported` (another series), `refused` (no room).
Awaitable<Result<void>> MysqlDriver::check_offer(mysql::CopyOffer offer, Deadline deadline) {
    auto command = tool(word().copier, {"--version"});
    const auto brief = deadline.earlier(says_version_within);
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), brief, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    const auto own = mysql::backup_version_in(ran->output);
    if (mysql::series_of(own) != mysql::series_of(offer.version)) {
        co_return fail(Errc::unsupported,
                       fmt::format("the donor runs {}, and {} here is of {}: a copy needs the "
                                   "same series",
                                   offer.version, word().copier, own));
    }
    const auto room = space_of(config_.data_dir);
    co_return room ? mysql::check_room(offer.bytes, room->free_bytes)
                   : Result<void>(tl::unexpected(room.error()));
}

Awaitable<Result<void>> MysqlDriver::unpack(FileCopyPtr copy, fs::path into, OnProgress on_progress,
                                            Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto folder = alone_in(into).folder;
    if (auto made = make_private_folder(folder); !made) {
        co_return made;
    }
    const auto pipe = folder / "received";
    auto state = std::make_shared<Unpacking>(executor_, pipe);
    if (state->out.fd() < 0) {
        co_return fail(Errc::refused, "make a pipe " + pipe.string() + ": " + system_reason(errno));
    }
    auto accept =
        mysql::copy_frame(mysql::CopyWord::accept,
                          std::to_string(std::uint64_t{config_.rebuild_most_megabytes} << 20U));
    const auto soon = deadline.earlier(longest_answer);
    const auto accepted = co_await copy->stream->write_frame(std::move(accept), soon);
    if (!accepted) {
        co_return accepted;
    }
    auto command = tool("mbstream", {"-x", "-C", into.string()});
    command.input = pipe;
    std::function<void(std::uint64_t)> on_bytes = [on_progress,
                                                   total = copy->offer.bytes](std::uint64_t bytes) {
        on_progress({bytes, std::max(total, bytes)});
    };
    const std::function<void(std::string_view)> nobody;
    std::function<void()> nothing = [] {};
    auto unpacking =
        mysql::run_part(state, std::move(command), nobody, std::move(nothing), deadline);
    auto leading = lead_on(state, copy->stream, std::move(on_bytes));
    auto both = std::move(unpacking) && std::move(leading);
    auto trouble = mysql::until_trouble(state);
    static_cast<void>(co_await (std::move(both) || std::move(trouble)));
    std::error_code ignored;
    fs::remove(pipe, ignored);
    co_return state->outcome();
}

/// To one moment of the donor's, which is returned as a GTID position; then it is on the disk.
Awaitable<Result<std::string>> MysqlDriver::recover_files(fs::path into, Deadline deadline) {
    const auto folder = "--target-dir=" + into.string();
    auto command = tool(word().copier, {"--no-defaults", "--prepare", folder});
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused,
                       fmt::format("{} --prepare ended with status {}: {}", word().copier,
                                   ran->exit_status, mysql::last_words_of(ran->output)));
    }
    auto position = take_position(into);
    std::function<Result<void>()> flush = [into] { return sync_all_of(into); };
    const auto flushed = co_await background_.run<Result<void>>(std::move(flush));
    co_return flushed ? std::move(position) : tl::unexpected(flushed.error());
}

Awaitable<Result<void>> MysqlDriver::place_files(Session::Ptr session, std::string position,
                                                 std::shared_ptr<mysql::DataNote> note,
                                                 Deadline deadline) {
    auto placed = co_await place_copy(std::move(session), std::move(position), deadline);
    if (!placed) {
        co_return tl::unexpected(placed.error());
    }
    *note = std::move(*placed);
    co_return Result<void>{};
}

Awaitable<Result<mysql::DataNote>> MysqlDriver::copy_by_files(FileCopyPtr copy, fs::path into,
                                                              OnProgress on_progress,
                                                              Deadline deadline) {
    auto offer = copy->offer;
    auto done = co_await check_offer(std::move(offer), deadline);
    if (done) {
        done = make_private_folder(into);
    }
    if (done) {
        done = co_await unpack(copy, into, std::move(on_progress), deadline);
    }
    copy->asking->close();
    copy.reset(); // This member's own server needs the port.
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    const auto position = co_await recover_files(into, deadline);
    if (!position) {
        co_return tl::unexpected(position.error());
    }
    auto alone = alone_in(std::move(into));
    alone.logs = true;
    alone.more = {{"read_only", "OFF"}, {"gtid_strict_mode", "OFF"}, {"event_scheduler", "OFF"}};
    auto note = std::make_shared<mysql::DataNote>();
    AloneWork work = [this, where = *position, note, deadline](Session::Ptr session) {
        return place_files(std::move(session), where, note, deadline);
    };
    auto user = mysql::own_account();
    const auto ran =
        co_await run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    co_return ran ? Result<mysql::DataNote>(*note) : tl::unexpected(ran.error());
}

} // namespace lockstep
