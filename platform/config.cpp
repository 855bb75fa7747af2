#include "platform/config.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <type_traits>

#include <arpa/inet.h>
#include <toml++/toml.h>

#include "platform/files.h"

namespace lockstep {
namespace {

constexpr std::size_t largest_config_bytes = 1U << 20U;

struct Mistake {
    toml::source_position at;
    std::string message;
};

/// Shared by a file and its tables.
struct Reading {
    std::string file;
    toml::table root;
    std::vector<Mistake> mistakes;

    void add(toml::source_position at, std::string message) {
        mistakes.push_back({at, std::move(message)});
    }
};

toml::source_position position_of(const toml::node& node) {
    const auto begin = node.source().begin;
    return begin ? begin : toml::source_position{1, 1};
}

std::string place(const std::string& file, toml::source_position at) {
    return file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
}

std::string kind_of(const toml::node& node) {
    switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
    }
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

/// How many letters have to be put in, taken out or replaced to make one word of the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

/// The allowed key that was probably meant; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& allowed) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : allowed) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string unknown_key(std::string_view path, std::string_view key,
                        const std::vector<std::string>& allowed) {
    const auto meant = nearest(key, allowed);
    return "unknown key \"" + std::string(path) + std::string(key) + "\"" +
           (meant.empty() ? "" : " (did you mean \"" + meant + "\"?)") +
           "; allowed: " + (allowed.empty() ? "no keys here" : joined(allowed));
}

} // namespace

struct ConfigFile::Table::Node {
    std::shared_ptr<Reading> reading;
    std::string path;                   // "postgresql."; empty: the root.
    const toml::table* table = nullptr; // Null: the file has no such table.
    bool malformed = false;             // Something else stands in its place: told already.
    bool open = false;                  // settings() took every key.
    std::vector<std::string> asked;
    std::map<std::string, std::shared_ptr<Node>, std::less<>> tables;
    std::map<std::string, std::vector<std::shared_ptr<Node>>, std::less<>> lists;

    [[nodiscard]] toml::source_position at() const {
        return table == nullptr ? toml::source_position{1, 1} : position_of(*table);
    }
    const toml::node* find(std::string_view key) {
        if (std::find(asked.begin(), asked.end(), key) == asked.end()) {
            asked.emplace_back(key);
        }
        return table == nullptr ? nullptr : table->get(key);
    }
    [[nodiscard]] std::string quoted(std::string_view key) const {
        return "\"" + path + std::string(key) + "\"";
    }
    void wrong(const toml::node& node, std::string_view key, const std::string& allowed) {
        reading->add(position_of(node),
                     quoted(key) + " is " + kind_of(node) + "; allowed: " + allowed);
    }
    void missing(std::string_view key, const std::string& allowed) {
        if (!malformed) {
            reading->add(at(), quoted(key) + " is missing; allowed: " + allowed);
        }
    }
    /// The value, if it is there and of type T; a mistake if it is there and of another.
    template <class T> std::optional<T> value(std::string_view key, const std::string& allowed) {
        const auto* const node = find(key);
        if (node == nullptr) {
            return std::nullopt;
        }
        if (const auto* const typed = node->as<T>(); typed != nullptr) {
            return typed->get();
        }
        wrong(*node, key, allowed);
        return std::nullopt;
    }
    [[nodiscard]] bool has(std::string_view key) const {
        return table != nullptr && table->contains(key);
    }
    void find_unknown_keys() const;
};

void ConfigFile::Table::Node::find_unknown_keys() const {
    if (table != nullptr && !open) {
        for (const auto& [key, value] : *table) {
            if (std::find(asked.begin(), asked.end(), key.str()) == asked.end()) {
                reading->add(key.source().begin, unknown_key(path, key.str(), asked));
            }
        }
    }
    for (const auto& [name, node] : tables) {
        node->find_unknown_keys();
    }
    for (const auto& [name, nodes] : lists) {
        for (const auto& node : nodes) {
            node->find_unknown_keys();
        }
    }
}

