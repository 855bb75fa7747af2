#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

std::string protected_words(const std::string& pair) {
    return pair + " is protected: it is not deleted before `lockstep pair unprotect " + pair + "`.";
}

std::string unprotected_words(const std::string& pair) {
    return pair + " is protected no longer: `lockstep pair delete " + pair + "` deletes it.";
}

} // namespace

void add_pair_protect(CLI::App& pair, const Choose& choose) {
    add_pair_switch(pair, choose,
                    {"protect",
                     "Refuse to delete a pair, until it is unprotected",
                     {"lockstep pair protect shop", "lockstep pair protect shop --dry-run"},
                     protected_words});
}

void add_pair_unprotect(CLI::App& pair, const Choose& choose) {
    add_pair_switch(pair, choose,
                    {"unprotect",
                     "Let a protected pair be deleted again",
                     {"lockstep pair unprotect shop", "lockstep pair unprotect shop --dry-run"},
                     unprotected_words});
}

} // namespace lockstep::cli
