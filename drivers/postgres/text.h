#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The quoting and splitting of PostgreSQL's own file formats.
namespace lockstep::postgres {

[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// As postgresql.conf wants a value: in single quotes, these and backslashes doubled.
[[nodiscard]] std::string quote_setting(std::string_view value);
/// The value that begins with its opening quote; what follows the closing one is ignored.
[[nodiscard]] std::string unquote_setting(std::string_view quoted);
/// As a connection string wants a value: in single quotes, these and backslashes after a
/// backslash.
[[nodiscard]] std::string quote_conninfo(std::string_view value);

/// The name, in lower case, that a line of a configuration file sets; empty if it sets none.
[[nodiscard]] std::string setting_name_in(std::string_view line);

/// One line for an error message: trimmed, line ends become "; ".
[[nodiscard]] std::string one_line(std::string_view text);

} // namespace lockstep::postgres
