#include "tests/tidy/rules.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lockstep::tidy {

namespace {

using Texts = std::vector<std::string_view>;

constexpr std::size_t most_lines_of_a_file = 600;
constexpr std::size_t most_lines_of_a_function = 70;

std::string breach(const Source& source, std::size_t line, const std::string& what) {
    return source.path + ":" + std::to_string(line) + ": " + what;
}

bool starts_with_any(std::string_view path, const Texts& prefixes) {
    return std::ranges::any_of(prefixes, [&](auto prefix) { return path.starts_with(prefix); });
}

std::string folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash + 1));
}

// Who may include whom, by the begin of the path; the first row that fits counts.
struct Arrow {
    std::string_view from;
    Texts to;
};
const std::vector<Arrow>& arrows() {
    static const std::vector<Arrow> table = {
        {"core/", {"core/"}},
        {"platform/", {"platform/", "core/"}},
        {"drivers/common/", {"drivers/common/", "platform/", "core/"}},
        {"drivers/postgres/",
         {"drivers/postgres/", "drivers/common/", "drivers/driver.h", "drivers/overseer.h",
          "drivers/snapshot_engine.h", "platform/", "core/"}},
        {"drivers/mysql/",
         {"drivers/mysql/", "drivers/common/", "drivers/driver.h", "drivers/overseer.h",
          "drivers/snapshot_engine.h", "platform/", "core/"}},
        {"drivers/", {"drivers/driver.h", "platform/", "core/"}},
        {"dns/", {"dns/", "platform/", "core/"}},
        {"snapshots/", {"snapshots/", "platform/", "core/"}},
        {"maintenance/", {"maintenance/", "platform/", "core/"}},
        {"controller/",
         {"controller/", "dns/", "snapshots/", "maintenance/", "platform/", "core/"}},
        // lockstepd is both programs: its main alone knows the other half and concrete drivers.
        {"agent/main.cpp", {"agent/", "controller/run.h", "drivers/", "platform/", "core/"}},
        {"agent/engines.cpp", {"agent/", "drivers/", "platform/", "core/"}},
        {"agent/run.cpp", {"agent/", "drivers/", "snapshots/", "dns/", "platform/", "core/"}},
        {"agent/",
         {"agent/", "drivers/driver.h", "drivers/snapshot_engine.h", "snapshots/", "dns/",
          "platform/", "core/"}},
        {"cli/", {"cli/", "platform/", "core/"}},
    };
    return table;
}

struct Library {
    std::string_view header; // Begin of the name.
    Texts users;
};
const std::vector<Library>& libraries() {
    static const std::vector<Library> table = {
        {"boost/beast", {"platform/http_server.cpp", "platform/http_client.cpp"}},
        {"boost/", {"platform/"}},
        {"openssl/", {"platform/"}},
        {"spdlog/fmt/", {""}}, // fmt, by the name under which spdlog brings it: for everybody.
        {"sqlite3.h", {"platform/"}},
        {"spdlog/", {"platform/"}},
        {"toml++/", {"platform/"}},
        {"libpq", {"drivers/postgres/"}},
        {"postgresql/", {"drivers/postgres/"}},
        {"mysql_driver.h", {"drivers/mysql/"}},
        {"mysql_connection.h", {"drivers/mysql/"}},
        {"cppconn/", {"drivers/mysql/"}},
        {"zstd.h", {"drivers/common/"}},
        {"ldns/", {"dns/"}},
        {"ares.h", {"dns/"}},
        {"CLI/", {"cli/", "agent/main.cpp"}},
    };
    return table;
}

struct Ban {
    std::string_view word;
    std::string_view instead;
    Texts allowed_in;
};
// A program without a loop of its own waits between two looks, each with a deadline: the command
// line, and what drives a real installation from outside.
const Texts sleepers = {"cli/main.cpp", "tests/support/", "tests/demo/", "tests/bench/",
                        "tests/e2e/"};

