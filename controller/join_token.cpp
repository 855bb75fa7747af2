#include "controller/join_token.h"

#include <nlohmann/json.hpp>

#include "platform/base64url.h"

namespace lockstep {

std::string join_token(const MemberId& member, const std::string& secret,
                       const std::string& authority_fingerprint, const std::string& controller) {
    const nlohmann::json token = {{"v", 1},
                                  {"member", member},
                                  {"secret", secret},
                                  {"ca", authority_fingerprint},
                                  {"controller", controller}};
    return to_base64url(token.dump());
}

} // namespace lockstep
