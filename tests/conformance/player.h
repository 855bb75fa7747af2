#pragma once

#include "tests/conformance/script.h"
#include "tests/conformance/stage.h"

namespace lockstep::conformance {

/// Plays scripts on one stage.
class Player {
public:
    explicit Player(Stage& stage) : stage_(stage) {}

    /// a serves; b is in sync, as ls_b_7.
    void form_pair();
    /// Does one step. Returns what it came to: in the end the step's own answer, if that is so.
    [[nodiscard]] std::string play(const Step& step);

private:
    [[nodiscard]] std::string play_of(const MemberId& node, const std::string& does,
                                      const std::string& expected);
    [[nodiscard]] std::string question(const MemberId& node, const std::string& does,
                                       const std::string& expected);
    [[nodiscard]] bool happens_to(const MemberId& node, const std::string& does);
    [[nodiscard]] bool starts(const MemberId& node, const std::string& as);
    [[nodiscard]] bool is_told(const MemberId& node, const std::string& does);
    void start(const MemberId& node, const Ticket& ticket);
    [[nodiscard]] std::string promote(const MemberId& node);
    [[nodiscard]] std::string prove(const MemberId& node, const std::string& name);
    [[nodiscard]] std::string judge(const MemberId& node);
    [[nodiscard]] std::string rewind(const MemberId& node);
    [[nodiscard]] std::string reaches(const MemberId& node, const MemberId& other);
    [[nodiscard]] ServerReport observe(const MemberId& node);
    [[nodiscard]] Ticket primary_ticket(const MemberId& node, const std::string& name) const;
    [[nodiscard]] Ticket standby_ticket(const MemberId& node, const std::string& name) const;

    Stage& stage_;
    std::string start_;
    History history_;
};

} // namespace lockstep::conformance