struct ConfigFile::Document {
    std::shared_ptr<Reading> reading;
    std::shared_ptr<Table::Node> root;
};

bool ConfigFile::Table::present() const {
    return node_->table != nullptr;
}

std::string ConfigFile::Table::text(std::string_view key) {
    const std::string allowed = "text that is not empty";
    const auto value = node_->value<std::string>(key, allowed);
    if (!node_->has(key)) {
        node_->missing(key, allowed);
    } else if (value && value->empty()) {
        mistake(key, "is empty; allowed: " + allowed);
    }
    return value.value_or("");
}

std::string ConfigFile::Table::text(std::string_view key, std::string fallback) {
    return node_->value<std::string>(key, "text").value_or(std::move(fallback));
}

std::string ConfigFile::Table::word(std::string_view key, const std::vector<std::string>& allowed,
                                    std::string fallback) {
    const auto value = node_->value<std::string>(key, joined(allowed));
    if (!node_->has(key) && fallback.empty()) {
        node_->missing(key, joined(allowed));
    }
    if (!value) {
        return fallback;
    }
    if (std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
        const auto meant = nearest(*value, allowed);
        mistake(key, "is \"" + *value + "\"" +
                         (meant.empty() ? "" : " (did you mean \"" + meant + "\"?)") +
                         "; allowed: " + joined(allowed));
        return fallback;
    }
    return *value;
}

std::int64_t ConfigFile::Table::integer(std::string_view key, std::int64_t least, std::int64_t most,
                                        std::optional<std::int64_t> fallback) {
    const std::string allowed =
        "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    const auto value = node_->value<std::int64_t>(key, allowed);
    if (!node_->has(key) && !fallback) {
        node_->missing(key, allowed);
    }
    if (!value) {
        return fallback.value_or(least);
    }
    if (*value < least || *value > most) {
        mistake(key, "is " + std::to_string(*value) + "; allowed: " + allowed);
        return fallback.value_or(least);
    }
    return *value;
}

bool ConfigFile::Table::flag(std::string_view key, bool fallback) {
    return node_->value<bool>(key, "true or false").value_or(fallback);
}

std::vector<std::string> ConfigFile::Table::texts(std::string_view key) {
    const std::string allowed = "a list of texts";
    std::vector<std::string> values;
    const auto* const found = node_->find(key);
    if (found == nullptr) {
        return values;
    }
    const auto* const list = found->as_array();
    if (list == nullptr) {
        node_->wrong(*found, key, allowed);
        return values;
    }
    for (const auto& element : *list) {
        if (const auto* const value = element.as_string(); value != nullptr) {
            values.push_back(value->get());
        } else {
            node_->wrong(element, std::string(key) + "[]", "text");
        }
    }
    return values;
}

std::vector<std::pair<std::string, std::string>> ConfigFile::Table::settings() {
    std::vector<std::pair<std::string, std::string>> values;
    node_->open = true;
    if (node_->table == nullptr) {
        return values;
    }
    for (const auto& [key, value] : *node_->table) {
        const std::string name(key.str());
        if (const auto* const text = value.as_string(); text != nullptr) {
            values.emplace_back(name, text->get());
        } else if (const auto* const number = value.as_integer(); number != nullptr) {
            values.emplace_back(name, std::to_string(number->get()));
        } else if (const auto* const truth = value.as_boolean(); truth != nullptr) {
            values.emplace_back(name, truth->get() ? "true" : "false");
        } else {
            node_->wrong(value, name, "text (in quotes), an integer, true or false");
        }
    }
    return values;
}

