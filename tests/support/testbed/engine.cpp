#include "tests/support/testbed/engine.h"

#include <array>

#include "tests/support/testbed/children.h"

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

struct Facts {
    Engine engine;
    const char* name;
    const char* product;
    const char* server; // Looked for in:
    const char* folder;
    const char* install; // What brings it.
};

constexpr std::array all = {
    Facts{Engine::postgresql, "postgresql", "PostgreSQL", "postgres", "/usr/lib/postgresql/15/bin",
          "deploy/install-dependencies"},
    Facts{Engine::mysql, "mysql", "MySQL", "mysqld", "/var/cache/lockstep/mysql-sid/lockstep/bin",
          "deploy/install-dependencies --with-mysql"},
    Facts{Engine::mariadb, "mariadb", "MariaDB", "mariadbd", "/usr/sbin",
          "deploy/install-dependencies"},
};

const Facts& facts_of(Engine engine) {
    return all.at(static_cast<std::size_t>(engine));
}

} // namespace

std::string name_of(Engine engine) {
    return facts_of(engine).name;
}

std::string product_of(Engine engine) {
    return facts_of(engine).product;
}

Engine engine_named(const std::string& name) {
    for (const auto& facts : all) {
        if (name == facts.name) {
            return facts.engine;
        }
    }
    throw Failure("there is no engine \"" + name + "\"");
}

fs::path programs_of(Engine engine) {
    const auto& facts = facts_of(engine);
    const fs::path folder = facts.folder;
    if (!fs::exists(folder / facts.server)) {
        throw Failure(std::string(facts.product) + " is not there: no program " +
                      (folder / facts.server).string() + "; run " + facts.install);
    }
    return folder;
}

} // namespace lockstep::testbed