const std::vector<Ban>& bans() {
    static const std::vector<Ban> table = {
        {"std::cout",
         "standard output belongs to the command line; log_event",
         {"cli/", "tests/", "agent/run.cpp"}},
        {"std::cerr",
         "log_event (a program's one line at its start-up excepted)",
         {"cli/", "tests/", "agent/main.cpp", "agent/run.cpp", "controller/run.cpp"}},
        {"printf(", "log_event, or text in the Result", {"tests/"}},
        {"sleep_for", "co_await pause_for, or eventually() of tests/support", sleepers},
        {"sleep_until", "co_await until, or eventually() of tests/support", sleepers},
        {"usleep(", "co_await pause_for, or eventually() of tests/support", {}},
        {"system(", "platform/process.h, which runs no shell", {}},
        {"popen(", "platform/process.h, which runs no shell", {"tests/"}},
        {"using namespace std;", "full names, or using namespace std::chrono_literals", {}},
        {"std::rand", "random_hex of platform/clock.h, or a seeded engine in a test", {}},
        {"srand(", "random_hex of platform/clock.h, or a seeded engine in a test", {}},
        {"gmtime(", "format_time of platform/clock.h", {}},
        {"localtime(", "format_time of platform/clock.h", {}},
        {"MOCK_METHOD", "a fake written by hand in tests/support", {}},
        {"asio::detached", "an owner that ends it, and bugs_end_it of platform/bugs.h", {"tests/"}},
    };
    return table;
}

const std::vector<std::string_view>& impure_words() {
    static const std::vector<std::string_view> words = {
        "::now(",      "boost",      "asio",          "sqlite",   "sqlite3",     "libpq",
        "spdlog",      "rand(",      "random_device", "getenv",   "iostream",    "fstream",
        "std::thread", "std::mutex", "time(",         "co_await", "static std::"};
    return words;
}

Texts engine_words() {
    return {"postgres", "mysql", "mariadb", "wal", "binlog", "pg"};
}

// Where an engine is chosen, or where the word is not an engine's.
const Texts& may_name_engines() {
    static const Texts files = {
        "drivers/",
        "tests/",
        "agent/config.",
        "agent/main.cpp",    // The agent's file has a table for each engine,
        "agent/engines.cpp", // and here its driver is made.
        "cli/pair_create.cpp",
        "cli/request_bodies.h",
        "cli/completion.cpp",                // --engine
        "controller/api/request_bodies.cpp", // {"engine": …}
    };
    return files;
}

template <class Report>
void for_each_word(std::string_view code, std::string_view word, Report report) {
    for (auto at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
        if (is_word_at(code, at, word)) {
            report(at);
        }
    }
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// The parts of an identifier count as words here: wal_level, PgPool no less than wal.
bool is_part_at(std::string_view code, std::size_t at, std::string_view word) {
    const auto is_letter = [&](std::size_t i) {
        return i < code.size() && std::isalpha(static_cast<unsigned char>(code[i])) != 0;
    };
    return !(at > 0 && is_letter(at - 1)) && !(word.size() < 4 && is_letter(at + word.size()));
}

// One past the end of the expression that is awaited from `at` on.
std::size_t end_of_expression(std::string_view code, std::size_t at) {
    int depth = 0;
    for (; at < code.size(); ++at) {
        depth += code[at] == '(' || code[at] == '[' ? 1 : 0;
        depth -= code[at] == ')' || code[at] == ']' ? 1 : 0;
        if (depth < 0 || code[at] == ';' || code[at] == '{') {
            return at;
        }
    }
    return at;
}

} // namespace

Breaches check_arrows(const Source& source) {
    if (source.path.starts_with("tests/")) {
        return {};
    }
    Texts allowed;
    const std::string own = folder_of(source.path);
    if (own.ends_with("/decision/")) {
        allowed = {"core/", own};
    } else if (const auto row = std::ranges::find_if(
                   arrows(),
                   [&](const Arrow& arrow) { return source.path.starts_with(arrow.from); });
               row != arrows().end()) {
        allowed = row->to;
    }
    Breaches found;
    for (const Include& include : includes_of(source.text)) {
        if (include.ours && !starts_with_any(include.name, allowed)) {
            found.push_back(
                breach(source, include.line,
                       "includes " + include.name + ", against the arrows of the README"));
        }
    }
    return found;
}

Breaches check_libraries(const Source& source) {
    Breaches found;
    if (source.path.starts_with("tests/")) {
        return found;
    }
    for (const Include& include : includes_of(source.text)) {
        const auto row = std::ranges::find_if(libraries(), [&](const Library& library) {
            return !include.ours && include.name.starts_with(library.header);
        });
        if (row != libraries().end() && !starts_with_any(source.path, row->users)) {
            found.push_back(breach(source, include.line,
                                   "includes <" + include.name + ">, which is for " +
                                       std::string(row->users.front()) + "; use its wrapper"));
        }
    }
    return found;
}

