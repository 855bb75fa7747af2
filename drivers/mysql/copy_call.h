#pragma once

#include <memory>
#include <string>

#include "core/record.h"
#include "platform/tls_stream.h"

namespace lockstep::mysql {

/// The receiver's side of a copy of files: listens where its own database will, which cannot run
/// meanwhile, for the agent of the donor and nobody else. The stream lasts as long as the call.
class CopyCall {
public:
    /// Errors: `refused` (the port is taken).
    [[nodiscard]] static Result<std::unique_ptr<CopyCall>>
    listen(asio::any_io_executor executor, HostPort at, TlsFiles files, Member from);
    ~CopyCall();
    CopyCall(const CopyCall&) = delete;
    CopyCall& operator=(const CopyCall&) = delete;

    /// Errors: `timeout`, and who was turned away meanwhile.
    [[nodiscard]] Awaitable<Result<std::shared_ptr<FrameStream>>> answered(Deadline deadline);

private:
    struct State;
    explicit CopyCall(std::shared_ptr<State> state) : state_(std::move(state)) {}
    static Awaitable<void> take(std::shared_ptr<State> state, std::shared_ptr<FrameStream> stream);

    std::shared_ptr<State> state_;
    std::unique_ptr<FrameServer> server_;
};

} // namespace lockstep::mysql
