#pragma once

#include <optional>
#include <string>

#include "agent/silence.h"
#include "core/observation.h"
#include "drivers/driver.h"

namespace lockstep {

/// What is known of the running server, and since when. Plain bookkeeping; times are of the boot
/// clock.
class ServerView {
public:
    /// A new process, or none any more: nothing is known.
    void forget(Milliseconds now);
    /// An answer to a question asked at `asked_at`. Older ones than the last command that changed
    /// the role are dropped.
    void take(ServerReport report, Milliseconds asked_at, Milliseconds now);
    void asked(Milliseconds now) { sql_.asked(now); }
    void failed(std::string trouble) { sql_.bad(std::move(trouble)); }
    /// A command made it primary.
    void became_primary(Milliseconds now);

    [[nodiscard]] const std::optional<ServerReport>& report() const { return report_; }
    [[nodiscard]] ServerState state() const;
    /// R9: the end of its log when it was first seen to answer as primary: at or past the end of
    /// recovery. Unknown before.
    [[nodiscard]] const Position& first_end() const { return first_end_; }
    [[nodiscard]] Probe sql(Milliseconds now) const { return sql_.probe(now); }
    [[nodiscard]] Stream stream(Milliseconds now) const;
    /// `proved_at`: when the last fsync probe that finished had been started.
    /// Something was acknowledged under the name in force, while it was.
    [[nodiscard]] bool has_heard_standby() const { return heard_standby_; }
    [[nodiscard]] Acknowledgements acknowledgements(Milliseconds now, Milliseconds proved_at) const;
    /// How long the standby has been without a stream; zero while it streams.
    [[nodiscard]] Milliseconds disconnected_for(Milliseconds now) const;

private:
    void take_stream(const Stream& stream, Milliseconds now);
    void take_acknowledgements(const ServerReport& report, Milliseconds now);

    std::optional<ServerReport> report_;
    Silence sql_;
    Milliseconds reported_at_{0};
    Milliseconds valid_from_{0};
    Milliseconds connected_since_{0};
    Milliseconds disconnected_since_{0};
    Position first_end_;
    std::string acknowledged_name_;
    Position acknowledged_;
    bool heard_standby_ = false;
    Milliseconds acknowledged_at_{0}; // When it last changed, or the name came into force.
};

} // namespace lockstep
