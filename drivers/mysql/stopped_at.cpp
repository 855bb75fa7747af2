#include "drivers/mysql/mysql_driver.h"

namespace lockstep {

/// For when no server runs that could be asked. Should it fail, stopped_at() says that the history
/// is not what the log has; the next look tries again.
void MysqlDriver::note_history(const History& history) {
    if (history == remembered_.noted) {
        return;
    }
    auto note = mysql::read_note(config_.data_dir);
    if (!note) {
        return;
    }
    note->history = history.text;
    if (mysql::write_note(config_.data_dir, *note)) {
        remembered_.noted = history;
    }
}

/// A server closes its log after its last session, and says so in the log's first event; nothing
/// can follow. One that was drained and then halted says nothing; but once its process is gone
/// nothing can follow there either, and what is whole in the log is what its recovery keeps.
Awaitable<Result<std::optional<Position>>> MysqlDriver::stopped_at(Deadline) {
    using Answer = Result<std::optional<Position>>;
    const auto doing = "look where the log ends";
    const auto files = mysql::log_files(mysql::log_index(config_));
    if (!files) {
        co_return within(doing, files.error());
    }
    const auto closed = mysql::is_closed(files->back());
    if (!closed) {
        co_return within(doing, closed.error());
    }
    const bool halted = halt_ == Halt::done && !running_server();
    if (!*closed && !halted) {
        co_return Answer(std::nullopt);
    }
    const auto log = co_await read_log();
    const auto note = mysql::read_note(config_.data_dir);
    if (!log || !note) {
        co_return within(doing, log ? note.error() : log.error());
    }
    const History history{note->history};
    const auto descent = mysql::parse_history(config_.flavour, history);
    if (!descent) {
        co_return within(doing, descent.error());
    }
    auto place = mysql::place_of(*descent, log->held);
    if (!place.trouble.empty()) {
        co_return fail(Errc::corrupt, std::string(doing) + ": " + place.trouble);
    }
    co_return Answer(std::move(place.position));
}

} // namespace lockstep
