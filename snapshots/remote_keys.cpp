#include "snapshots/remote_keys.h"

#include <algorithm>
#include <charconv>

#include <spdlog/fmt/fmt.h>

namespace lockstep::snapshots {
namespace {

using Kind = RemoteKey::Kind;
constexpr std::string_view json_ending = ".json";
constexpr std::string_view announced_ending = ".announced";

std::vector<std::string_view> parts_of(std::string_view key) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto slash = key.find('/');
        parts.push_back(key.substr(0, slash));
        if (slash == std::string_view::npos) {
            return parts;
        }
        key.remove_prefix(slash + 1);
    }
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    const bool good = error == std::errc{} && stopped == end && !text.empty();
    return good ? std::optional(value) : std::nullopt;
}

std::optional<Claim> parse_hand(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto epoch = number_in(text.substr(0, dot));
    const auto writer = parse_member_id(text.substr(dot + 1));
    if (!epoch || !writer) {
        return std::nullopt;
    }
    return Claim{*writer, Epoch{*epoch}};
}

bool take_ending(std::string_view& text, std::string_view ending) {
    if (!text.ends_with(ending)) {
        return false;
    }
    text.remove_suffix(ending.size());
    return true;
}

std::optional<RemoteKey> parse_claim(std::string_view name) {
    if (!take_ending(name, json_ending)) {
        return std::nullopt;
    }
    const bool announced = take_ending(name, announced_ending);
    const auto hand = parse_hand(name);
    if (!hand) {
        return std::nullopt;
    }
    return RemoteKey{announced ? Kind::announcement : Kind::claim, *hand, {}, {}, 0};
}

/// snapshots/ID/HAND/N.json, snapshots/ID/HAND/files/PATH
std::optional<RemoteKey> parse_snapshot(std::string_view key,
                                        const std::vector<std::string_view>& parts) {
    const auto hand = parse_hand(parts[2]);
    if (!hand || parts.size() < 4) {
        return std::nullopt;
    }
    RemoteKey parsed{Kind::snapshot, *hand, std::string(parts[1]), {}, 0};
    if (parts[3] == "files" && parts.size() > 4) {
        parsed.kind = Kind::snapshot_file;
        parsed.name = key.substr(static_cast<std::size_t>(parts[4].data() - key.data()));
        return parsed;
    }
    auto name = parts[3];
    const auto number = take_ending(name, json_ending) ? number_in(name) : std::nullopt;
    if (!number || parts.size() != 4) {
        return std::nullopt;
    }
    parsed.number = *number;
    return parsed;
}

/// log/SYSTEM/HAND/NAME
std::optional<RemoteKey> parse_log(const std::vector<std::string_view>& parts) {
    const auto hand = parse_hand(parts[2]);
    if (!hand || parts.size() != 4) {
        return std::nullopt;
    }
    auto name = parts[3];
    const auto kind = take_ending(name, json_ending) ? Kind::segment : Kind::segment_object;
    return RemoteKey{kind, *hand, std::string(parts[1]), std::string(name), 0};
}

bool is_description(Kind kind) {
    return kind == Kind::snapshot || kind == Kind::segment || kind == Kind::forks;
}

} // namespace

std::string hand_of(const Claim& claim) {
    return fmt::format("{:010}.{}", number(claim.epoch), claim.writer);
}

std::optional<RemoteKey> parse_key(std::string_view key) {
    const auto parts = parts_of(key);
    if (parts.size() == 2 && parts[0] == "claims") {
        return parse_claim(parts[1]);
    }
    if (parts.size() < 3) {
        return std::nullopt;
    }
    if (parts[0] == "snapshots") {
        return parse_snapshot(key, parts);
    }
    if (parts[0] == "log") {
        return parse_log(parts);
    }
    const auto hand = parse_hand(parts[1]);
    if (parts[0] != "forks" || !hand || parts.size() != 3 || !parts[2].ends_with(json_ending)) {
        return std::nullopt;
    }
    return RemoteKey{Kind::forks, *hand, {}, std::string(parts[2]), 0};
}

