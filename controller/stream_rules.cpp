#include "controller/stream_rules.h"

#include <algorithm>

#include "platform/certificates.h"

namespace lockstep {

Result<void> check_greeting(const PeerIdentity& peer, const wire::Hello& hello) {
    if (peer.use != to_string(CertificateUse::agent)) {
        return fail(Errc::refused, "the certificate of \"" + peer.name + "\" is for the use \"" +
                                       peer.use + "\", not for an agent: join this host again");
    }
    if (peer.name != hello.member) {
        return fail(Errc::refused, "the certificate is for \"" + peer.name +
                                       "\", but the agent calls itself \"" + hello.member +
                                       "\": set name = \"" + peer.name +
                                       "\" in its file, or join this host again");
    }
    if (auto named = parse_member_id(hello.member); !named) {
        return tl::unexpected(named.error());
    }
    if (hello.protocol != wire::protocol_version) {
        return fail(Errc::refused, "agent " + hello.member + " speaks protocol " +
                                       std::to_string(hello.protocol) + ", this controller " +
                                       std::to_string(wire::protocol_version) +
                                       ": install the same version on both");
    }
    return {};
}

Result<void> check_key(const PeerIdentity& peer, const std::optional<RecordedMember>& recorded) {
    if (!recorded || recorded->key.empty() || recorded->key == peer.key_fingerprint) {
        return {};
    }
    return fail(Errc::refused, "agent " + peer.name + " has another key than member " + peer.name +
                                   " of pair " + recorded->pair +
                                   ": remove the member from the pair and add it again if this "
                                   "host is meant to take its place");
}

Result<void> check_engine(const wire::Hello& hello, const std::optional<RecordedMember>& recorded) {
    if (!recorded || recorded->engine == hello.engine) {
        return {};
    }
    return fail(Errc::refused, "agent " + hello.member + " is for " + hello.engine + ", but pair " +
                                   recorded->pair + " is of " + recorded->engine +
                                   ": give its file the table [" + recorded->engine + "] again");
}

Result<void> check_second(const wire::Hello& hello, const std::optional<HeldStream>& held,
                          Milliseconds dead_after) {
    if (!held || held->silent >= dead_after || held->instance == hello.instance) {
        return {};
    }
    const auto& replaced = held->replaced;
    const bool returns =
        std::find(replaced.begin(), replaced.end(), hello.instance) != replaced.end();
    if (held->machine_id == hello.machine_id && held->host == hello.host && !returns) {
        return {};
    }
    return fail(Errc::refused, "two agents have the identity " + hello.member + ": one on host " +
                                   held->host + " is connected, the other on host " + hello.host +
                                   " was refused; stop one of them, and join its host under a "
                                   "name of its own");
}

} // namespace lockstep
