#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"

namespace lockstep {

/// A JSON object that is read strictly: every key is asked for, with its type, before `finish()`;
/// what is left over is a mistake. Mistakes are collected and told all at once.
class StrictObject {
public:
    /// An empty text counts as an object without keys. Errors: `refused`: not JSON, no object.
    [[nodiscard]] static Result<StrictObject> parse(std::string_view text);
    ~StrictObject();
    StrictObject(StrictObject&&) noexcept;
    StrictObject& operator=(StrictObject&&) noexcept;

    [[nodiscard]] bool has(const std::string& key) const;
    /// Required, and not empty.
    std::string text(const std::string& key);
    std::string text(const std::string& key, const std::string& fallback);
    /// One of `allowed`.
    std::string word(const std::string& key, const std::vector<std::string>& allowed,
                     const std::string& fallback);
    std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t most,
                         std::int64_t fallback);
    bool flag(const std::string& key, bool fallback);
    /// Required: an array of texts.
    std::vector<std::string> texts(const std::string& key);
    /// Optional. Its mistakes count as this object's; say `done()` when all its keys were asked
    /// for.
    StrictObject object(const std::string& key);
    void done();
    /// A mistake found by the caller.
    void mistake(const std::string& what);
    /// Errors: `refused`, with all mistakes.
    [[nodiscard]] Result<void> finish();

private:
    struct Mistakes;
    StrictObject(std::unique_ptr<nlohmann::json> value, std::string path,
                 std::shared_ptr<Mistakes> mistakes);
    const nlohmann::json* find(const std::string& key);
    void wrong(const std::string& key, const std::string& wanted, const nlohmann::json& got);
    std::unique_ptr<nlohmann::json> value_;
    std::string path_; // "policy." inside that object.
    std::vector<std::string> asked_;
    std::shared_ptr<Mistakes> mistakes_;
};

} // namespace lockstep
