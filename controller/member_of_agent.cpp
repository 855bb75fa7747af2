#include "controller/member_of_agent.h"

namespace lockstep {

Result<Member> member_of_agent(const KnownAgent& agent, MemberKind kind,
                               const std::string& engine) {
    const auto& hello = agent.hello;
    if (!agent.connected) {
        return fail(Errc::refused, "agent " + hello.member + " on host " + hello.host +
                                       " is not connected: see that `lockstepd agent` runs there "
                                       "and reaches this controller");
    }
    if (hello.engine != engine) {
        return fail(Errc::refused, "agent " + hello.member + " has the engine " + hello.engine +
                                       ", the pair " + engine);
    }
    Member member;
    member.id = hello.member;
    member.zone = hello.zone;
    member.host = hello.host;
    member.address = hello.address;
    member.port = hello.port;
    member.probe_port = hello.probe_port;
    member.key = agent.key;
    member.kind = kind;
    return member;
}

std::vector<std::string> shared_fates(const PairRecord& record) {
    std::vector<std::string> sentences;
    for (auto one = record.members.begin(); one != record.members.end(); ++one) {
        for (auto other = std::next(one); other != record.members.end(); ++other) {
            const auto& a = one->second;
            const auto& b = other->second;
            const auto both = a.id + " and " + b.id;
            if (a.host == b.host) {
                sentences.push_back(both + " are on one host (" + a.host +
                                    "): it takes both when it fails");
            } else if (a.zone == b.zone) {
                sentences.push_back(both + " are in one zone (" + a.zone +
                                    "): an outage of the zone takes both");
            }
        }
    }
    return sentences;
}

} // namespace lockstep
