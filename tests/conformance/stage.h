#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "drivers/driver.h"

/// What a script is played on: two members under real drivers' contract, on real servers or on the
/// simulation's models of them. Everything that goes through a driver is the same for both; the
/// rest is here.
namespace lockstep::conformance {

/// What became of a client's commit.
enum class Outcome {
    acknowledged,
    waits,
    refused,    // The server said that it will not.
    unanswered, // Its connection ended: nobody knows.
};

class Stage {
public:
    virtual ~Stage() = default;

    [[nodiscard]] virtual std::string engine() const = 0; // As in a record.
    [[nodiscard]] virtual Driver& driver(const MemberId& node) = 0;
    [[nodiscard]] virtual const Member& member(const MemberId& node) const = 0;

    /// Starts the server as it is, and returns once it answers.
    virtual void launch(const MemberId& node) = 0;
    virtual void kill(const MemberId& node) = 0;
    virtual void freeze(const MemberId& node) = 0;
    virtual void thaw(const MemberId& node) = 0;
    /// Until the server that was asked to stop is gone.
    virtual void await_end(const MemberId& node) = 0;
    /// Where clients write; on a new database.
    virtual void make_table(const MemberId& node) = 0;
    /// A client writes this number; see `outcome`.
    virtual void begin_write(const MemberId& node, int number) = 0;
    [[nodiscard]] virtual Outcome outcome(int number, Milliseconds within) = 0;
    /// The numbers that a client finds there, in order: "1 2".
    [[nodiscard]] virtual std::string shown(const MemberId& node) = 0;
    /// What is received from now on is not replayed until the server ends.
    virtual void hold_replay(const MemberId& node) = 0;

    /// Runs the loop until the work is done. Throws what it threw.
    template <class T> T run(Awaitable<T> work) {
        std::optional<T> value;
        std::exception_ptr thrown;
        asio::co_spawn(context(), std::move(work), [&](std::exception_ptr error, T result) {
            thrown = error;
            value = std::move(result);
        });
        while (!value) {
            step();
        }
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        return std::move(*value);
    }
    void pause(Milliseconds span);
    /// Whether it came true within half a minute.
    template <class Condition> bool eventually(Condition condition) {
        for (int looks = 0; looks < 600; ++looks) {
            if (condition()) {
                return true;
            }
            pause(Milliseconds{50});
        }
        return false;
    }

protected:
    [[nodiscard]] virtual asio::io_context& context() = 0;
    virtual void step() = 0;
};

/// Throws the error's words.
template <class T> T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

} // namespace lockstep::conformance
