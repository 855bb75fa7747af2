#include "tests/bench/filling.h"

#include <string>

namespace lockstep::bench {

using namespace testbed;

void fill(Testbed& bed, Engine engine, std::size_t data_mib) {
    constexpr std::size_t rows_at_once = 8;
    const bool postgresql = engine == Engine::postgresql;
    const auto primary = bed.pair().at("primary").get<std::string>();
    const auto say = [&](const std::string& statement) {
        if (!postgresql) {
            bed.say_as_superuser(primary, statement);
            return;
        }
        static_cast<void>(ask_once(bed.superuser_of(primary), statement, in(Milliseconds{60000})));
    };
    const std::string table = postgresql ? "filler" : "app.filler";
    const std::string one =
        postgresql ? "(repeat(md5(random()::text), 32768))" : "(REPEAT(UUID(), 29127))";
    if (postgresql) {
        say("create table filler (id bigserial primary key, content text)");
        say("alter table filler alter column content set storage external");
    } else {
        say("CREATE TABLE app.filler (id BIGINT AUTO_INCREMENT PRIMARY KEY, content LONGTEXT)");
    }
    std::string rows = one;
    for (std::size_t row = 1; row < rows_at_once; ++row) {
        rows += ", " + one;
    }
    for (std::size_t filled = 0; filled < data_mib; filled += rows_at_once) {
        say("INSERT INTO " + table + " (content) VALUES " + rows);
    }
}

} // namespace lockstep::bench
