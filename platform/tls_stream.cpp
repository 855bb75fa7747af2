#include "platform/tls_stream.h"

#include <algorithm>
#include <array>

#include "platform/tls_listener.h"

namespace lockstep {

namespace {

constexpr std::size_t header_bytes = 4;
// A frame's memory is taken as its bytes arrive: a claim of a long one costs the claimant's bytes.
constexpr std::size_t step_bytes = 64U << 10U;

std::string with_header(const std::string& frame) {
    const auto length = static_cast<std::uint32_t>(frame.size());
    std::string bytes;
    bytes.reserve(header_bytes + frame.size());
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes += static_cast<char>((length >> shift) & 0xFFU);
    }
    return bytes + frame;
}

std::uint32_t length_in(const std::array<char, header_bytes>& header) {
    std::uint32_t length = 0;
    for (const char byte : header) {
        length = (length << 8U) | static_cast<unsigned char>(byte);
    }
    return length;
}

class TlsFrameStream final : public FrameStream {
public:
    TlsFrameStream(std::shared_ptr<TlsConnection> connection, std::size_t largest_frame_bytes)
        : connection_(std::move(connection)), largest_frame_bytes_(largest_frame_bytes) {}
    TlsFrameStream(const TlsFrameStream&) = delete;
    TlsFrameStream& operator=(const TlsFrameStream&) = delete;
    ~TlsFrameStream() override { connection_->close(); }

    const std::optional<PeerIdentity>& peer() const override { return connection_->peer(); }
    std::string remote_address() const override { return connection_->remote(); }
    void close() override { connection_->close(); }
    Awaitable<Result<std::string>> read_frame(Deadline deadline) override {
        return read(connection_, largest_frame_bytes_, deadline);
    }
    Awaitable<Result<void>> write_frame(std::string frame, Deadline deadline) override {
        return write(connection_, largest_frame_bytes_, std::move(frame), deadline);
    }

private:
    // They own what they need: the stream may go while they wait.
    static Awaitable<Result<std::string>> read(std::shared_ptr<TlsConnection> connection,
                                               std::size_t largest, Deadline deadline);
    static Awaitable<Result<void>> write(std::shared_ptr<TlsConnection> connection,
                                         std::size_t largest, std::string frame, Deadline deadline);

    std::shared_ptr<TlsConnection> connection_;
    std::size_t largest_frame_bytes_;
};

Awaitable<Result<std::string>> TlsFrameStream::read(std::shared_ptr<TlsConnection> connection,
                                                    std::size_t largest, Deadline deadline) {
    using Frame = Result<std::string>;
    std::array<char, header_bytes> header{};
    const std::span<char> header_span(header);
    const std::string header_name = "reading a frame's length";
    const auto headed = co_await connection->read_all(header_span, header_name, deadline);
    if (!headed) {
        co_return Frame(tl::unexpected(headed.error()));
    }
    const std::size_t length = length_in(header);
    if (length == 0) {
        co_return fail(Errc::corrupt, connection->remote() + " sent an empty frame");
    }
    if (length > largest) {
        co_return fail(Errc::corrupt, connection->remote() + " announced a frame of " +
                                          std::to_string(length) + " bytes; the limit is " +
                                          std::to_string(largest));
    }
    const std::string body_name = "reading a frame of " + std::to_string(length) + " bytes";
    std::string frame;
    while (frame.size() < length) {
        const std::size_t done = frame.size();
        frame.resize(std::min(length, done + step_bytes));
        const std::span<char> part(frame.data() + done, frame.size() - done);
        const auto filled = co_await connection->read_all(part, body_name, deadline);
        if (!filled) {
            co_return Frame(tl::unexpected(filled.error()));
        }
    }
    co_return Frame(std::move(frame));
}

Awaitable<Result<void>> TlsFrameStream::write(std::shared_ptr<TlsConnection> connection,
                                              std::size_t largest, std::string frame,
                                              Deadline deadline) {
    if (frame.empty() || frame.size() > largest) {
        co_return fail(Errc::refused, "a frame has 1 to " + std::to_string(largest) +
                                          " bytes, not " + std::to_string(frame.size()));
    }
    std::string bytes = with_header(frame);
    auto written = co_await connection->write_all(std::move(bytes), deadline);
    co_return written;
}

Awaitable<void> serve_frames(FrameServer::Serve serve, std::size_t largest_frame_bytes,
                             std::shared_ptr<TlsConnection> connection) {
    std::shared_ptr<FrameStream> stream =
        std::make_shared<TlsFrameStream>(connection, largest_frame_bytes);
    co_await serve(stream);
    // While the stream is there: its end closes at once, and the last frame could be lost.
    co_await connection->end_politely();
}

class TlsFrameServer final : public FrameServer {
public:
    explicit TlsFrameServer(std::shared_ptr<TlsListener> listener)
        : listener_(std::move(listener)) {}
    TlsFrameServer(const TlsFrameServer&) = delete;
    TlsFrameServer& operator=(const TlsFrameServer&) = delete;
    ~TlsFrameServer() override { listener_->close(); }
    std::uint16_t port() const override { return listener_->port(); }
    void close() override { listener_->close(); }

private:
    std::shared_ptr<TlsListener> listener_;
};

} // namespace

