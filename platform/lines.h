#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lockstep {

/// Cuts a tool's output into lines. A carriage return ends a line too (progress meters); empty
/// lines are left out, longer ones come in pieces. Internal to platform/.
class LineSplitter {
public:
    static constexpr std::size_t longest_line_bytes = 4096;

    explicit LineSplitter(std::function<void(std::string_view)> on_line)
        : on_line_(std::move(on_line)) {}

    void take(std::string_view part) {
        for (const char character : part) {
            if (character == '\n' || character == '\r') {
                finish();
                continue;
            }
            line_ += character;
            if (line_.size() == longest_line_bytes) {
                finish();
            }
        }
    }
    /// The last line may have no end.
    void finish() {
        if (!line_.empty() && on_line_) {
            on_line_(line_);
        }
        line_.clear();
    }

private:
    std::function<void(std::string_view)> on_line_;
    std::string line_;
};

} // namespace lockstep
