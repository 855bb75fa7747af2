#include <fstream>

#include <gtest/gtest.h>

#include "drivers/common/sealed_folder.h"
#include "drivers/common/tar_reader.h"
#include "drivers/postgres/snapshot/backup_manifest.h"
#include "platform/certificates.h"
#include "platform/files.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string tar_header(const std::string& name, char type, std::size_t bytes) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    char size[32];
    std::snprintf(size, sizeof size, "%011zo", bytes);
    header.replace(124, 11, size, 11);
    header[156] = type;
    header.replace(257, 5, "ustar");
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    char digits[32];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    header.replace(148, 7, digits, 7);
    return header;
}

std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
    std::string tar = tar_header("base/", '5', 0);
    for (const auto& [name, content] : files) {
        tar += tar_header(name, '0', content.size()) + content;
        tar.resize((tar.size() + 511) / 512 * 512);
    }
    return tar + std::string(1024, '\0');
}

/// What a reader makes of a tar that comes in pieces of that size.
Result<std::string> read_tar(const std::string& tar, std::size_t piece) {
    std::string seen;
    TarReader reader({[&seen](const TarEntry& entry) {
                          seen += entry.name + (entry.kind == TarEntry::Kind::folder ? "/ " : "=");
                          return Result<void>{};
                      },
                      [&seen](std::string_view bytes) {
                          seen += bytes;
                          return Result<void>{};
                      },
                      [&seen] {
                          seen += " ";
                          return Result<void>{};
                      }});
    for (std::size_t at = 0; at < tar.size(); at += piece) {
        if (auto taken = reader.take(std::string_view(tar).substr(at, piece)); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    const auto finished = reader.finish();
    return finished ? Result<std::string>(seen) : tl::unexpected(finished.error());
}

TEST(Tar, IsReadInPiecesOfAnySize) {
    const std::string large(1500, 'x');
    const auto tar = tar_of({{"a", "1"}, {"base/empty", ""}, {"b", large}});
    for (const std::size_t piece : {1U, 7U, 511U, 512U, 513U, 1024U, 100000U}) {
        EXPECT_EQ(read_tar(tar, piece), "base/ a=1 base/empty= b=" + large + " ") << piece;
    }
}

TEST(Tar, DamageIsFoundWhereverItIsNotContent) {
    const auto tar = tar_of({{"a", "1"}});
    for (const std::size_t at : {0U, 124U, 150U, 512U + 3U, 1024U + 100U, 2047U}) {
        auto bent = tar;
        bent[at] = static_cast<char>(bent[at] ^ 1);
        EXPECT_FALSE(read_tar(bent, 512)) << at;
    }
    EXPECT_FALSE(read_tar(tar.substr(0, tar.size() - 512), 512));
    EXPECT_FALSE(read_tar(tar.substr(0, 700), 512));
}

TEST(Zstd, WhatIsPackedIsReadBackAndDamageIsFound) {
    const TemporaryFolder folder;
    std::string content;
    for (std::size_t i = 0; i < 300000; ++i) {
        content += std::to_string(i * 7919);
    }
    const auto plain = folder.path() / "plain";
    const auto packed = folder.path() / "packed";
    std::ofstream(plain) << content;
    std::string looked;
    ASSERT_TRUE(write_zstd(plain, packed, [&looked](std::string_view piece) {
        looked += piece;
        return Result<void>{};
    }));
    EXPECT_EQ(looked, content);
    std::string back;
    const auto take = [&back](std::string_view piece) {
        back += piece;
        return Result<void>{};
    };
    ASSERT_TRUE(read_zstd(packed, take));
    EXPECT_EQ(back, content);
    fs::resize_file(packed, fs::file_size(packed) / 2);
    const auto cut = read_zstd(packed, take);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Errc::corrupt);
}

TEST(SealedFolder, NamesWhatChanged) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "one") << "1";
    std::ofstream(folder.path() / "two") << "22";
    EXPECT_FALSE(check_seal(folder.path(), {}));
    ASSERT_TRUE(seal_folder(folder.path(), {}));
    EXPECT_TRUE(check_seal(folder.path(), {}));
    std::ofstream(folder.path() / "two") << "23";
    const auto bent = check_seal(folder.path(), {});
    ASSERT_FALSE(bent);
    EXPECT_NE(bent.error().message.find("/two is damaged"), std::string::npos);
    fs::remove(folder.path() / "two");
    EXPECT_NE(check_seal(folder.path(), {}).error().message.find("/two is missing"),
              std::string::npos);
}

TEST(BackupManifest, IsReadOnlyWhole) {
    std::string text = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
                       "{ \"Path\": \"PG_VERSION\", \"Size\": 3, \"Last-Modified\": \"x\", "
                       "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"01020304\" },\n"
                       "{ \"Encoded-Path\": \"6162\", \"Size\": 4, \"Last-Modified\": \"x\", "
                       "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"00000000\" }\n],\n"
                       "\"WAL-Ranges\": [\n{ \"Timeline\": 2, \"Start-LSN\": \"0/2000028\", "
                       "\"End-LSN\": \"0/2000100\" }\n],\n";
    text += "\"Manifest-Checksum\": \"" + sha256_hex(text) + "\"}\n";
    const auto manifest = postgres::parse_backup_manifest(text);
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->files.at("PG_VERSION").crc32c, 0x04030201U);
    EXPECT_EQ(manifest->files.at("ab").bytes, 4U);
    EXPECT_EQ(manifest->bytes(), 7U);
    EXPECT_EQ(manifest->ranges.front().timeline, 2U);
    EXPECT_EQ(manifest->ranges.front().end, 0x2000100U);
    for (std::size_t at = 0; at < text.size(); at += 13) {
        auto bent = text;
        bent[at] = static_cast<char>(bent[at] ^ 1);
        EXPECT_FALSE(postgres::parse_backup_manifest(bent)) << at;
    }
    EXPECT_FALSE(postgres::parse_backup_manifest(text.substr(0, text.size() / 2)));
    EXPECT_FALSE(postgres::parse_backup_manifest(""));
}

} // namespace
} // namespace lockstep
