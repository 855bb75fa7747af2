#include "tests/bench/clients.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

class FixedFinder : public Finder {
public:
    explicit FixedFinder(std::string ip) : ip_(std::move(ip)) {}
    [[nodiscard]] Address find() override { return {ip_, {}}; }

private:
    std::string ip_;
};

Writers::Options probe_options(const Testbed& bed, const std::string& member) {
    auto options = client_options(bed);
    options.count = 1;
    options.finder = fixed_finder(bed.address_of(member));
    return options;
}

} // namespace

std::function<std::unique_ptr<Finder>()> fixed_finder(std::string ip) {
    return [ip = std::move(ip)] { return std::make_unique<FixedFinder>(ip); };
}

Writers::Options client_options(const Testbed& bed) {
    auto options = bed.writers();
    options.pause = Milliseconds{20};
    options.retry = Milliseconds{50};
    return options;
}

Clients::Clients(const Testbed& bed) : writers_(client_options(bed)) {
    for (const auto& member : bed.members()) {
        probes_.push_back(std::make_unique<Writers>(probe_options(bed, member)));
    }
}

Clients::Ledgers Clients::stop() {
    // The probes first: the run ends when clients by name still write.
    Ledger probed;
    probed.ended = Clock::time_point::max();
    for (const auto& probe : probes_) {
        probed = probed.with(probe->stop());
    }
    Ledgers ledgers;
    ledgers.by_name = writers_.stop();
    ledgers.all = ledgers.by_name.with(probed);
    return ledgers;
}

} // namespace lockstep::bench
