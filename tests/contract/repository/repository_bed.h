#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "snapshots/repository.h"
#include "tests/support/temporary_folder.h"

namespace lockstep::snapshots {

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write(const std::filesystem::path& file, const std::string& content) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
}

inline void flip_bit(const std::filesystem::path& file, std::size_t byte, unsigned bit) {
    std::string content = content_of(file);
    content.at(byte) =
        static_cast<char>(static_cast<unsigned char>(content.at(byte)) ^ (1U << bit));
    write(file, content);
}

inline std::string message_of(const Result<void>& result) {
    return result ? "" : result.error().message;
}

inline bool names(const std::string& message, const std::string& object) {
    return message.find(object) != std::string::npos;
}

/// A repository with two snapshots and three segments of log, one of them unfinished when its
/// history ended; what is asked of it in the tests.
class RepositoryBed {
public:
    static Snapshot snapshot(const std::string& id) {
        Snapshot one;
        one.id = id;
        one.pair = "shop";
        one.system_id = "7";
        one.begin = {{"1"}, 5};
        one.end = {{"1"}, 6};
        return one;
    }

    static LogSegment segment(const std::string& name, Epoch epoch) {
        LogSegment one;
        one.name = name;
        one.system_id = "7";
        one.history = {"1"};
        one.from = 5;
        one.to = 6;
        one.epoch = epoch;
        return one;
    }

    void fill(Repository& repository) {
        ASSERT_EQ(message_of(repository.claim("a", Epoch{3})), "");
        add_snapshot(repository, "shop-1");
        add_snapshot(repository, "shop-2");
        for (const auto* name : {"0005", "0006", "0006.partial"}) {
            const auto kept = keep(repository, name, std::string(name) + " content", Epoch{3});
            ASSERT_TRUE(kept.has_value()) << kept.error().message;
        }
        ASSERT_EQ(message_of(repository.note_forks({{{"2"}, {"1"}, 7}})), "");
    }

    static void add_snapshot(Repository& repository, const std::string& id) {
        const auto staged = repository.stage(id);
        ASSERT_TRUE(staged.has_value()) << staged.error().message;
        write(*staged / "base.tar.zst", std::string(100'000, 'x') + id);
        write(*staged / "conf/server.conf", "port = 5432\n");
        write(*staged / "empty", "");
        const auto finished = repository.finish(snapshot(id), {});
        ASSERT_TRUE(finished.has_value()) << finished.error().message;
        EXPECT_EQ(finished->bytes, 100'000 + id.size() + 12);
    }

    Result<LogSegment> keep(Repository& repository, const std::string& name,
                            const std::string& content, Epoch epoch) {
        const auto file = folder_ / "spool" / name;
        write(file, content);
        return repository.keep(file, segment(name, epoch));
    }

    /// Into fetched().
    Result<void> fetch(Repository& repository, const std::string& name) {
        const auto known = reading(repository).catalogue;
        const auto found = std::ranges::find(known.log, name, &LogSegment::name);
        if (found == known.log.end()) {
            return fail(Errc::corrupt, name + " is not in the catalogue");
        }
        std::filesystem::create_directories(fetched());
        return repository.fetch_log({*found}, fetched(), {});
    }
    [[nodiscard]] std::filesystem::path fetched() const { return folder_ / "fetched"; }

    static Reading reading(Repository& repository) {
        auto read = repository.read();
        EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message);
        return read ? *read : Reading{};
    }

    [[nodiscard]] static std::string verify(Repository& repository, const std::string& id) {
        const auto opened = repository.open_snapshot(id, Repository::Verify::content, {});
        return opened ? "" : opened.error().message;
    }

    TemporaryFolder folder_;
};

} // namespace lockstep::snapshots
