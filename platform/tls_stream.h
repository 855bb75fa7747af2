#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "platform/asio.h"
#include "platform/certificates.h"
#include "platform/config.h"
#include "platform/deadline.h"

/// Framed text over TLS 1.3: each frame is a 4-byte big-endian length and that many bytes
/// (DECISIONS.md 6).
namespace lockstep {

struct TlsFiles {
    std::filesystem::path ca;
    std::filesystem::path certificate; // Empty: none is shown (a join).
    std::filesystem::path key;
};

/// Who is at the other end, from its certificate.
struct PeerIdentity {
    std::string name;            // CN
    std::string use;             // OU: "agent", "operator", "controller"
    std::string key_fingerprint; // of its public key
};

/// One connection. Not thread-safe: use it on one strand. One reader and one writer at a time.
class FrameStream {
public:
    virtual ~FrameStream() = default;
    /// Empty if the peer showed no certificate (only where the server allowed that).
    [[nodiscard]] virtual const std::optional<PeerIdentity>& peer() const = 0;
    [[nodiscard]] virtual std::string remote_address() const = 0;
    /// Errors: `unreachable` at the end of the stream, `corrupt` if a frame is larger than the
    /// limit or empty (the message says which; the caller closes), `timeout` (the connection is
    /// then closed), `refused` if the server refused our certificate: TLS 1.3 tells a client so
    /// only at its first read.
    [[nodiscard]] virtual Awaitable<Result<std::string>> read_frame(Deadline deadline) = 0;
    [[nodiscard]] virtual Awaitable<Result<void>> write_frame(std::string frame,
                                                              Deadline deadline) = 0;
    /// At once; operations in flight end with `unreachable`.
    virtual void close() = 0;
};

/// Dials and shakes hands. `expected_ca_fingerprint`: for a join, when no CA file exists yet: the
/// chain's root must have this fingerprint (then `files.ca` is not read). The peer must be a
/// controller. Errors: `unreachable`, `refused` (handshake: says why), `timeout`.
[[nodiscard]] Awaitable<Result<std::shared_ptr<FrameStream>>>
dial(HostPort to, TlsFiles files, std::string expected_ca_fingerprint, Deadline deadline,
     std::size_t largest_frame_bytes);

/// The same from agent to agent: the peer must be an agent whose certificate holds `to.address`.
/// Which one the caller looks at itself.
[[nodiscard]] Awaitable<Result<std::shared_ptr<FrameStream>>>
dial_agent(HostPort to, TlsFiles files, Deadline deadline, std::size_t largest_frame_bytes);

/// Listens and serves each connection in a coroutine of its own on the executor (a strand, or a
/// context with one thread), at most `most_connections` at once; handshake within 5 s. Clients
/// without a certificate are let through with an empty peer(). When `serve` returns, the connection
/// ends such that the last frame still arrives. Failed handshakes are handed to `on_trouble`
/// (address, reason). Destroy it before the executor's context.
class FrameServer {
public:
    using Serve = std::function<Awaitable<void>(std::shared_ptr<FrameStream>)>;
    using Trouble = std::function<void(std::string address, std::string reason)>;
    /// Errors: `refused`, naming the address and the system's reason (port in use …).
    [[nodiscard]] static Result<std::unique_ptr<FrameServer>>
    listen(asio::any_io_executor executor, HostPort at, TlsFiles files,
           std::size_t largest_frame_bytes, std::size_t most_connections, Serve serve,
           Trouble on_trouble);
    /// The port, also when 0 was asked for.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Stops accepting and closes all connections.
    virtual void close() = 0;
    virtual ~FrameServer() = default;
};

} // namespace lockstep
