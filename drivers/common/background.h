#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// One thread for work that blocks (copying, removing many files), awaited from the strand. The
/// destructor waits for the work in hand, which must know its own end.
class Background {
public:
    /// The work touches nothing that the strand may touch meanwhile.
    template <class T> [[nodiscard]] Awaitable<T> run(std::function<T()> work) {
        auto executor = co_await asio::this_coro::executor;
        auto cell = std::make_shared<Cell<T>>(executor);
        auto job = [cell, executor, work = std::move(work)]() mutable {
            auto value = std::make_shared<T>(work());
            asio::post(executor, [cell = std::move(cell), value = std::move(value)] {
                cell->value = std::move(*value);
                cell->done.cancel();
            });
        };
        asio::post(pool_, std::move(job));
        while (!cell->value) {
            co_await cell->done.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return std::move(*cell->value);
    }

private:
    template <class T> struct Cell {
        explicit Cell(const asio::any_io_executor& executor)
            : done(executor, asio::steady_timer::time_point::max()) {}
        asio::steady_timer done;
        std::optional<T> value;
    };
    asio::thread_pool pool_{1};
};

} // namespace lockstep
