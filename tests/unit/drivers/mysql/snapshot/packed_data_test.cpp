#include "drivers/mysql/snapshot/packed_data.h"

#include <fstream>

#include <gtest/gtest.h>

#include "drivers/common/scratch_folder.h"
#include "drivers/mysql/snapshot/position_note.h"
#include "platform/files.h"

namespace lockstep::mysql {
namespace {

namespace fs = std::filesystem;

class PackedData : public testing::Test {
protected:
    void write(const fs::path& path, const std::string& content) {
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }
    [[nodiscard]] Oversight oversight() const { return overseer_.oversight(); }
    [[nodiscard]] fs::path in(const std::string& name) const { return scratch_.path() / name; }
    Result<DataManifest> pack() {
        fs::create_directories(in("packed"));
        auto watched = oversight();
        return pack_data(
            in("from"), in("packed"), [](const auto& name) { return name == "left_out"; }, watched);
    }

    ScratchFolder scratch_ = ScratchFolder::make().value();
    asio::io_context context_;
    Overseer overseer_{{}, context_.get_executor(), Deadline::in(std::chrono::seconds{60})};
};

TEST_F(PackedData, ComesOutAsItWentIn) {
    const std::string long_name(240, 'x'); // More than a header of an archive holds.
    const std::map<std::string, std::string> files = {
        {"ibdata1", std::string(3U << 20U, 'i')},
        {"empty", ""},
        {"shop/" + long_name + ".ibd", std::string(513, 't')},
        {"shop/exact", std::string(512, 'e')},
        {"shop/deeper/one", "1"},
    };
    for (const auto& [name, content] : files) {
        write(in("from") / name, content);
    }
    write(in("from") / "left_out", "x");
    fs::create_directories(in("from") / "no_tables");
    const auto manifest = pack();
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->files.size(), files.size());
    EXPECT_EQ(read_manifest(in("packed")).value(), *manifest);
    auto watched = oversight();
    ASSERT_TRUE(check_data(in("packed"), *manifest, watched));
    ASSERT_TRUE(unpack_data(in("packed"), *manifest, in("to"), watched));
    for (const auto& [name, content] : files) {
        EXPECT_EQ(read_file(in("to") / name).value(), content) << name.substr(0, 20);
    }
    EXPECT_TRUE(fs::is_directory(in("to") / "no_tables"));
    EXPECT_FALSE(fs::exists(in("to") / "left_out"));
}

TEST_F(PackedData, NamesTheFileThatDiffers) {
    write(in("from") / "one", "1");
    write(in("from") / "two", "22");
    auto manifest = pack().value();
    const auto said = [&](const DataManifest& bent) {
        auto watched = oversight();
        const auto checked = check_data(in("packed"), bent, watched);
        EXPECT_FALSE(checked);
        return checked ? std::string() : checked.error().message;
    };
    auto other = manifest;
    other.files["two"].sha256[0] = other.files["two"].sha256[0] == '0' ? '1' : '0';
    EXPECT_NE(said(other).find("base.tar.zst: two in it differs"), std::string::npos);
    other = manifest;
    other.files["two"].bytes = 3;
    EXPECT_NE(said(other).find("two in it has 2 bytes instead of 3"), std::string::npos);
    other = manifest;
    other.files["three"] = {};
    EXPECT_NE(said(other).find("three is not in it"), std::string::npos);
    other = manifest;
    other.files.erase("one");
    EXPECT_NE(said(other).find("one in it is not in the manifest"), std::string::npos);
}

TEST_F(PackedData, CopiesNothingFromElsewhere) {
    write(in("from") / "one", "1");
    fs::create_symlink("/etc/passwd", in("from") / "link");
    const auto packed = pack();
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().code, Errc::unsupported);
    EXPECT_NE(packed.error().message.find("link"), std::string::npos);
}

TEST_F(PackedData, EndsWhenNobodyWaitsAnyMore) {
    write(in("from") / "one", "1");
    fs::create_directories(in("packed"));
    std::optional<Overseer> given_up;
    given_up.emplace(OnProgress{}, context_.get_executor(), Deadline::in(std::chrono::seconds{60}));
    auto watched = given_up->oversight();
    given_up.reset();
    const auto packed = pack_data(
        in("from"), in("packed"), [](const auto&) { return false; }, watched);
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().code, Errc::conflict);
}

TEST(DataManifest, RefusesWhatItDidNotWrite) {
    const std::string sum(64, 'a');
    EXPECT_TRUE(parse_manifest(""));
    EXPECT_TRUE(parse_manifest(sum + " 12 a b/c\n"));
    EXPECT_EQ(parse_manifest(sum + " 12 a b/c\n")->files.begin()->first, "a b/c");
    for (const auto& bad : {sum + " 12 a", sum + " x a\n", sum + "  a\n", sum + " 12 \n",
                            std::string("short 1 a\n"), std::string("\n"), sum + "_12 a\n"}) {
        EXPECT_FALSE(parse_manifest(bad)) << bad;
    }
}

TEST(PositionNote, IsReadAsItWasWritten) {
    const PositionNote note{"id", {"aa:1@ bb:2@0-1-3"}, "0-2-9", 1795636771999};
    EXPECT_EQ(parse_position(render_position(note)).value(), note);
    const auto text = render_position(note);
    for (const auto* const key : {"system_id", "history", "gtids", "end_unix_ms"}) {
        auto bent = text;
        bent.replace(bent.find(key), 1, "_");
        EXPECT_FALSE(parse_position(bent)) << key;
    }
    EXPECT_FALSE(parse_position(""));
}

} // namespace
} // namespace lockstep::mysql
