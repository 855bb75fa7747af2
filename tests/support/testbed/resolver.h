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

/// As a recursive resolver asks the servers of a zone that is delegated to them (docs/dns.md): the
/// next one after SERVFAIL, a refused packet or half a second of silence, and one that was silent
/// is from then on asked last. Nothing is cached.
class NameFinder : public Finder {
public:
    /// `servers` as "ADDRESS:PORT".
    NameFinder(const std::vector<std::string>& servers, std::string name);
    ~NameFinder() override;
    [[nodiscard]] Address find() override;

private:
    class Server;
    std::vector<std::unique_ptr<Server>> servers_; // In the order in which they are asked.
    std::string name_;
};

} // namespace lockstep::testbed
