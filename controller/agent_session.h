#pragma once

#include <functional>
#include <memory>
#include <string>

#include "controller/wakeup.h"
#include "core/wire/messages.h"
#include "platform/tls_stream.h"

namespace lockstep {

/// One agent's open stream: reads what the agent says, and tells it the whole truth again and
/// again. What is told is asked for at the moment of writing, so it is never out of date.
class AgentSession {
public:
    struct Ends {
        std::function<wire::Told(const MemberId&)> told_for;
        std::function<void(AgentSession&, wire::Status)> status;
        std::function<void(AgentSession&, wire::Report)> report;
        std::function<void(AgentSession&, wire::Divergences)> divergences;
        std::function<void(AgentSession&, wire::Snapshots)> snapshots;
    };

    AgentSession(const asio::any_io_executor& executor, std::shared_ptr<FrameStream> stream,
                 wire::Hello hello, Ends ends);

    /// Until the stream ends. Returns why it did.
    [[nodiscard]] static Awaitable<Error> run(std::shared_ptr<AgentSession> self);
    /// Tells now.
    void push() { wakeup_.wake(); }
    void close();

    [[nodiscard]] const wire::Hello& hello() const { return hello_; }
    [[nodiscard]] const FrameStream& stream() const { return *stream_; }
    /// Boot time at which something last came over the stream.
    [[nodiscard]] Milliseconds heard_at() const { return heard_at_; }

private:
    [[nodiscard]] Awaitable<void> read_all();
    [[nodiscard]] Awaitable<void> write_all();
    [[nodiscard]] Result<void> accept(const std::string& frame);
    void end(Error why);

    std::shared_ptr<FrameStream> stream_;
    wire::Hello hello_;
    Ends ends_;
    Wakeup wakeup_;
    Milliseconds heard_at_;
    bool ended_ = false;
    Error why_;
};

} // namespace lockstep
