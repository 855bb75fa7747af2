#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

std::string paused_words(const std::string& pair) {
    return pair + " is paused: no failover, rebuild or replacement until `lockstep resume " + pair +
           "`. A lost standby is still let go, so that the primary can go on.";
}

std::string resumed_words(const std::string& pair) {
    return pair + " is looked after again: failover, rebuild and replacement go on.";
}

} // namespace

void add_pause(CLI::App& app, const Choose& choose) {
    add_pair_switch(app, choose,
                    {"pause",
                     "Stop failover, rebuild and replacement for a pair",
                     {"lockstep pause shop"},
                     paused_words});
}

void add_resume(CLI::App& app, const Choose& choose) {
    add_pair_switch(app, choose,
                    {"resume",
                     "Let a paused pair be looked after again",
                     {"lockstep resume shop"},
                     resumed_words});
}

} // namespace lockstep::cli
