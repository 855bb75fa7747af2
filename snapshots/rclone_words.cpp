#include "snapshots/rclone_words.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

namespace lockstep::snapshots {
namespace {

using nlohmann::json;

constexpr std::string_view failed_to = " Failed to ";
constexpr std::string_view caused_by = "caused by: "; // The line after it.
constexpr std::size_t sha256_digits = 64;

std::optional<json> parse_log_line(std::string_view line) {
    if (!line.starts_with("{\"")) {
        return std::nullopt;
    }
    auto parsed = json::parse(line, nullptr, false);
    return parsed.is_object() ? std::optional(std::move(parsed)) : std::nullopt;
}

/// On one line.
std::string flat(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return text;
}

struct Reason {
    std::string_view sign; // In what rclone complains of.
    Errc code;
    std::string_view advice;
};

constexpr std::string_view keys_advice =
    "it refuses these keys: look at the remote in the file named by rclone_config, and at what the "
    "keys may do in the bucket";
constexpr std::string_view away_advice = "the storage cannot be reached from this host";
constexpr std::string_view room_advice = "the storage has no room left";

/// The first that fits is taken.
constexpr std::array reasons = {
    Reason{"didn't find section in config", Errc::refused,
           "the file named by rclone_config has no such remote"},
    Reason{"didn't find backend called", Errc::refused,
           "this rclone does not know the remote's type"},
    Reason{"NoSuchBucket", Errc::refused, "there is no such bucket: make it first"},
    Reason{"AccessDenied", Errc::refused, keys_advice},
    Reason{"InvalidAccessKeyId", Errc::refused, keys_advice},
    Reason{"SignatureDoesNotMatch", Errc::refused, keys_advice},
    Reason{"InvalidToken", Errc::refused, keys_advice},
    Reason{"Forbidden", Errc::refused, keys_advice},
    Reason{"NoCredentialProviders", Errc::refused, keys_advice},
    Reason{"RequestTimeTooSkewed", Errc::refused, "set this host's clock"},
    Reason{"permission denied", Errc::refused, "the storage gives no permission"},
    Reason{"no space left", Errc::refused, room_advice},
    Reason{"QuotaExceeded", Errc::refused, room_advice},
    Reason{"StorageFull", Errc::refused, room_advice},
    Reason{"Insufficient Storage", Errc::refused, room_advice},
    Reason{"corrupted on transfer", Errc::corrupt, "what arrived is not what was sent"},
    Reason{"connection refused", Errc::unreachable, away_advice},
    Reason{"connection reset", Errc::unreachable, away_advice},
    Reason{"broken pipe", Errc::unreachable, away_advice},
    Reason{"no such host", Errc::unreachable, away_advice},
    Reason{"network is unreachable", Errc::unreachable, away_advice},
    Reason{"no route to host", Errc::unreachable, away_advice},
    Reason{"dial tcp", Errc::unreachable, away_advice},
    Reason{"EOF", Errc::unreachable, away_advice},
    Reason{"i/o timeout", Errc::timeout, "the storage did not answer in time"},
    Reason{"deadline exceeded", Errc::timeout, "the storage did not answer in time"},
    Reason{"send request failed", Errc::unreachable, away_advice},
    Reason{"SlowDown", Errc::unreachable, "the storage asks for fewer requests"},
    Reason{"InternalError", Errc::unreachable, "the storage failed"},
    Reason{"ServiceUnavailable", Errc::unreachable, "the storage is not available"},
};

Reason reason_of(std::string_view text, int exit_status) {
    for (const auto& reason : reasons) {
        if (text.find(reason.sign) != std::string_view::npos) {
            return reason;
        }
    }
    constexpr int less_serious_or_retry = 5;
    return {{}, exit_status == less_serious_or_retry ? Errc::unreachable : Errc::refused, {}};
}

} // namespace

std::optional<RcloneProgress> parse_progress(std::string_view line) {
    const auto parsed = parse_log_line(line);
    if (!parsed || !parsed->contains("stats")) {
        return std::nullopt;
    }
    const auto& stats = parsed->at("stats");
    const auto number = [&stats](const char* key) {
        const auto found = stats.find(key);
        const bool good = found != stats.end() && found->is_number();
        return good ? static_cast<std::uint64_t>(std::max(found->get<double>(), 0.0)) : 0;
    };
    return stats.is_object() ? std::optional(RcloneProgress{number("bytes"), number("totalBytes")})
                             : std::nullopt;
}

std::optional<RcloneComplaint> parse_complaint(std::string_view line) {
    if (const auto parsed = parse_log_line(line)) {
        const auto level = parsed->value("level", "");
        const bool failure = level == "error" || level == "critical" || level == "fatal";
        return failure ? std::optional(RcloneComplaint{flat(parsed->value("object", "")),
                                                       flat(parsed->value("msg", ""))})
                       : std::nullopt;
    }
    if (line.starts_with(caused_by)) {
        return RcloneComplaint{{}, flat(std::string(line))};
    }
    const auto at = line.find(failed_to);
    return at == std::string_view::npos
               ? std::nullopt
               : std::optional(RcloneComplaint{{}, flat(std::string(line.substr(at + 1)))});
}

std::optional<std::pair<std::string, std::uint64_t>> parse_listed(std::string_view line) {
    const auto semicolon = line.find(';');
    if (semicolon == std::string_view::npos || semicolon == 0) {
        return std::nullopt;
    }
    std::uint64_t bytes = 0;
    const auto* const end = line.data() + semicolon;
    const auto [stopped, error] = std::from_chars(line.data(), end, bytes);
    if (error != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return std::pair(std::string(line.substr(semicolon + 1)), bytes);
}

std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view line) {
    const auto hash = line.substr(0, std::min(sha256_digits, line.size()));
    const bool good = hash.size() == sha256_digits && std::ranges::all_of(hash, [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
    if (!good || line.substr(sha256_digits, 2) != "  ") {
        return std::nullopt;
    }
    return std::pair(std::string(line.substr(sha256_digits + 2)), std::string(hash));
}

bool means_missing(int exit_status) {
    return exit_status == 3 || exit_status == 4;
}

Error explain(const std::string& what, int exit_status,
              const std::vector<RcloneComplaint>& complaints) {
    std::string all;
    for (const auto& complaint : complaints) {
        all += complaint.message + "\n";
    }
    const auto reason = reason_of(all, exit_status);
    std::string message = what + ": ";
    if (!complaints.empty()) {
        const auto& first = complaints.front();
        message += first.object.empty() ? first.message : first.object + ": " + first.message;
        if (complaints.size() == 2 && complaints[1].message.starts_with(caused_by)) {
            message += ", " + complaints[1].message;
        }
    } else {
        message += "rclone ended with status " + std::to_string(exit_status);
    }
    if (!reason.advice.empty()) {
        message += " (" + std::string(reason.advice) + ")";
    }
    return {reason.code, std::move(message)};
}

} // namespace lockstep::snapshots
