#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "dns/decision/update.h"

namespace lockstep::dns {

/// The records of a zone, changed as RFC 2136, 3, has it.
class FakeZone {
public:
    std::vector<Record> records;

    [[nodiscard]] std::vector<Record> at(const std::vector<std::string>& names) const {
        std::vector<Record> found;
        for (const auto& record : records) {
            if (std::ranges::find(names, record.name) != names.end()) {
                found.push_back(record);
            }
        }
        return found;
    }

    /// False: a prerequisite does not hold, and nothing was changed.
    [[nodiscard]] bool apply(const Update& update) {
        if (!at(update.unused).empty() || !has_exactly(update.exactly)) {
            return false;
        }
        for (const auto& [name, type] : update.removed) {
            std::erase_if(records, [&, n = name, t = type](const Record& record) {
                return record.name == n && record.type == t;
            });
        }
        for (const auto& record : update.added) {
            if (std::ranges::find(records, record) == records.end()) {
                records.push_back(record);
            }
        }
        return true;
    }

private:
    /// For each name and type that `wanted` has records of, the zone has just these, whatever their
    /// TTL.
    [[nodiscard]] bool has_exactly(const std::vector<Record>& wanted) const {
        return std::ranges::all_of(wanted, [&](const Record& one) {
            return data_of(wanted, one) == data_of(records, one);
        });
    }
    [[nodiscard]] static std::vector<std::string> data_of(const std::vector<Record>& records,
                                                          const Record& like) {
        std::vector<std::string> data;
        for (const auto& record : records) {
            if (record.name == like.name && record.type == like.type) {
                data.push_back(record.data);
            }
        }
        std::ranges::sort(data);
        return data;
    }
};

} // namespace lockstep::dns
