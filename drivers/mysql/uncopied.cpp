#include "drivers/mysql/uncopied.h"

#include <spdlog/fmt/fmt.h>

namespace lockstep::mysql {
namespace {

constexpr auto uncopied_sql =
    "SELECT table_schema, table_name, engine FROM information_schema.tables WHERE table_type = "
    "'BASE TABLE' AND engine NOT IN ('InnoDB', 'MEMORY', 'MRG_MYISAM', 'BLACKHOLE', 'FEDERATED', "
    "'PERFORMANCE_SCHEMA') AND NOT (table_schema = 'mysql' AND table_name IN ('general_log', "
    "'slow_log')) ORDER BY 1, 2 LIMIT 1";

} // namespace

Awaitable<Result<void>> refuse_uncopied(Session::Ptr session, Deadline deadline) {
    std::string ask = uncopied_sql;
    const auto rows = co_await session->query(std::move(ask), deadline);
    if (!rows) {
        co_return within("ask for the tables' engines", rows.error());
    }
    if (rows->empty()) {
        co_return Result<void>{};
    }
    co_return fail(Errc::refused,
                   fmt::format("the table {}.{} is of the engine {}, whose rows MySQL's clone does "
                               "not copy: make it InnoDB, or drop it",
                               quote_name(rows->text(0, 0)), quote_name(rows->text(0, 1)),
                               rows->text(0, 2)));
}

} // namespace lockstep::mysql
