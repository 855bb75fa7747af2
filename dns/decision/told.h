#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/record.h"

namespace lockstep::dns {

/// What a pair's TXT record tells: of which record the addresses beside it are. Later ones are
/// greater: by the epoch first, so that a copy of a store that counted on from an old backup does
/// not pass for newer.
struct Told {
    Epoch epoch{};
    Revision revision{};
    friend auto operator<=>(const Told&, const Told&) = default;
};

/// As zone files write it: `"epoch=3 revision=17"`, quotes included.
[[nodiscard]] std::string to_text(const Told& told);
/// None unless `text` is exactly what to_text() makes.
[[nodiscard]] std::optional<Told> parse_told(std::string_view text);
/// "epoch 3, revision 17"
[[nodiscard]] std::string in_words(const Told& told);

} // namespace lockstep::dns
