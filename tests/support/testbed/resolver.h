#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/testbed/children.h"

namespace lockstep::testbed {

/// The address of a database now, or why there is none.
struct Address {
    std::string ip; // Empty: not known.
    std::string trouble;
};

/// How a client finds the primary. Each writer has one of its own.
class Finder {
public:
    virtual ~Finder() = default;
    [[nodiscard]] virtual Address find() = 0;
};

/// As a client's resolver does it: the zone's servers in their order, the next one after SERVFAIL,
/// a refused packet or half a second of silence. Nothing is cached.
class NameFinder : public Finder {
public:
    /// `servers` as "ADDRESS:PORT".
    NameFinder(const std::vector<std::string>& servers, std::string name);
    ~NameFinder() override;
    [[nodiscard]] Address find() override;

private:
    struct Channel;
    std::unique_ptr<Channel> channel_;
    std::string name_;
};

} // namespace lockstep::testbed
