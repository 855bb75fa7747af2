#include "drivers/postgres/postgres_driver.h"

/// Holding a standby's replay, so that a probe's commit on the primary is seen to wait.
namespace lockstep {

namespace {

/// The hold ends by itself inside the server: also when this process is gone, or busy.
constexpr auto hold_for_a_second = "do $$ begin perform pg_catalog.pg_wal_replay_pause(); "
                                   "perform pg_catalog.pg_sleep(1); "
                                   "perform pg_catalog.pg_wal_replay_resume(); end $$";
constexpr std::chrono::milliseconds renew_after{400};

} // namespace

/// Ends a hold before its time, without letting replay go on.
Awaitable<Result<void>> PostgresDriver::end_hold(Session::Ptr Sessions::*which, Deadline deadline) {
    const auto session = sessions_.*which;
    if (!session || !session->is_open() || !session->is_busy()) {
        co_return Result<void>{};
    }
    std::string sql = "select pg_cancel_backend($1::int)";
    std::vector<std::string> values{std::to_string(session->server_pid())};
    const auto cancelled = co_await command(std::move(sql), std::move(values), deadline);
    if (!cancelled) {
        co_return tl::unexpected(cancelled.error());
    }
    // Its answer, that it was cancelled or had ended, does not matter; that it ended does.
    const auto answer = co_await session->finish(deadline);
    if (!answer && answer.error().code == Errc::timeout) {
        session->close();
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresDriver::hold_replay(Deadline deadline) {
    const auto now = Clock::now();
    const bool holding = sessions_.hold && sessions_.hold->is_open() && sessions_.hold->is_busy();
    if (holding && now - remembered_.hold_began < renew_after) {
        co_return Result<void>{};
    }
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("hold replay", standby.error());
    }
    if (!*standby) {
        co_return fail(Errc::refused, "hold replay: the server is no standby");
    }
    // The new hold begins before the old one is ended, so that no moment is without an end.
    std::swap(sessions_.hold, sessions_.held);
    const auto ended = co_await end_hold(&Sessions::hold, deadline);
    if (!ended) {
        co_return within("hold replay", ended.error());
    }
    const auto opened = co_await kept(&Sessions::hold, Commits::unwaited, deadline);
    if (!opened) {
        co_return within("hold replay", opened.error());
    }
    const auto session = *opened;
    remembered_.hold_began = now;
    if (auto started = session->start(hold_for_a_second); !started) {
        co_return within("hold replay", started.error());
    }
    co_return co_await end_hold(&Sessions::held, deadline);
}

Awaitable<Result<void>> PostgresDriver::resume_replay(Deadline deadline) {
    std::string sql = "select case when pg_is_in_recovery() then pg_wal_replay_resume() end";
    std::vector<std::string> none;
    const auto resumed = co_await command(std::move(sql), std::move(none), deadline);
    if (!resumed) {
        co_return tl::unexpected(resumed.error());
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresDriver::release_replay(Deadline deadline) {
    // A cancelled hold never resumes, so replay goes on before one is cancelled: nothing stays
    // paused when this process ends in between. A hold that paused meanwhile needs the second.
    auto done = co_await resume_replay(deadline);
    for (const auto which : {&Sessions::hold, &Sessions::held}) {
        if (done) {
            done = co_await end_hold(which, deadline);
        }
    }
    if (done) {
        done = co_await resume_replay(deadline);
    }
    if (!done) {
        co_return within("release replay", done.error());
    }
    co_return done;
}

} // namespace lockstep
