#include "drivers/postgres/rewind_map.h"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

RewindMap map_of(std::initializer_list<std::string_view> lines) {
    RewindMap map;
    for (const auto line : lines) {
        map.take(line);
    }
    return map;
}

TEST(RewindMap, ListsWhatLosesSomething) {
    const auto map = map_of({
        "pg_rewind: connected to server",
        "pg_rewind: reading target file list",
        "pg_rewind: base/5/PG_VERSION (COPY)",
        "pg_rewind: pg_wal/000000010000000000000003 (COPY)",
        "pg_rewind: global/1214 (COPY_TAIL)",
        "pg_rewind: base/5/1247 (NONE)",
        "pg_rewind: block 14",
        "pg_rewind: block 4294967294",
        "pg_rewind: base/5/16385 (TRUNCATE)",
        "pg_rewind: base/6 (CREATE)",
        "pg_rewind: base/5/a file (odd) (REMOVE)",
        "pg_rewind: received chunk for file \"global/1214\", offset 0, size 8192",
        "pg_rewind: base/5/9999 (COPY)",
    });
    EXPECT_TRUE(map.is_complete());
    EXPECT_FALSE(map.is_needless());
    const std::vector<OverwrittenFile> wanted = {{"base/5/PG_VERSION", {}},
                                                 {"base/5/1247", {14, 4294967294}},
                                                 {"base/5/16385", {}},
                                                 {"base/5/a file (odd)", {}}};
    EXPECT_EQ(map.overwritten(), wanted);
}

TEST(RewindMap, ReadsOtherVersionsToo) {
    const auto map = map_of({"pg_rewind: debug: base/5/1247 (NONE)", "  block 3",
                             "pg_rewind: need 52 MB (total source directory size is 80 MB)"});
    EXPECT_TRUE(map.is_complete());
    const std::vector<OverwrittenFile> wanted = {{"base/5/1247", {3}}};
    EXPECT_EQ(map.overwritten(), wanted);
}

TEST(RewindMap, IsNotCompleteAfterAnError) {
    const auto map = map_of({"pg_rewind: fetched file \"global/pg_control\", length 8192",
                             "pg_rewind: error: target server must be shut down cleanly"});
    EXPECT_FALSE(map.is_complete());
    EXPECT_TRUE(map.overwritten().empty());
}

TEST(RewindMap, KnowsWhenThereIsNothingToDo) {
    EXPECT_TRUE(map_of({"pg_rewind: no rewind required"}).is_needless());
}

} // namespace
} // namespace lockstep::postgres
