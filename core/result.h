#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace lockstep {

/// What a caller can do about a failure.
enum class Errc {
    timeout,     // No answer before the deadline: the operation may still have happened.
    unreachable, // Never delivered: safe to retry.
    refused,     // Delivered and rejected: retrying as is cannot help.
    conflict,    // The record changed since we read it: read again, decide again.
    unsupported, // This version cannot do it.
    corrupt,     // An answer, a file or a stored record that we cannot parse.
};

[[nodiscard]] std::string_view to_string(Errc code);

/// A failure: what happened, to what, and (where it is known) what to do about it. Never holds a
/// secret.
struct Error {
    Errc code = Errc::refused;
    std::string message;
    friend bool operator==(const Error&, const Error&) = default;
};

template <class T> using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// The same failure, seen from one level higher: "promote db2: " + message.
[[nodiscard]] tl::unexpected<Error> within(std::string_view doing, Error error);

} // namespace lockstep
