#include "snapshots/description.h"

#include "core/wire/json.h"
#include "platform/certificates.h"

namespace lockstep::snapshots {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ObjectFile, path, bytes, sha256)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotDescription, snapshot, files)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Claim, writer, epoch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RemoteClaim, claim, earlier)

namespace {

using nlohmann::json;

/// Keys come sorted, so that equal content is equal text.
std::string text_of(const json& content) {
    return content.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class T> std::string seal(const T& value) {
    const json content = value;
    const json whole = {{"content", content}, {"sha256", sha256_hex(text_of(content))}};
    return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

template <class T> Result<T> unseal(std::string_view text) {
    try {
        const auto whole = json::parse(text);
        const auto& content = whole.at("content");
        if (sha256_hex(text_of(content)) != whole.at("sha256").get<std::string>()) {
            return fail(Errc::corrupt, "its content does not have the SHA-256 written beside it");
        }
        return content.get<T>();
    } catch (const json::exception& error) {
        return fail(Errc::corrupt, error.what());
    }
}

} // namespace

std::string encode(const SnapshotDescription& description) {
    return seal(description);
}
Result<SnapshotDescription> decode_snapshot(std::string_view text) {
    return unseal<SnapshotDescription>(text);
}

std::string encode(const LogSegment& segment) {
    return seal(segment);
}
Result<LogSegment> decode_segment(std::string_view text) {
    return unseal<LogSegment>(text);
}

std::string encode(const std::vector<HistoryFork>& forks) {
    return seal(forks);
}
Result<std::vector<HistoryFork>> decode_forks(std::string_view text) {
    return unseal<std::vector<HistoryFork>>(text);
}

std::string encode(const Claim& claim) {
    return seal(claim);
}
Result<Claim> decode_claim(std::string_view text) {
    return unseal<Claim>(text);
}

std::string encode(const RemoteClaim& claim) {
    return seal(claim);
}
Result<RemoteClaim> decode_remote_claim(std::string_view text) {
    return unseal<RemoteClaim>(text);
}

} // namespace lockstep::snapshots
