#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "snapshots/repository.h"

namespace lockstep::snapshots {

/// Where one kind of repository keeps its objects, and which files those are, so that a test can
/// damage them.
class RepositoryPlace {
public:
    RepositoryPlace() = default;
    RepositoryPlace(const RepositoryPlace&) = delete;
    RepositoryPlace& operator=(const RepositoryPlace&) = delete;
    virtual ~RepositoryPlace() = default;

    [[nodiscard]] virtual std::unique_ptr<Repository> open(const PairName& pair) = 0;
    /// All that is kept, to be copied into the same folder of another place of this kind.
    [[nodiscard]] virtual std::filesystem::path storage() const = 0;

    // Of the pair "shop", whose log is that of the system "7".
    [[nodiscard]] virtual std::filesystem::path snapshot_file(const std::string& id,
                                                              const std::string& path) const = 0;
    [[nodiscard]] virtual std::filesystem::path description(const std::string& id) const = 0;
    [[nodiscard]] virtual std::filesystem::path segment(const std::string& name) const = 0;
    [[nodiscard]] virtual std::filesystem::path
    segment_description(const std::string& name) const = 0;
    /// `which` is a name of fork_files.
    [[nodiscard]] virtual std::filesystem::path forks(const std::string& which) const = 0;
    [[nodiscard]] virtual std::filesystem::path claim() const = 0;
    /// Takes what an S3 server keeps beside an object along.
    virtual void remove(const std::filesystem::path& object) const = 0;
};

struct RepositoryKind {
    std::string name;
    std::function<std::unique_ptr<RepositoryPlace>()> make;
    bool has_locks = false;     // So that a second writer of the same epoch is seen.
    std::size_t bit_stride = 1; // Of the bits that are flipped one by one.

    friend std::ostream& operator<<(std::ostream& out, const RepositoryKind& kind) {
        return out << kind.name;
    }
};

/// Of the program that the contract is compiled into.
[[nodiscard]] std::vector<RepositoryKind> repository_kinds();

} // namespace lockstep::snapshots