namespace {

Awaitable<Result<std::shared_ptr<FrameStream>>> dial_one(HostPort to, TlsFiles files,
                                                         std::string expected_ca_fingerprint,
                                                         CertificateUse whom, Deadline deadline,
                                                         std::size_t largest_frame_bytes) {
    using Dialled = Result<std::shared_ptr<FrameStream>>;
    auto context = client_context(files, expected_ca_fingerprint);
    if (!context) {
        co_return Dialled(tl::unexpected(context.error()));
    }
    auto connection = co_await TlsConnection::dial(to, *context, deadline, whom);
    if (!connection) {
        co_return Dialled(tl::unexpected(connection.error()));
    }
    co_return Dialled(
        std::make_shared<TlsFrameStream>(std::move(*connection), largest_frame_bytes));
}

} // namespace

Awaitable<Result<std::shared_ptr<FrameStream>>> dial(HostPort to, TlsFiles files,
                                                     std::string expected_ca_fingerprint,
                                                     Deadline deadline,
                                                     std::size_t largest_frame_bytes) {
    return dial_one(std::move(to), std::move(files), std::move(expected_ca_fingerprint),
                    CertificateUse::controller, deadline, largest_frame_bytes);
}

Awaitable<Result<std::shared_ptr<FrameStream>>>
dial_agent(HostPort to, TlsFiles files, Deadline deadline, std::size_t largest_frame_bytes) {
    return dial_one(std::move(to), std::move(files), {}, CertificateUse::agent, deadline,
                    largest_frame_bytes);
}

Result<std::unique_ptr<FrameServer>> FrameServer::listen(asio::any_io_executor executor,
                                                         HostPort at, TlsFiles files,
                                                         std::size_t largest_frame_bytes,
                                                         std::size_t most_connections, Serve serve,
                                                         Trouble on_trouble) {
    auto context = server_context(files, ClientCertificate::asked_for);
    if (!context) {
        return tl::unexpected(context.error());
    }
    TlsListener::Options options;
    options.most_connections = most_connections;
    auto serve_one = [serve = std::move(serve),
                      largest_frame_bytes](std::shared_ptr<TlsConnection> connection) {
        return serve_frames(serve, largest_frame_bytes, std::move(connection));
    };
    auto listener = TlsListener::listen(std::move(executor), std::move(at), std::move(*context),
                                        options, std::move(serve_one), std::move(on_trouble));
    if (!listener) {
        return tl::unexpected(listener.error());
    }
    return std::make_unique<TlsFrameServer>(std::move(*listener));
}

} // namespace lockstep
