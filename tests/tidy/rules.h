#pragma once

#include <string>
#include <vector>

#include "tests/tidy/source.h"

/// The rules of the house that a compiler does not keep. Each is a function over one file's text
/// and yields a sentence for each breach: "core/x.h:12: what is wrong; what to do instead".
namespace lockstep::tidy {

using Breaches = std::vector<std::string>;

/// A folder includes only what the README's picture allows it.
[[nodiscard]] Breaches check_arrows(const Source& source);
/// A library is used by the folder that wraps it.
[[nodiscard]] Breaches check_libraries(const Source& source);
/// A decision is a function of its arguments: no clock, no I/O, no chance, no environment.
[[nodiscard]] Breaches check_purity(const Source& source);
/// What has a better replacement here.
[[nodiscard]] Breaches check_banned_words(const Source& source);
/// g++ 12 destroys temporaries inside a co_await expression twice.
[[nodiscard]] Breaches check_co_await(const Source& source);
[[nodiscard]] Breaches check_length(const Source& source);
[[nodiscard]] Breaches check_pragma_once(const Source& source);
/// Nothing above drivers/ names an engine, but where a user or main chooses one.
[[nodiscard]] Breaches check_engine_words(const Source& source);
/// The README's table of folders has a line for each folder.
[[nodiscard]] Breaches check_readme(const std::string& readme,
                                    const std::vector<std::string>& folders);

} // namespace lockstep::tidy
