#include "platform/tls_connection.h"

#include <array>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <openssl/x509_vfy.h>

namespace lockstep {

namespace {

using asio::ip::tcp;

constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds polite_end{1};

// A peer that vanished without a word is noticed within half a minute even where nothing is sent.
void set_options(tcp::socket& socket) {
    error_code ignored; // A socket that cannot have them fails at its first use, with a reason.
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    constexpr std::array limits = {std::pair{TCP_KEEPIDLE, 10}, std::pair{TCP_KEEPINTVL, 5},
                                   std::pair{TCP_KEEPCNT, 3}};
    for (const auto& [option, value] : limits) {
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof(value));
    }
}

} // namespace

// Closes the connection if it still exists when the deadline passes.
class TlsConnection::Alarm {
public:
    Alarm(std::shared_ptr<TlsConnection> connection, Deadline deadline)
        : timer_(connection->stream_.get_executor(), deadline.at()),
          state_(std::make_shared<State>(State::armed)) {
        timer_.async_wait([state = state_, connection](const error_code&) {
            // The timer may have fired just before its alarm went: then the state says so.
            if (*state == State::armed) {
                *state = State::fired;
                connection->close();
            }
        });
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() {
        if (*state_ == State::armed) {
            *state_ = State::gone;
        }
    }
    [[nodiscard]] bool fired() const { return *state_ == State::fired; }

private:
    enum class State { armed, fired, gone };
    asio::steady_timer timer_;
    std::shared_ptr<State> state_;
};

TlsConnection::TlsConnection(Socket socket, std::shared_ptr<TlsContext> context, std::string remote)
    : context_(std::move(context)), stream_(std::move(socket), context_->ssl),
      remote_(std::move(remote)) {
    if (stream_.next_layer().is_open()) {
        set_options(stream_.next_layer());
    }
}

Awaitable<Result<std::shared_ptr<TlsConnection>>>
TlsConnection::dial(HostPort to, std::shared_ptr<TlsContext> context, Deadline deadline,
                    CertificateUse whom) {
    using Dialled = Result<std::shared_ptr<TlsConnection>>;
    const auto endpoint = to_endpoint(to);
    if (!endpoint) {
        co_return Dialled(tl::unexpected(endpoint.error()));
    }
    tcp::socket socket(co_await asio::this_coro::executor);
    const bool is_join = !context->expected_ca_fingerprint.empty();
    auto connection =
        std::make_shared<TlsConnection>(std::move(socket), std::move(context), to_text(*endpoint));
    if (!is_join) {
        if (auto expected = connection->expect_address(to.address); !expected) {
            co_return Dialled(tl::unexpected(expected.error()));
        }
    }
    const auto connected = co_await connection->connect(*endpoint, deadline);
    if (!connected) {
        co_return Dialled(tl::unexpected(connected.error()));
    }
    const auto client = asio::ssl::stream_base::client;
    const auto shaken = co_await connection->handshake(client, deadline);
    if (!shaken) {
        connection->close();
        co_return Dialled(within(connection->remote(), shaken.error()));
    }
    if (auto expected = connection->expect_kind(whom); !expected) {
        connection->close();
        co_return Dialled(tl::unexpected(expected.error()));
    }
    co_return Dialled(std::move(connection));
}

Awaitable<Result<void>> TlsConnection::accept_handshake(Deadline deadline) {
    const auto server = asio::ssl::stream_base::server;
    auto shaken = co_await handshake(server, deadline);
    co_return shaken;
}

Awaitable<Result<void>> TlsConnection::connect(tcp::endpoint to, Deadline deadline) {
    const auto self = shared_from_this();
    const Alarm alarm(self, deadline);
    const auto [failure] = co_await stream_.next_layer().async_connect(to, awaiting);
    if (failure) {
        co_return explain(failure, alarm.fired());
    }
    set_options(stream_.next_layer());
    co_return Result<void>{};
}

Awaitable<Result<void>> TlsConnection::handshake(asio::ssl::stream_base::handshake_type side,
                                                 Deadline deadline) {
    const auto self = shared_from_this();
    const Alarm alarm(self, deadline);
    const auto [failure] = co_await stream_.async_handshake(side, awaiting);
    if (failure) {
        const bool is_tls = failure.category() == asio::error::get_ssl_category();
        if (is_tls && !alarm.fired()) {
            co_return fail(Errc::refused, handshake_reason(stream_.native_handle(), failure));
        }
        co_return within("TLS handshake", reason(failure, alarm.fired()));
    }
    peer_ = peer_identity(stream_.native_handle());
    co_return Result<void>{};
}

Result<void> TlsConnection::expect_address(const std::string& address) {
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(stream_.native_handle());
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, address.c_str()) != 1) {
        return fail(Errc::refused, "\"" + address + "\" is no IP address");
    }
    return {};
}

