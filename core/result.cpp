#include "core/result.h"

namespace lockstep {

std::string_view to_string(Errc code) {
    switch (code) {
    case Errc::timeout: return "timeout";
    case Errc::unreachable: return "unreachable";
    case Errc::refused: return "refused";
    case Errc::conflict: return "conflict";
    case Errc::unsupported: return "unsupported";
    case Errc::corrupt: return "corrupt";
    }
    return "unknown";
}

tl::unexpected<Error> within(std::string_view doing, Error error) {
    error.message = std::string(doing) + ": " + error.message;
    return tl::unexpected<Error>(std::move(error));
}

} // namespace lockstep
