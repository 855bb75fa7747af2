#pragma once

#include <CLI/CLI.hpp>

namespace lockstep::cli {

/// Help that fits the screen: descriptions are wrapped beside the names, and what an option takes
/// is said once, in words.
class HelpFormatter : public CLI::Formatter {
public:
    explicit HelpFormatter(std::size_t width);
    std::string make_option_opts(const CLI::Option* option) const override;
    std::string make_option(const CLI::Option* option, bool is_positional) const override;
    std::string make_subcommand(const CLI::App* verb) const override;

private:
    [[nodiscard]] std::string beside(const std::string& name, const std::string& about) const;
    std::size_t width_;
};

} // namespace lockstep::cli