Breaches check_purity(const Source& source) {
    Breaches found;
    if (!folder_of(source.path).ends_with("/decision/") || source.path.starts_with("tests/")) {
        return found;
    }
    const std::string code = code_of(source.text);
    for (const auto word : impure_words()) {
        for_each_word(code, word, [&](std::size_t at) {
            found.push_back(breach(source, line_at(code, at),
                                   "\"" + std::string(word) +
                                       "\" in a decision, which is a "
                                       "function of its arguments only"));
        });
    }
    return found;
}

Breaches check_banned_words(const Source& source) {
    Breaches found;
    const std::string code = code_of(source.text);
    for (const Ban& ban : bans()) {
        if (starts_with_any(source.path, ban.allowed_in)) {
            continue;
        }
        for_each_word(code, ban.word, [&](std::size_t at) {
            found.push_back(breach(source, line_at(code, at),
                                   "\"" + std::string(ban.word) + "\": use instead " +
                                       std::string(ban.instead)));
        });
    }
    // In comments too. Written so that this file does not break its own rule.
    for (const std::string_view later : {"TO"
                                         "DO",
                                         "FIX"
                                         "ME",
                                         "XX"
                                         "X"}) {
        for_each_word(source.text, later, [&](std::size_t at) {
            found.push_back(breach(source, line_at(source.text, at),
                                   "\"" + std::string(later) + "\": do it now or open an issue"));
        });
    }
    return found;
}

Breaches check_co_await(const Source& source) {
    Breaches found;
    const std::string code = code_of(source.text);
    for_each_word(code, "co_await", [&](std::size_t at) {
        const std::size_t before = code.find_last_of(";{}", at);
        const std::size_t begin = before == std::string::npos ? 0 : before;
        if (code.substr(begin, at - begin).find('?') != std::string::npos) {
            found.push_back(breach(source, line_at(code, at),
                                   "a co_await inside ?:, whose result g++ 12 destroys twice: "
                                   "await it in an if"));
        }
        const std::size_t end = end_of_expression(code, at);
        if (end < code.size() && code[end] == '{') {
            found.push_back(breach(source, line_at(code, at),
                                   "a brace or a lambda inside a co_await expression, which g++ 12 "
                                   "destroys twice: name it first"));
        }
    });
    return found;
}

Breaches check_length(const Source& source) {
    Breaches found;
    const auto lines = static_cast<std::size_t>(std::ranges::count(source.text, '\n'));
    if (lines > most_lines_of_a_file) {
        found.push_back(breach(source, lines,
                               "a file of more than " + std::to_string(most_lines_of_a_file) +
                                   " lines: it holds more than one idea"));
    }
    for (const Function& function : functions_of(source.text)) {
        if (function.lines > most_lines_of_a_function) {
            found.push_back(breach(source, function.line,
                                   "a function of " + std::to_string(function.lines) +
                                       " lines; the most is " +
                                       std::to_string(most_lines_of_a_function)));
        }
    }
    return found;
}

Breaches check_pragma_once(const Source& source) {
    if (!source.path.ends_with(".h") || source.text.starts_with("#pragma once\n")) {
        return {};
    }
    return {breach(source, 1, "a header begins with #pragma once")};
}

Breaches check_engine_words(const Source& source) {
    Breaches found;
    if (starts_with_any(source.path, may_name_engines())) {
        return found;
    }
    const std::string code = lower(code_of(source.text));
    for (const auto word : engine_words()) {
        for (auto at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
            if (is_part_at(code, at, word)) {
                found.push_back(breach(source, line_at(code, at),
                                       "\"" + std::string(word) +
                                           "\" is a word of one engine: "
                                           "it belongs in drivers/"));
            }
        }
    }
    return found;
}

Breaches check_readme(const std::string& readme, const std::vector<std::string>& folders) {
    Breaches found;
    for (const std::string& folder : folders) {
        if (readme.find("| `" + folder + "`") == std::string::npos) {
            found.push_back("README.md: the table of folders does not name " + folder);
        }
    }
    return found;
}

} // namespace lockstep::tidy
