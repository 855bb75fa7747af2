#pragma once

#include <string>
#include <vector>

#include "agent/journal.h"
#include "agent/pair_repository.h"
#include "snapshots/decision/catalogue.h"

namespace lockstep {

/// Reads a repository again and again: nobody tells when somebody deletes or cuts what is in it,
/// and a time must not be called restorable for longer than that takes to be seen.
class RepositoryWatch {
public:
    explicit RepositoryWatch(Journal& journal, Milliseconds between_looks = Milliseconds{600000})
        : journal_(journal), between_looks_(between_looks) {}

    /// The first look: all that is there.
    [[nodiscard]] Awaitable<Result<snapshots::Catalogue>> read(PairRepository& repository);
    /// Looks if it is time to. What is gone is told, and taken out of `catalogue`; told is also
    /// that it could not be read.
    [[nodiscard]] Awaitable<void> look(PairRepository& repository, snapshots::Catalogue& catalogue);
    /// Not all of it could be read, at the last look.
    [[nodiscard]] bool incomplete() const { return !damaged_.empty(); }

private:
    void note(std::vector<std::string> damaged);

    Journal& journal_;
    Milliseconds between_looks_;
    Milliseconds looked_at_{0};
    std::vector<std::string> damaged_; // What was told of.
};

} // namespace lockstep
