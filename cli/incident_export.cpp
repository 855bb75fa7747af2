#include <fstream>
#include <memory>
#include <ostream>

#include <nlohmann/json.hpp>

#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

struct ExportOptions {
    std::string pair;
    std::string output;
    std::uint64_t since = 0;
};

/// The answer as the simulation reads it: the header, then one input a line.
Answer<std::size_t> write_lines(std::ostream& out, const std::string& body) {
    try {
        auto header = json::parse(body);
        const auto entries = std::move(header.at("entries"));
        header.erase("entries");
        out << header.dump() << "\n";
        for (const auto& entry : entries) {
            out << entry.dump() << "\n";
        }
        return entries.size();
    } catch (const json::exception& error) {
        return give_up(ExitStatus::failed,
                       std::string("the controller's answer cannot be read: ") + error.what());
    }
}

Answer<ExitStatus> write_file(Session& session, const ExportOptions& options,
                              const std::string& body) {
    std::ofstream file(options.output, std::ios::trunc);
    const auto entries = write_lines(file, body);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    file.close();
    if (!file) {
        return give_up(ExitStatus::failed, options.output + " cannot be written");
    }
    session.out().stream << *entries << " inputs of " << options.pair << " are in "
                         << options.output << ". deploy/simulate --replay " << options.output
                         << " decides upon them again.\n";
    return ExitStatus::done;
}

Answer<ExitStatus> export_incident(Session& session, const ExportOptions& options) {
    ApiRequest request{"GET", "/v1/pairs/" + options.pair + "/incident", {}, ""};
    request.query["since"] = std::to_string(options.since);
    const auto body = session.ask(request);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (!options.output.empty()) {
        return write_file(session, options, *body);
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto entries = write_lines(session.out().stream, *body);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    return ExitStatus::done;
}

} // namespace

void add_incident_export(CLI::App& incident, const Choose& choose) {
    auto* verb = incident.add_subcommand(
        "export",
        "Write down what the controller saw of a pair and what it decided, to be replayed");
    const auto options = std::make_shared<ExportOptions>();
    add_pair_name(*verb, options->pair);
    verb->add_option("--output,-o", options->output,
                     "Write to this file (default: standard output)")
        ->type_name("FILE");
    verb->add_option("--since", options->since,
                     "Only what was seen since then, in milliseconds of "
                     "Unix time (default: all that is kept)")
        ->type_name("MS");
    give_examples(*verb, {"lockstep incident export shop --output shop.jsonl",
                          "lockstep incident export shop --since 1795383200123"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return export_incident(session, *options); });
    });
}

} // namespace lockstep::cli