ConfigFile::Table ConfigFile::Table::table(std::string_view key) {
    auto& child = node_->tables[std::string(key)];
    if (child) {
        return Table(child);
    }
    child = std::make_shared<Node>();
    child->reading = node_->reading;
    child->path = node_->path + std::string(key) + ".";
    child->malformed = node_->malformed;
    if (const auto* const found = node_->find(key); found != nullptr) {
        child->table = found->as_table();
        child->malformed = child->table == nullptr;
        if (child->malformed) {
            node_->wrong(*found, key, "a table, [" + node_->path + std::string(key) + "]");
        }
    }
    return Table(child);
}

std::vector<ConfigFile::Table> ConfigFile::Table::tables(std::string_view key) {
    const std::string allowed = "tables, [[" + node_->path + std::string(key) + "]]";
    std::vector<Table> elements;
    const auto* const found = node_->find(key);
    if (found == nullptr) {
        return elements;
    }
    const auto* const list = found->as_array();
    if (list == nullptr) {
        node_->wrong(*found, key, allowed);
        return elements;
    }
    auto& nodes = node_->lists[std::string(key)];
    nodes.clear();
    for (const auto& element : *list) {
        const auto place = std::string(key) + "[" + std::to_string(nodes.size() + 1) + "]";
        auto child = std::make_shared<Node>();
        child->reading = node_->reading;
        child->path = node_->path + place + ".";
        child->table = element.as_table();
        child->malformed = child->table == nullptr;
        if (child->malformed) {
            node_->wrong(element, place, allowed);
        }
        nodes.push_back(child);
        elements.push_back(Table(std::move(child)));
    }
    return elements;
}

void ConfigFile::Table::mistake(std::string_view key, const std::string& what) {
    const auto* const found = node_->find(key);
    node_->reading->add(found == nullptr ? node_->at() : position_of(*found),
                        node_->quoted(key) + " " + what);
}

Result<ConfigFile> ConfigFile::open(const std::filesystem::path& path) {
    auto text = read_file(path, largest_config_bytes);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse(*text, path.string());
}

Result<ConfigFile> ConfigFile::parse(std::string_view text, const std::string& name) {
    auto document = std::make_shared<Document>();
    document->reading = std::make_shared<Reading>();
    document->reading->file = name;
    try {
        document->reading->root = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return fail(Errc::refused, place(name, error.source().begin) +
                                       "this is not TOML: " + std::string(error.description()));
    }
    document->root = std::make_shared<Table::Node>();
    document->root->reading = document->reading;
    document->root->table = &document->reading->root;
    return ConfigFile(std::move(document));
}

ConfigFile::Table ConfigFile::root() {
    return Table(document_->root);
}

ConfigFile::Table ConfigFile::table(std::string_view key) {
    return root().table(key);
}

Result<void> ConfigFile::finish() {
    document_->root->find_unknown_keys();
    auto& mistakes = document_->reading->mistakes;
    if (mistakes.empty()) {
        return {};
    }
    std::stable_sort(mistakes.begin(), mistakes.end(),
                     [](const Mistake& a, const Mistake& b) { return a.at < b.at; });
    std::string all;
    for (const auto& mistake : mistakes) {
        all += (all.empty() ? "" : "\n") + place(document_->reading->file, mistake.at) +
               mistake.message;
    }
    return fail(Errc::refused, all);
}

Result<HostPort> parse_host_port(std::string_view text) {
    const auto wrong = [&](const std::string& why) {
        return fail(Errc::refused, "\"" + std::string(text) + "\" " + why +
                                       "; allowed: ADDRESS:PORT or [IPV6-ADDRESS]:PORT, such as "
                                       "192.0.2.1:7400 (an address, not a name)");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return wrong("has no port");
    }
    std::string address(text.substr(0, colon));
    const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
    if (bracketed) {
        address = address.substr(1, address.size() - 2);
    }
    in6_addr parsed{};
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), &parsed) != 1) {
        return wrong("does not begin with an IP address");
    }
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc() || stopped != end || port == 0) {
        return wrong("does not end in a port from 1 to 65535");
    }
    return HostPort{std::move(address), port};
}

} // namespace lockstep
