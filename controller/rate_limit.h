#pragma once

#include <map>
#include <string>

#include "core/policy.h"

namespace lockstep {

/// Lets each key pass once in an interval, so that a repeated mistake of a peer is an event and
/// not a flood of them. Holds a bounded number of keys.
class RateLimit {
public:
    explicit RateLimit(Milliseconds interval) : interval_(interval) {}

    [[nodiscard]] bool passes(const std::string& key, Milliseconds now) {
        const auto found = last_.find(key);
        if (found != last_.end() && now - found->second < interval_) {
            return false;
        }
        if (last_.size() >= most_keys) {
            std::erase_if(last_,
                          [&](const auto& entry) { return now - entry.second >= interval_; });
        }
        if (found == last_.end() && last_.size() >= most_keys) {
            return false;
        }
        last_[key] = now;
        return true;
    }

private:
    static constexpr std::size_t most_keys = 256;
    Milliseconds interval_;
    std::map<std::string, Milliseconds> last_;
};

} // namespace lockstep
