#pragma once

#include <filesystem>
#include <string>

namespace lockstep::testbed {

enum class Engine { postgresql, mysql, mariadb };

/// As an agent's file, the command line and the record call it.
[[nodiscard]] std::string name_of(Engine engine);
/// For people.
[[nodiscard]] std::string product_of(Engine engine);
/// By its name. Throws Failure if there is none such.
[[nodiscard]] Engine engine_named(const std::string& name);
/// Where its server's programs are on this machine. Throws Failure, saying how to get them, if
/// there are none.
[[nodiscard]] std::filesystem::path programs_of(Engine engine);

} // namespace lockstep::testbed
