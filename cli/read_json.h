#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/exit_status.h"

namespace lockstep::cli {

/// What `read_value` makes of a JSON text. The exceptions of the JSON library end here.
template <class Read>
auto read_json(const std::string& body, Read read_value)
    -> Answer<decltype(read_value(std::declval<const nlohmann::json&>()))> {
    try {
        return read_value(nlohmann::json::parse(body));
    } catch (const nlohmann::json::exception& trouble) {
        return give_up(ExitStatus::failed,
                       std::string("cannot read the controller's answer (is it of another "
                                   "version? `lockstep --version`): ") +
                           trouble.what());
    }
}

template <class T, class Item>
std::vector<T> all_of(const nlohmann::json& in, const char* key, Item read_item) {
    std::vector<T> items;
    for (const auto& item : in.at(key)) {
        items.push_back(read_item(item));
    }
    return items;
}

/// Null reads as an empty text.
inline std::string text_or_null(const nlohmann::json& value) {
    return value.is_null() ? std::string() : value.get<std::string>();
}

} // namespace lockstep::cli
