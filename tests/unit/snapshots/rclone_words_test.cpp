#include "snapshots/rclone_words.h"

#include <gtest/gtest.h>

namespace lockstep::snapshots {
namespace {

// Lines as rclone 1.60.1 prints them.
constexpr auto progress_line =
    R"({"level":"warning","msg":"\nTransferred:   \t   14.402 MiB / 28.610 MiB, 50%","source":"accounting/stats.go:482","stats":{"bytes":15101955,"checks":0,"eta":null,"totalBytes":30000003,"transfers":2},"time":"2026-11-26T07:45:13.422484+00:00"})";
constexpr auto refused_line =
    R"({"level":"error","msg":"error listing: RequestError: send request failed\ncaused by: Get \"http://127.0.0.1:14569/bk?prefix=lock%2F\": dial tcp 127.0.0.1:14569: connect: connection refused","object":"big","objectType":"string","source":"walk/walk.go:174"})";

TEST(RcloneWords, TellProgress) {
    EXPECT_EQ(parse_progress(progress_line), (RcloneProgress{15101955, 30000003}));
    EXPECT_FALSE(parse_progress(refused_line).has_value());
    EXPECT_FALSE(parse_progress("12;files/base.tar.zst").has_value());
    EXPECT_FALSE(parse_progress(R"({"stats":5})").has_value());
    EXPECT_FALSE(parse_progress(R"({"stats":{"bytes":5)").has_value()) << "cut";
    EXPECT_EQ(parse_progress(R"({"stats":{"bytes":-5}})"), RcloneProgress{});
}

TEST(RcloneWords, TellWhatWentWrongWithWhat) {
    const auto complaint = parse_complaint(refused_line);
    ASSERT_TRUE(complaint.has_value());
    EXPECT_EQ(complaint->object, "big");
    EXPECT_NE(complaint->message.find("connection refused"), std::string::npos);
    EXPECT_EQ(complaint->message.find('\n'), std::string::npos) << "on one line";
    EXPECT_EQ(parse_complaint("2026/11/26 07:45:14 Failed to create file system for \"x:\": "
                              "didn't find section in config file")
                  ->message.substr(0, 9),
              "Failed to");
    EXPECT_TRUE(parse_complaint("caused by: Get \"http://x\": connection refused").has_value());
    EXPECT_FALSE(parse_complaint(progress_line).has_value());
    EXPECT_FALSE(parse_complaint("12;files/base.tar.zst").has_value());
}

TEST(RcloneWords, ListObjects) {
    EXPECT_EQ(parse_listed("12;files/a;b"),
              (std::pair<std::string, std::uint64_t>{"files/a;b", 12}));
    EXPECT_FALSE(parse_listed("-1;x").has_value());
    EXPECT_FALSE(parse_listed("x;y").has_value());
    EXPECT_FALSE(parse_listed(";y").has_value());
    EXPECT_FALSE(parse_listed("").has_value());
}

TEST(RcloneWords, TellHashes) {
    const std::string hash(64, 'a');
    EXPECT_EQ(parse_hash(hash + "  d/small file"),
              (std::pair<std::string, std::string>{"d/small file", hash}));
    EXPECT_FALSE(parse_hash(hash + " x").has_value());
    EXPECT_FALSE(parse_hash(std::string(64, 'g') + "  x").has_value());
    EXPECT_FALSE(parse_hash("ERROR  x").has_value()) << "what could not be read";
}

TEST(RcloneWords, AreTypedByWhatTheOperatorCanDo) {
    const auto code = [](const std::string& message) {
        return explain("write x", 1, {{"", message}}).code;
    };
    EXPECT_EQ(code("dial tcp 10.0.0.1:9000: connect: connection refused"), Errc::unreachable);
    EXPECT_EQ(code("dial tcp: lookup s3.example: no such host"), Errc::unreachable);
    EXPECT_EQ(code("read tcp 10.0.0.1: i/o timeout"), Errc::timeout);
    EXPECT_EQ(code("InvalidAccessKeyId: The AWS Access Key Id you provided does not exist"),
              Errc::refused);
    EXPECT_EQ(code("AccessDenied: Access Denied status code: 403"), Errc::refused);
    EXPECT_EQ(code("XMinioStorageFull: Storage backend has reached its minimum free drive"),
              Errc::refused);
    EXPECT_EQ(code("corrupted on transfer: md5 hash differ"), Errc::corrupt);
    EXPECT_EQ(code("something else"), Errc::refused);
    EXPECT_EQ(explain("write x", 5, {}).code, Errc::unreachable) << "rclone says: try again";
}

TEST(RcloneWords, NameTheObjectAndTheCause) {
    const auto error =
        explain("write s3:b/p", 1, {{"big", "AccessDenied: no"}, {"", "Failed to copy"}});
    EXPECT_EQ(error.message.find("write s3:b/p: big: AccessDenied: no (it refuses these keys"), 0U)
        << error.message;
    EXPECT_EQ(explain("list s3:b", 1, {{"", "Failed to lsf"}, {"", "caused by: i/o timeout"}}),
              (Error{Errc::timeout, "list s3:b: Failed to lsf, caused by: i/o timeout (the storage "
                                    "did not answer in time)"}));
    EXPECT_EQ(explain("list s3:b", 2, {}).message, "list s3:b: rclone ended with status 2");
}

} // namespace
} // namespace lockstep::snapshots
