#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <sys/types.h>

#include "core/result.h"
#include "platform/asio.h"

namespace lockstep::bed {

/// What a restored server's ledger says.
struct LedgerSeen {
    std::int64_t rows = 0;
    std::int64_t last = 0;    // The greatest number.
    std::int64_t damaged = 0; // Rows whose checksum is another number's.
    [[nodiscard]] bool is_whole() const { return rows == last && damaged == 0; }
};

/// Something that goes on while the test does other things.
template <class T> class Running {
public:
    template <class AnyBed> Running(AnyBed& bed, Awaitable<T> work) : context_(bed.context()) {
        asio::co_spawn(context_, std::move(work),
                       asio::bind_cancellation_slot(
                           state_->signal.slot(),
                           [state = state_](const std::exception_ptr& cancelled, T result) {
                               state->value = cancelled ? none() : std::move(result);
                           }));
    }
    /// It ends before what it works on does, also where a failure leaves the test.
    ~Running() {
        cancel();
        end();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    [[nodiscard]] bool is_over() const { return state_->value.has_value(); }
    /// In the loop's own turn, and only while it goes on: what it passes on has an end then.
    void cancel() {
        asio::post(context_, [state = state_] {
            if (!state->value) {
                state->signal.emit(asio::cancellation_type::terminal);
            }
        });
    }
    /// Lets everything go on for a moment.
    void step() {
        constexpr std::chrono::milliseconds breath{5};
        context_.restart();
        context_.run_for(breath);
    }
    T end() {
        while (!state_->value) {
            step();
        }
        return *state_->value;
    }

private:
    /// What a cancelled one returns.
    static T none() {
        if constexpr (std::is_integral_v<T>) {
            return T{};
        } else {
            return fail(Errc::conflict, "cancelled");
        }
    }
    struct State {
        std::optional<T> value;
        asio::cancellation_signal signal;
    };
    asio::io_context& context_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// The process of a tool that this program started; 0: there is none.
[[nodiscard]] pid_t tool_process(const std::string& name);
/// The bit of value 4 in one byte becomes the other.
void flip_a_bit(const std::filesystem::path& file, std::uint64_t at);

} // namespace lockstep::bed
