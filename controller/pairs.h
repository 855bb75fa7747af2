#pragma once

#include <map>
#include <memory>
#include <vector>

#include "controller/pair_loop.h"

namespace lockstep {

/// All pairs of this controller, each in its own loop.
class Pairs {
public:
    explicit Pairs(PairLoop::Parts parts);

    /// A pair from the store; its loop starts.
    void add(PairRecord record);
    void stop();

    /// Empty if there is none.
    [[nodiscard]] std::shared_ptr<PairLoop> find(const PairName& name) const;
    [[nodiscard]] std::shared_ptr<PairLoop> of_member(const MemberId& member) const;
    [[nodiscard]] std::vector<std::shared_ptr<PairLoop>> all() const;
    [[nodiscard]] std::vector<PairRecord> records() const;

private:
    void reindex();
    void drop(const PairName& name);

    PairLoop::Parts parts_;
    std::map<PairName, std::shared_ptr<PairLoop>> loops_;
    std::map<MemberId, PairName> by_member_;
};

} // namespace lockstep
