#pragma once

// The one place that includes Asio, so that it is precompiled once.
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

namespace lockstep {

namespace asio = boost::asio;
using boost::system::error_code;

/// Coroutines here take their parameters by value, and every argument of a co_awaited call is
/// named first: g++ 12 destroys temporaries inside a co_await expression twice.
template <class T> using Awaitable = asio::awaitable<T>;

} // namespace lockstep
