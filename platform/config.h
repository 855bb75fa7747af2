#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace lockstep {

/// A TOML file that is read strictly: every key must be asked for, with its type, before
/// `finish()`; anything left over is a mistake. Mistakes are collected and told all at once, each
/// as `FILE:LINE:COLUMN: what is wrong; what is allowed`.
///
///     auto file = ConfigFile::open(path);              // errors: unreadable, not TOML
///     auto postgres = file->table("postgres");
///     config.port = postgres.integer("port", 1, 65535, 5432);
///     if (auto ok = file->finish(); !ok) …             // all mistakes, a line each
class ConfigFile {
public:
    class Table {
    public:
        [[nodiscard]] bool present() const;
        /// Required, and not empty.
        std::string text(std::string_view key);
        std::string text(std::string_view key, std::string fallback);
        /// One of `allowed`; required if `fallback` is empty.
        std::string word(std::string_view key, const std::vector<std::string>& allowed,
                         std::string fallback);
        std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most,
                             std::optional<std::int64_t> fallback = std::nullopt);
        bool flag(std::string_view key, bool fallback);
        std::vector<std::string> texts(std::string_view key);
        /// Every key of this table with a text, integer or boolean value, as text: for settings
        /// that are handed on.
        std::vector<std::pair<std::string, std::string>> settings();
        Table table(std::string_view key);
        /// The tables of a list, [[key]]; none if there is no such key.
        std::vector<Table> tables(std::string_view key);
        /// A mistake found by the caller in `key`'s value.
        void mistake(std::string_view key, const std::string& what);

    private:
        friend class ConfigFile;
        struct Node;
        explicit Table(std::shared_ptr<Node> node) : node_(std::move(node)) {}
        std::shared_ptr<Node> node_;
    };

    [[nodiscard]] static Result<ConfigFile> open(const std::filesystem::path& path);
    /// The same from text; `name` stands for the file in mistakes.
    [[nodiscard]] static Result<ConfigFile> parse(std::string_view text, const std::string& name);
    Table root();
    Table table(std::string_view key);
    /// Errors: `refused` with all mistakes, unknown keys and tables among them.
    [[nodiscard]] Result<void> finish();

private:
    struct Document;
    explicit ConfigFile(std::shared_ptr<Document> document) : document_(std::move(document)) {}
    std::shared_ptr<Document> document_;
};

/// "ADDRESS:PORT" or "[V6]:PORT". Errors: `refused`: an IP address and a port are wanted, no name.
struct HostPort {
    std::string address;
    std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

} // namespace lockstep
