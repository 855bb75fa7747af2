#include "cli/help.h"

#include <algorithm>

#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::size_t names_width = 28;
constexpr std::size_t narrowest = 60;
constexpr std::size_t widest = 100; // Longer lines are hard to read.

} // namespace

HelpFormatter::HelpFormatter(std::size_t width) : width_(std::clamp(width, narrowest, widest)) {
    label("REQUIRED", "");
    label("SUBCOMMAND", "VERB ...");
    column_width(names_width);
}

std::string HelpFormatter::beside(const std::string& name, const std::string& about) const {
    const auto first = "  " + name;
    if (shown_width(first) + 2 > names_width) {
        return first + "\n" + paragraph(std::string(names_width, ' '), about, width_);
    }
    return paragraph(padded(first, names_width), about, width_);
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
    const auto type = option->get_type_size() == 0 ? "" : option->get_type_name();
    return type.empty() ? "" : " " + type;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
    const auto name = make_option_name(option, is_positional) + make_option_opts(option);
    const bool say_required = option->get_required() && !is_positional;
    return beside(name, make_option_desc(option) + (say_required ? " (required)" : ""));
}

std::string HelpFormatter::make_subcommand(const CLI::App* verb) const {
    return beside(verb->get_name(), verb->get_description());
}

} // namespace lockstep::cli