Result<void> TlsConnection::expect_kind(CertificateUse whom) const {
    const std::string wanted(to_string(whom));
    if (peer_ && peer_->use == wanted) {
        return {};
    }
    const std::string shown = peer_ ? peer_->use + " \"" + peer_->name + "\"" : "nobody";
    return fail(Errc::refused, remote_ + ": its certificate is that of " + shown +
                                   ", not that of " +
                                   (whom == CertificateUse::agent ? "an " : "a ") + wanted +
                                   ": is this the right address?");
}

Error TlsConnection::reason(const error_code& failure, bool late) const {
    if (late) {
        return {Errc::timeout, "no answer before the deadline"};
    }
    if (closed_) {
        return {Errc::unreachable, "the connection was closed on this side"};
    }
    if (const std::string alert = received_alert(failure); !alert.empty()) {
        return {Errc::refused, "it refused our certificate: " + alert};
    }
    if (failure == asio::error::eof || failure == asio::ssl::error::stream_truncated) {
        return {Errc::unreachable, "it closed the connection"};
    }
    if (failure.category() == asio::error::get_ssl_category()) {
        return {Errc::corrupt, "not TLS as it should be: " + failure.message()};
    }
    return {Errc::unreachable, failure.message()};
}

tl::unexpected<Error> TlsConnection::explain(const error_code& failure, bool late) const {
    return within(remote_, reason(failure, late));
}

Awaitable<Result<std::size_t>> TlsConnection::read_some(std::span<char> into, Deadline deadline) {
    const auto self = shared_from_this();
    const Alarm alarm(self, deadline);
    const auto buffer = asio::buffer(into.data(), into.size());
    const auto [failure, count] = co_await stream_.async_read_some(buffer, awaiting);
    if (failure) {
        co_return explain(failure, alarm.fired());
    }
    co_return Result<std::size_t>(count);
}

Awaitable<Result<void>> TlsConnection::read_all(std::span<char> into, std::string what,
                                                Deadline deadline) {
    const auto self = shared_from_this();
    const Alarm alarm(self, deadline);
    std::size_t done = 0;
    while (done < into.size()) {
        const auto rest = asio::buffer(into.data() + done, into.size() - done);
        const auto [failure, count] = co_await stream_.async_read_some(rest, awaiting);
        if (failure) {
            const std::string where = done == 0
                                          ? what
                                          : what + ", after " + std::to_string(done) + " of " +
                                                std::to_string(into.size()) + " bytes";
            co_return within(where, explain(failure, alarm.fired()).value());
        }
        done += count;
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> TlsConnection::write_all(std::string bytes, Deadline deadline) {
    const auto self = shared_from_this();
    const Alarm alarm(self, deadline);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto rest = asio::buffer(bytes.data() + done, bytes.size() - done);
        const auto [failure, count] = co_await stream_.async_write_some(rest, awaiting);
        if (failure) {
            co_return explain(failure, alarm.fired());
        }
        done += count;
    }
    co_return Result<void>{};
}

Awaitable<void> TlsConnection::end_politely() {
    const auto self = shared_from_this();
    error_code failure;
    stream_.next_layer().shutdown(Socket::shutdown_send, failure);
    if (!failure) {
        const auto deadline = Deadline::in(polite_end);
        const Alarm alarm(self, deadline);
        std::array<char, 4096> unwanted{};
        const auto buffer = asio::buffer(unwanted);
        while (!failure) {
            const auto [ended, count] =
                co_await stream_.next_layer().async_read_some(buffer, awaiting);
            failure = ended;
        }
    }
    close();
}

void TlsConnection::close() {
    closed_ = true;
    error_code ignored; // There is nothing left to do with a socket that does not close.
    stream_.next_layer().close(ignored);
}

std::string to_text(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = ":" + std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]" + port : address + port;
}

Result<tcp::endpoint> to_endpoint(const HostPort& at) {
    error_code failure;
    const auto address = asio::ip::make_address(at.address, failure);
    if (failure) {
        return fail(Errc::refused, "\"" + at.address + "\" is no IP address");
    }
    return tcp::endpoint(address, at.port);
}

} // namespace lockstep