std::string claim_key(const Claim& claim) {
    return "claims/" + hand_of(claim) + ".json";
}
std::string announcement_key(const Claim& claim) {
    return "claims/" + hand_of(claim) + ".announced.json";
}
std::string snapshot_prefix(const std::string& id) {
    return "snapshots/" + id;
}
std::string files_prefix(const Claim& hand) {
    return hand_of(hand) + "/files";
}
std::string description_key(const std::string& id, const Claim& hand, std::uint64_t number) {
    return fmt::format("snapshots/{}/{}/{:06}.json", id, hand_of(hand), number);
}
std::string segment_key(const LogSegment& segment, const Claim& hand) {
    const std::string system = segment.system_id.empty() ? "none" : segment.system_id;
    return "log/" + system + "/" + hand_of(hand) + "/" + segment.name;
}
std::string forks_key(const Claim& hand, const char* name) {
    return "forks/" + hand_of(hand) + "/" + name;
}

Counted::Counted(const KeySizes& keys, const std::vector<RemoteClaim>& claims) {
    bool several = false; // Epochs.
    std::optional<Epoch> first;
    for (const auto& [key, bytes] : keys) {
        const auto parsed = parse_key(key);
        // Who only announced itself has written nothing yet, and may never do so.
        if (parsed && parsed->kind != Kind::announcement) {
            epoch_ = std::max(epoch_, parsed->hand.epoch);
            several = several || (first && *first != parsed->hand.epoch);
            first = first.value_or(parsed->hand.epoch);
        }
    }
    bool claimed = false;
    for (const auto& claim : claims) {
        if (claim.claim.epoch == epoch_) {
            claimed = true;
            earlier_.insert(claim.earlier.begin(), claim.earlier.end());
        }
    }
    told_ = claimed || !several;
}

bool Counted::counts(const std::string& key, const RemoteKey& parsed) const {
    return is_description(parsed.kind) &&
           (!told_ || parsed.hand.epoch == epoch_ || earlier_.contains(key));
}

std::vector<std::string> taken_over(const KeySizes& keys, const Counted& counted,
                                    const Claim& claim) {
    std::vector<std::string> found;
    for (const auto& [key, bytes] : keys) {
        const auto parsed = parse_key(key);
        if (parsed && parsed->hand.epoch < claim.epoch && counted.counts(key, *parsed)) {
            found.push_back(key);
        }
    }
    return found;
}

std::vector<std::string> leftovers(const KeySizes& keys, const Counted& counted, const Claim& mine,
                                   const std::set<std::string>& unfinished) {
    std::set<std::string> described; // Snapshots.
    for (const auto& [key, bytes] : keys) {
        const auto parsed = parse_key(key);
        if (parsed && parsed->kind == Kind::snapshot && counted.counts(key, *parsed)) {
            described.insert(parsed->place);
        }
    }
    const auto is_left = [&](const std::string& key, const RemoteKey& parsed) {
        switch (parsed.kind) {
        case Kind::announcement: return parsed.hand.epoch < mine.epoch || parsed.hand == mine;
        case Kind::claim: return parsed.hand.epoch < mine.epoch;
        case Kind::snapshot_file:
            return !described.contains(parsed.place) &&
                   !(parsed.hand == mine && unfinished.contains(parsed.place));
        case Kind::segment_object: {
            const auto description = key + std::string(json_ending);
            const auto beside = parse_key(description);
            return !keys.contains(description) || !beside || !counted.counts(description, *beside);
        }
        case Kind::snapshot:
        case Kind::segment:
        case Kind::forks: break;
        }
        return !counted.counts(key, parsed);
    };
    std::vector<std::string> left;
    for (const auto& [key, bytes] : keys) {
        const auto parsed = parse_key(key);
        const bool ours = parsed && (parsed->hand.epoch < mine.epoch || parsed->hand == mine);
        if (ours && is_left(key, *parsed)) {
            left.push_back(key);
        }
    }
    return left;
}

std::optional<Claim> higher_claim(const KeySizes& keys, Epoch mine) {
    std::optional<Claim> highest;
    for (const auto& [key, bytes] : keys) {
        const auto parsed = parse_key(key);
        const bool above = parsed && parsed->hand.epoch > mine;
        if (above && (!highest || parsed->hand.epoch > highest->epoch)) {
            highest = parsed->hand;
        }
    }
    return highest;
}

} // namespace lockstep::snapshots
