#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/tidy/rules.h"

namespace lockstep::tidy {
namespace {

namespace fs = std::filesystem;

const fs::path root = LOCKSTEP_SOURCE_DIR;

const std::vector<std::string>& folders() {
    static const std::vector<std::string> names = {
        "core",        "platform",   "drivers", "dns", "snapshots",
        "maintenance", "controller", "agent",   "cli", "tests"};
    return names;
}

std::string read(const fs::path& path) {
    const std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const std::vector<Source>& sources() {
    static const std::vector<Source> all = [] {
        std::vector<Source> found;
        for (const std::string& folder : folders()) {
            if (!fs::is_directory(root / folder)) {
                continue;
            }
            for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
                const auto suffix = entry.path().extension();
                if (suffix == ".h" || suffix == ".cpp" || suffix == ".c") {
                    found.push_back({fs::relative(entry.path(), root), read(entry.path())});
                }
            }
        }
        return found;
    }();
    return all;
}

void expect_none(Breaches (*check)(const Source&)) {
    for (const Source& source : sources()) {
        for (const std::string& found : check(source)) {
            ADD_FAILURE() << found;
        }
    }
}

// --- the tree -----------------------------------------------------------------------------------

TEST(Tree, HasSources) {
    EXPECT_GT(sources().size(), 50U);
}
TEST(Tree, IncludesAlongTheArrows) {
    expect_none(check_arrows);
}
TEST(Tree, UsesLibrariesBehindTheirWrappers) {
    expect_none(check_libraries);
}
TEST(Tree, DecidesPurely) {
    expect_none(check_purity);
}
TEST(Tree, UsesNoBannedWords) {
    expect_none(check_banned_words);
}
TEST(Tree, NamesWhatItHandsToCoAwait) {
    expect_none(check_co_await);
}
TEST(Tree, HasShortFilesAndFunctions) {
    expect_none(check_length);
}
TEST(Tree, GuardsItsHeaders) {
    expect_none(check_pragma_once);
}
TEST(Tree, NamesEnginesInDriversOnly) {
    expect_none(check_engine_words);
}

TEST(Tree, IsExplainedByTheReadme) {
    std::vector<std::string> present;
    for (const std::string& folder : folders()) {
        if (fs::is_directory(root / folder)) {
            present.push_back(folder);
        }
    }
    for (const std::string& found : check_readme(read(root / "README.md"), present)) {
        ADD_FAILURE() << found;
    }
}

// A new folder with sources must come under these rules.
TEST(Tree, HasNoSourcesOutsideTheKnownFolders) {
    for (const auto& entry : fs::directory_iterator(root)) {
        const std::string name = entry.path().filename();
        const bool known = std::ranges::find(folders(), name) != folders().end();
        if (!entry.is_directory() || known || name == "build" || name.starts_with('.')) {
            continue;
        }
        for (const auto& file : fs::recursive_directory_iterator(entry.path())) {
            EXPECT_NE(file.path().extension(), ".cpp") << file.path();
            EXPECT_NE(file.path().extension(), ".h") << file.path();
        }
    }
}

// --- each rule bites, and bites nothing else ----------------------------------------------------

using Check = Breaches (*)(const Source&);

std::size_t count(Check check, const std::string& path, const std::string& text) {
    return check(Source{path, text}).size();
}

TEST(Arrows, ForbidWhatPointsUp) {
    EXPECT_EQ(count(check_arrows, "core/x.cpp", "#include \"platform/clock.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "platform/x.cpp", "#include \"dns/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "drivers/postgres/x.cpp", "#include \"agent/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "agent/x.cpp", "#include \"drivers/postgres/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "agent/x.cpp", "#include \"controller/run.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "controller/x.cpp", "#include \"drivers/driver.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "cli/x.cpp", "#include \"controller/run.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "cli/x.cpp", "#include \"tests/support/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, "elsewhere/x.cpp", "#include \"core/ids.h\"\n"), 1U);
}

TEST(Arrows, KeepADecisionToTheCoreAndItsOwnFolder) {
    const std::string path = "dns/decision/x.cpp";
    EXPECT_EQ(count(check_arrows, path, "#include \"dns/server/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, path, "#include \"platform/clock.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, path, "#include \"agent/decision/x.h\"\n"), 1U);
    EXPECT_EQ(count(check_arrows, path,
                    "#include \"core/ids.h\"\n#include \"dns/decision/x.h\"\n#include <map>\n"),
              0U);
}

TEST(Arrows, AllowThePicture) {
    EXPECT_EQ(count(check_arrows, "agent/x.cpp", "#include \"drivers/driver.h\"\n"), 0U);
    EXPECT_EQ(count(check_arrows, "agent/main.cpp", "#include \"controller/run.h\"\n"), 0U);
    EXPECT_EQ(count(check_arrows, "tests/unit/x.cpp", "#include \"agent/x.h\"\n"), 0U);
}

TEST(Libraries, StayBehindTheirWrappers) {
    EXPECT_EQ(count(check_libraries, "agent/x.cpp", "#include <boost/asio.hpp>\n"), 1U);
    EXPECT_EQ(count(check_libraries, "platform/x.cpp", "#include <boost/beast/http.hpp>\n"), 1U);
    EXPECT_EQ(count(check_libraries, "controller/x.cpp", "#include <sqlite3.h>\n"), 1U);
    EXPECT_EQ(count(check_libraries, "agent/x.cpp", "#include <libpq-fe.h>\n"), 1U);
    EXPECT_EQ(count(check_libraries, "drivers/postgres/x.cpp", "#include <libpq-fe.h>\n"), 0U);
}

TEST(Purity, ForbidsClocksChanceAndInputInADecision) {
    const std::string path = "controller/decision/x.cpp";
    EXPECT_EQ(count(check_purity, path, "auto t = Clock::now();\n"), 1U);
    EXPECT_EQ(count(check_purity, path, "int x = std::rand();\n"), 1U);
    EXPECT_EQ(count(check_purity, path, "auto* e = getenv(name);\n"), 1U);
    EXPECT_EQ(count(check_purity, path, "#include <iostream>\n"), 1U);
    EXPECT_EQ(count(check_purity, path, "#include <spdlog/sinks.h>\n"), 1U);
    EXPECT_EQ(count(check_purity, path, "// asks boost::asio for Clock::now()\nint operand;\n"),
              0U);
    EXPECT_EQ(count(check_purity, "controller/x.cpp", "auto t = Clock::now();\n"), 0U);
}

TEST(BannedWords, HaveAReplacement) {
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "std::cout << 1;\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "cli/x.cpp", "std::cout << 1;\n"), 0U);
    EXPECT_EQ(count(check_banned_words, "tests/x.cpp", "std::this_thread::sleep_for(1s);\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "tests/x.cpp", "usleep(1);\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "co_spawn(e, f(), asio::detached);\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "tests/x.cpp", "std::system(\"ls\");\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "check_system(x); file_system(y);\n"), 0U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "using namespace std;\n"), 1U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "using namespace std::chrono;\n"), 0U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp",
                    "// TO"
                    "DO: later\n"),
              1U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp",
                    "// FIX"
                    "ME\n"),
              1U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "// a system(call) in a comment\n"), 0U);
    EXPECT_EQ(count(check_banned_words, "agent/x.cpp", "auto s = \"std::cout\";\n"), 0U);
}

TEST(CoAwait, TakesNoBraceAndNoLambdaAndIsNoBranchOfAnExpression) {
    const std::string path = "agent/x.cpp";
    EXPECT_EQ(count(check_co_await, path, "co_await f(Options{1, 2});\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "auto x = co_await f({1, 2});\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "co_await f([this] { go(); });\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "co_await f(a,\n    Options{1});\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "auto x = a ? co_await f(a) : b;\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "auto x = a ? b\n    : co_await f(a);\n"), 1U);
    EXPECT_EQ(count(check_co_await, path, "auto x = a ? b : c;\nco_await f(x);\n"), 0U);
    EXPECT_EQ(count(check_co_await, path, "co_await f(a, b);\n{ }\n"), 0U);
    EXPECT_EQ(count(check_co_await, path, "if (co_await f(a)) {\n}\n"), 0U);
    EXPECT_EQ(count(check_co_await, path, "if (auto x = co_await f(a); !x) {\n}\n"), 0U);
    EXPECT_EQ(count(check_co_await, path, "// co_await f({1})\n"), 0U);
}

std::string lines(std::size_t number) {
    std::string text;
    for (std::size_t i = 0; i < number; ++i) {
        text += "    step();\n";
    }
    return text;
}

TEST(Length, OfAFileAndOfAFunctionIsLimited) {
    EXPECT_EQ(count(check_length, "core/x.cpp", std::string(600, '\n')), 0U);
    EXPECT_EQ(count(check_length, "core/x.cpp", std::string(601, '\n')), 1U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "void f() {\n" + lines(68) + "}\n"), 0U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "void f() {\n" + lines(69) + "}\n"), 1U);
}

TEST(Length, OfAFunctionIsSeenInNamespacesAndClassesAndNotInTables) {
    const std::string body = "{\n" + lines(80) + "}\n";
    EXPECT_EQ(count(check_length, "core/x.cpp", "namespace a {\nint f() const " + body + "}\n"),
              1U);
    EXPECT_EQ(count(check_length, "core/x.h", "class A : B<C> {\nint f() " + body + "};\n"), 1U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "TEST(A, B) " + body), 1U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "A::A(int b) : b_{b}, c_(b) " + body), 1U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "constexpr Rule rules[] = " + body), 0U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "struct A " + body), 0U);
    const std::string table = "static const T all = {\n" + std::string(80, '\n') + "};\n";
    EXPECT_EQ(count(check_length, "core/x.cpp", "T all() {\n" + table + "return all;\n}\n"), 0U);
    EXPECT_EQ(count(check_length, "core/x.cpp", "T all() {\n" + table + "f();\nreturn all;}"), 1U);
}

TEST(PragmaOnce, BeginsEveryHeader) {
    EXPECT_EQ(count(check_pragma_once, "core/x.h", "#include <map>\n"), 1U);
    EXPECT_EQ(count(check_pragma_once, "core/x.h", "#pragma once\n"), 0U);
    EXPECT_EQ(count(check_pragma_once, "core/x.cpp", "#include <map>\n"), 0U);
}

TEST(EngineWords, BelongInDrivers) {
    EXPECT_EQ(count(check_engine_words, "controller/x.cpp", "void start_postgres();\n"), 1U);
    EXPECT_EQ(count(check_engine_words, "agent/x.cpp", "int wal_level = 0;\n"), 1U);
    EXPECT_EQ(count(check_engine_words, "agent/x.cpp", "PostgresDriver driver;\n"), 1U);
    EXPECT_EQ(count(check_engine_words, "agent/x.cpp", "pg_promote();\n"), 1U);
    EXPECT_EQ(count(check_engine_words, "agent/x.cpp", "int wall = walk(x);\n"), 0U);
    EXPECT_EQ(count(check_engine_words, "core/x.h", "// PostgreSQL: the timeline.\n"), 0U);
    EXPECT_EQ(count(check_engine_words, "drivers/postgres/x.cpp", "pg_promote();\n"), 0U);
}

TEST(Readme, NamesEachFolder) {
    EXPECT_EQ(check_readme("| `core` | the vocabulary |\n", {"core", "dns"}).size(), 1U);
}

TEST(Code, IsWhatIsNeitherCommentNorLiteral) {
    EXPECT_EQ(code_of("a; // b\nc"), "a;     \nc");
    EXPECT_EQ(code_of("a /* b\nc */ d"), "a     \n     d");
    EXPECT_EQ(code_of("f(\"}\\\"{\", '{');"), "f(      ,    );");
    EXPECT_EQ(code_of("x = R\"q({\")q\" + 1'000;"), "x = R         + 1'000;");
    EXPECT_EQ(code_of("#include \"core/ids.h\"\n"), "#include \"core/ids.h\"\n");
}

} // namespace
} // namespace lockstep::tidy
