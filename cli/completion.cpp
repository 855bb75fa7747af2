#include <memory>
#include <ostream>

#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

bool all(const CLI::App* /*verb*/) {
    return true;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

std::vector<std::string> spellings_of(const CLI::Option& option) {
    std::vector<std::string> words;
    for (const auto& name : option.get_lnames()) {
        words.push_back("--" + name);
    }
    for (const auto& name : option.get_snames()) {
        words.push_back("-" + name);
    }
    return words;
}

std::vector<std::string> options_of(const CLI::App& verb) {
    std::vector<std::string> words;
    for (const auto* option : verb.get_options()) {
        const auto spellings = spellings_of(*option);
        words.insert(words.end(), spellings.begin(), spellings.end());
    }
    return words;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* verb : app.get_subcommands(all)) {
        names.push_back(verb->get_name());
    }
    return names;
}

/// How bash completes an option's value: its type's name tells (`lan|wan`, DIR).
std::string values_of(const CLI::Option& option) {
    auto type = option.get_type_name();
    if (type == "DIR") {
        return "COMPREPLY=( $(compgen -d -- \"$word\") )";
    }
    const bool choice = type.find('|') != std::string::npos;
    for (auto& c : type) {
        c = c == '|' ? ' ' : c;
    }
    return choice ? "COMPREPLY=( $(compgen -W '" + type + "' -- \"$word\") )" : "COMPREPLY=()";
}

/// A case for each option that takes a value, under whatever verb it is.
void print_values(std::ostream& out, const CLI::App& app) {
    for (const auto* option : app.get_options()) {
        if (option->get_expected_max() == 0 || option->get_positional()) {
            continue;
        }
        std::string pattern;
        for (const auto& spelling : spellings_of(*option)) {
            pattern += (pattern.empty() ? "" : "|") + spelling;
        }
        out << "        " << pattern << ") " << values_of(*option) << "; return ;;\n";
    }
    for (const auto* verb : app.get_subcommands(all)) {
        print_values(out, *verb);
    }
}

/// A case for each verb: what may follow it.
void print_words(std::ostream& out, const CLI::App& app, const std::string& path,
                 const std::string& everywhere) {
    auto words = verbs_of(app);
    for (const auto& option : options_of(app)) {
        if (everywhere.find(option + " ") == std::string::npos) {
            words.push_back(option);
        }
    }
    out << "        '" << path << "') words='" << joined(words) << " " << everywhere << "' ;;\n";
    for (const auto* verb : app.get_subcommands(all)) {
        print_words(out, *verb, path + "/" + verb->get_name(), everywhere);
    }
}

/// Every path to a verb, so that the script knows which words lead on.
void print_paths(std::ostream& out, const CLI::App& app, const std::string& path) {
    for (const auto* verb : app.get_subcommands(all)) {
        const auto next = path + "/" + verb->get_name();
        out << " " << next;
        print_paths(out, *verb, next);
    }
}

void print_bash(std::ostream& out, const CLI::App& app) {
    out << "# bash completion for lockstep, made by `lockstep completion bash`.\n"
           "_lockstep() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local verb='' words='' i\n"
           "    case \"$before\" in\n";
    print_values(out, app);
    out << "    esac\n"
           "    local paths=\"";
    print_paths(out, app, "");
    out << " \"\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case \"$paths\" in\n"
           "            *\" $verb/${COMP_WORDS[i]} \"*) verb=\"$verb/${COMP_WORDS[i]}\" ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$verb\" in\n";
    print_words(out, app, "", joined(options_of(app)) + " ");
    out << "    esac\n"
           "    COMPREPLY=( $(compgen -W \"$words\" -- \"$word\") )\n"
           "}\n"
           "complete -F _lockstep lockstep\n";
}

} // namespace

void add_completion(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("completion", "Print a completion script for a shell");
    const auto shell = std::make_shared<std::string>();
    verb->add_option("SHELL", *shell, "bash")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember({"bash"}).description(""));
    give_examples(*verb, {"source <(lockstep completion bash)",
                          "lockstep completion bash > "
                          "/usr/share/bash-completion/completions/lockstep"});
    verb->callback([&app, choose, shell] { // The option writes to it: it must outlive the parsing.
        choose([&app](Session& session) -> Answer<ExitStatus> {
            print_bash(session.out().stream, app);
            return ExitStatus::done;
        });
    });
}

} // namespace lockstep::cli
