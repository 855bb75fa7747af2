#include "tests/contract/state_store/store_factory.h"

#include "controller/sqlite_store.h"

namespace lockstep {

std::vector<StoreFactory> store_factories() {
    const auto sqlite =
        [](const std::filesystem::path& folder, const std::string& machine_id,
           const std::string& controller_key) -> Result<std::unique_ptr<StateStore>> {
        auto store = SqliteStore::open(folder / "store.db", machine_id, controller_key);
        if (!store) {
            return tl::unexpected(store.error());
        }
        return std::unique_ptr<StateStore>(std::move(*store));
    };
    return {{"Sqlite", sqlite}};
}

} // namespace lockstep
