#pragma once

#include <string>

#include "core/observation.h"

namespace lockstep {

/// How long a probe has been without a good answer. A probe in flight counts as silence once it
/// takes longer than `patience`: it may hang for good. Times are of the boot clock.
class Silence {
public:
    static constexpr Milliseconds patience{500};

    /// Nothing is known yet: as if the last answer had been good.
    void reset(Milliseconds now) {
        good_at_ = now;
        asked_at_ = Milliseconds{0};
        bad_ = false;
        trouble_.clear();
    }
    void asked(Milliseconds now) { asked_at_ = now; }
    void good(Milliseconds now) { reset(now); }
    void bad(std::string trouble) {
        asked_at_ = Milliseconds{0};
        bad_ = true;
        trouble_ = std::move(trouble);
    }
    [[nodiscard]] Probe probe(Milliseconds now) const {
        const bool hangs = asked_at_.count() != 0 && now - asked_at_ > patience;
        if (!bad_ && !hangs) {
            return {};
        }
        return {now - good_at_, bad_ ? trouble_ : "no answer yet"};
    }

private:
    Milliseconds good_at_{0};
    Milliseconds asked_at_{0}; // Zero: none in flight.
    bool bad_ = false;
    std::string trouble_;
};

} // namespace lockstep
