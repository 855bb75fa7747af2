#include "dns/decision/told.h"

#include <charconv>
#include <cstdint>

namespace lockstep::dns {
namespace {

constexpr std::string_view before_epoch = "\"epoch=";
constexpr std::string_view before_revision = " revision=";
constexpr std::string_view at_the_end = "\"";

[[nodiscard]] bool skip(std::string_view& text, std::string_view part) {
    if (!text.starts_with(part)) {
        return false;
    }
    text.remove_prefix(part.size());
    return true;
}

[[nodiscard]] std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

} // namespace

std::string to_text(const Told& told) {
    return std::string(before_epoch) + std::to_string(number(told.epoch)) +
           std::string(before_revision) + std::to_string(number(told.revision)) +
           std::string(at_the_end);
}

std::optional<Told> parse_told(std::string_view text) {
    const std::string_view whole = text;
    if (!skip(text, before_epoch)) {
        return std::nullopt;
    }
    const auto epoch = take_number(text);
    if (!epoch || !skip(text, before_revision)) {
        return std::nullopt;
    }
    const auto revision = take_number(text);
    if (!revision) {
        return std::nullopt;
    }
    const Told told{Epoch{*epoch}, Revision{*revision}};
    return to_text(told) == whole ? std::optional(told) : std::nullopt;
}

std::string in_words(const Told& told) {
    return "epoch " + std::to_string(number(told.epoch)) + ", revision " +
           std::to_string(number(told.revision));
}

} // namespace lockstep::dns
