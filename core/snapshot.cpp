#include "core/snapshot.h"

namespace lockstep {

std::string_view to_string(SnapshotWork work) {
    switch (work) {
    case SnapshotWork::take: return "take";
    case SnapshotWork::check: return "check";
    case SnapshotWork::verify: return "verify";
    case SnapshotWork::remove: return "remove";
    }
    return "unknown";
}

std::string_view to_string(SnapshotKind kind) {
    switch (kind) {
    case SnapshotKind::automated: return "automated";
    case SnapshotKind::manual: return "manual";
    case SnapshotKind::final: return "final";
    }
    return "unknown";
}

std::string_view to_string(SnapshotProof proof) {
    switch (proof) {
    case SnapshotProof::taken: return "taken";
    case SnapshotProof::checksummed: return "checksummed";
    case SnapshotProof::restored: return "restored";
    case SnapshotProof::queried: return "queried";
    }
    return "unknown";
}

bool is_final(const SnapshotOrder& order) {
    return order.work == SnapshotWork::take && order.kind == SnapshotKind::final;
}

} // namespace lockstep
