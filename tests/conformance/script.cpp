#include "tests/conformance/script.h"

namespace lockstep::conformance {
namespace {

constexpr std::string_view blanks = " \t";

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

/// Takes the part before `separator` off `rest`.
std::string_view next_part(std::string_view& rest, std::string_view separator) {
    const auto end = rest.find(separator);
    const auto part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
    return part;
}

std::string answer_of(std::string_view answers, std::string_view engine) {
    auto answer = trimmed(next_part(answers, ";"));
    while (!answers.empty()) {
        auto other = next_part(answers, ";");
        const auto who = trimmed(next_part(other, ":"));
        if (who == engine) {
            answer = trimmed(other);
        }
    }
    return answer;
}

} // namespace

std::vector<Step> steps_of(const Script& script, std::string_view engine) {
    std::vector<Step> steps;
    for (auto rest = script.text; !rest.empty();) {
        auto line = next_part(rest, "\n");
        auto does = trimmed(next_part(line, "=>"));
        if (!does.empty()) {
            steps.push_back({std::move(does), answer_of(line, engine)});
        }
    }
    return steps;
}

} // namespace lockstep::conformance
