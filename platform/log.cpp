#include "platform/log.h"

#include <cstdlib>

#include <spdlog/sinks/stdout_sinks.h>

namespace lockstep {
namespace {

spdlog::level::level_enum level_of(Severity severity) {
    switch (severity) {
    case Severity::info: return spdlog::level::info;
    case Severity::warning: return spdlog::level::warn;
    case Severity::alarm: return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// Text from other machines must not be able to forge a line of the log.
std::string one_line(std::string text) {
    for (char& character : text) {
        const auto value = static_cast<unsigned char>(character);
        if (value < 0x20 || value == 0x7F) {
            character = ' ';
        }
    }
    return text;
}

std::string escaped(std::string_view text) {
    std::string pattern;
    for (const char character : text) {
        pattern += character;
        if (character == '%') {
            pattern += '%';
        }
    }
    return pattern;
}

} // namespace

void start_log(const std::string& name) {
    auto logger = std::make_shared<spdlog::logger>(
        "lockstep", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    const auto pattern = "%Y-%m-%dT%H:%M:%S.%eZ %l " + escaped(name) + ": %v";
    logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::trace);
    const char* const wanted = std::getenv("LOCKSTEP_LOG");
    const std::string word = wanted == nullptr ? "info" : wanted;
    const auto level = spdlog::level::from_str(word);
    const bool known = level != spdlog::level::off || word == "off";
    logger->set_level(known ? level : spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    if (!known) {
        spdlog::warn("LOCKSTEP_LOG is \"{}\"; allowed: trace, debug, info, warning, error, off",
                     one_line(word));
    }
}

void log_event(const Event& event) {
    std::string line = event.kind;
    for (const auto* name : {&event.pair, &event.member}) {
        if (!name->empty()) {
            line += " " + *name;
        }
    }
    spdlog::log(level_of(event.severity), "{}: {}", one_line(line), one_line(event.message));
}

} // namespace lockstep
