#include "controller/api/strict_object.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace lockstep {

using nlohmann::json;

namespace {

std::string join(const std::vector<std::string>& words, const std::string& between) {
    std::string joined;
    for (const auto& word : words) {
        joined += (joined.empty() ? "" : between) + word;
    }
    return joined;
}

std::string show(const json& value) {
    constexpr std::size_t longest_shown = 60;
    auto shown = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (shown.size() > longest_shown) {
        shown = shown.substr(0, longest_shown) + "...";
    }
    return shown;
}

} // namespace

struct StrictObject::Mistakes {
    std::vector<std::string> list;
};

StrictObject::StrictObject(std::unique_ptr<json> value, std::string path,
                           std::shared_ptr<Mistakes> mistakes)
    : value_(std::move(value)), path_(std::move(path)), mistakes_(std::move(mistakes)) {}
StrictObject::~StrictObject() = default;
StrictObject::StrictObject(StrictObject&&) noexcept = default;
StrictObject& StrictObject::operator=(StrictObject&&) noexcept = default;

Result<StrictObject> StrictObject::parse(std::string_view text) {
    auto value = std::make_unique<json>(json::object());
    if (!text.empty()) {
        *value = json::parse(text, nullptr, false);
    }
    if (value->is_discarded()) {
        return fail(Errc::refused, "the request's body is not JSON; a JSON object is wanted");
    }
    if (!value->is_object()) {
        return fail(Errc::refused,
                    "the request's body is " + show(*value) + "; a JSON object is wanted");
    }
    return StrictObject(std::move(value), "", std::make_shared<Mistakes>());
}

const json* StrictObject::find(const std::string& key) {
    asked_.push_back(key);
    const auto found = value_->find(key);
    return found == value_->end() ? nullptr : &*found;
}

bool StrictObject::has(const std::string& key) const {
    return value_->contains(key);
}

void StrictObject::wrong(const std::string& key, const std::string& wanted, const json& got) {
    mistake("\"" + path_ + key + "\" is " + show(got) + "; allowed: " + wanted);
}

void StrictObject::mistake(const std::string& what) {
    mistakes_->list.push_back(what);
}

std::string StrictObject::text(const std::string& key) {
    const auto* value = find(key);
    if (value == nullptr) {
        mistake("\"" + path_ + key + "\" is missing; a text is wanted");
        return {};
    }
    if (!value->is_string() || value->get_ref<const std::string&>().empty()) {
        wrong(key, "a text that is not empty", *value);
        return {};
    }
    return value->get<std::string>();
}

std::string StrictObject::text(const std::string& key, const std::string& fallback) {
    const auto* value = find(key);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_string()) {
        wrong(key, "a text", *value);
        return fallback;
    }
    return value->get<std::string>();
}

std::string StrictObject::word(const std::string& key, const std::vector<std::string>& allowed,
                               const std::string& fallback) {
    const auto* value = find(key);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_string() || std::find(allowed.begin(), allowed.end(),
                                         value->get_ref<const std::string&>()) == allowed.end()) {
        wrong(key, "\"" + join(allowed, "\", \"") + "\"", *value);
        return fallback;
    }
    return value->get<std::string>();
}

std::int64_t StrictObject::integer(const std::string& key, std::int64_t least, std::int64_t most,
                                   std::int64_t fallback) {
    const auto* value = find(key);
    if (value == nullptr) {
        return fallback;
    }
    const auto wanted =
        "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    // A number past the signed range is stored unsigned: it is out of range anyway.
    const auto fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() ||
                       value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)) &&
                      value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most;
    if (!fits) {
        wrong(key, wanted, *value);
        return fallback;
    }
    return value->get<std::int64_t>();
}

bool StrictObject::flag(const std::string& key, bool fallback) {
    const auto* value = find(key);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_boolean()) {
        wrong(key, "true, false", *value);
        return fallback;
    }
    return value->get<bool>();
}

std::vector<std::string> StrictObject::texts(const std::string& key) {
    const auto* value = find(key);
    if (value == nullptr) {
        mistake("\"" + path_ + key + "\" is missing; an array of texts is wanted");
        return {};
    }
    const auto is_text = [](const json& item) { return item.is_string(); };
    if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text)) {
        wrong(key, "an array of texts", *value);
        return {};
    }
    return value->get<std::vector<std::string>>();
}

StrictObject StrictObject::object(const std::string& key) {
    auto inner = std::make_unique<json>(json::object());
    if (const auto* value = find(key); value != nullptr) {
        if (value->is_object()) {
            *inner = *value;
        } else {
            wrong(key, "an object", *value);
        }
    }
    return StrictObject(std::move(inner), path_ + key + ".", mistakes_);
}

void StrictObject::done() {
    for (const auto& [key, value] : value_->items()) {
        if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
            const auto allowed = asked_.empty() ? "no keys" : join(asked_, ", ");
            mistake("unknown key \"" + path_ + key + "\"; allowed: " + allowed);
        }
    }
}

Result<void> StrictObject::finish() {
    done();
    if (mistakes_->list.empty()) {
        return {};
    }
    return fail(Errc::refused, join(mistakes_->list, "; "));
}

} // namespace lockstep
