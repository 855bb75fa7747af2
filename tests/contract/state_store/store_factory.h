#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "controller/state_store.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {

/// One implementation of StateStore, as the contract tests open it.
struct StoreFactory {
    std::string name;
    /// Opens the store that lives in `folder`, or makes one there.
    std::function<Result<std::unique_ptr<StateStore>>(const std::filesystem::path& folder,
                                                      const std::string& machine_id,
                                                      const std::string& controller_key)>
        open;

    friend std::ostream& operator<<(std::ostream& out, const StoreFactory& factory) {
        return out << factory.name;
    }
};

[[nodiscard]] std::vector<StoreFactory> store_factories();

} // namespace lockstep
