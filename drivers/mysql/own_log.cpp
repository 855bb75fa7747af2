#include "drivers/mysql/own_log.h"

#include "drivers/mysql/option_file.h"

namespace lockstep::mysql {

namespace {

bool has(const GtidSet& set, const LoggedTransaction& transaction) {
    const auto found = set.writers().find(transaction.writer);
    if (found == set.writers().end()) {
        return false;
    }
    for (const auto& [first, last] : found->second) {
        if (transaction.number >= first && transaction.number <= last) {
            return true;
        }
    }
    return false;
}

/// MariaDB counts in one sequence a domain, whoever writes; MySQL names each transaction.
bool covers(const GtidSet& held, const GtidSet& wanted) {
    if (held.flavour() == Flavour::mysql) {
        return held.contains(wanted);
    }
    return last_sequence(held) >= last_sequence(wanted);
}

} // namespace

Result<OwnLog> read_own_log(const Config& config, const GtidSet& before_log) {
    OwnLog log;
    log.held = before_log;
    auto files = log_files(log_index(config));
    if (!files) {
        return files.error().code == Errc::unreachable ? Result<OwnLog>(std::move(log))
                                                       : tl::unexpected(files.error());
    }
    log.files = std::move(*files);
    const OnTransaction note_time = [&log](const LoggedTransaction& transaction) {
        log.end_unix_s = transaction.unix_s;
    };
    const auto last = read_log_file(config.flavour, log.files.back(), note_time);
    if (!last) {
        return tl::unexpected(last.error());
    }
    log.closed = last->closed;
    log.end_bytes = last->end_bytes;
    log.held.add(last->before);
    log.held.add(last->here);
    return log;
}

GtidSet alone_in(const GtidSet& held, const Upstream& upstream) {
    auto alone = beyond(upstream.descent, held);
    const auto& writer = upstream.descent.reigns.back().writer;
    alone.add(held.of_server(writer).minus(upstream.held));
    return alone;
}

GtidSet no_longer_kept(const GtidSet& held, const Upstream& upstream) {
    return covers(held, upstream.purged) ? GtidSet(held.flavour()) : upstream.purged.minus(held);
}

Result<std::optional<LogStart>> find_start(Flavour flavour, const OwnLog& log,
                                           const GtidSet& alone) {
    std::optional<LogStart> start;
    for (auto at = log.files.size(); at-- > 0;) {
        std::optional<LogStart> here;
        const OnTransaction look = [&](const LoggedTransaction& transaction) {
            if (!here && has(alone, transaction)) {
                here = LogStart{at, transaction.begin, gtid_of(flavour, transaction), false};
            }
        };
        const auto file = read_log_file(flavour, log.files[at], look);
        if (!file) {
            return tl::unexpected(file.error());
        }
        if (here) {
            start = here;
        }
        if (file->before.intersected(alone).empty()) {
            if (start) {
                start->whole = true;
            }
            break;
        }
    }
    return start;
}

} // namespace lockstep::mysql
