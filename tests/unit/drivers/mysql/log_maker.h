#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/mysql/config.h"
#include "drivers/mysql/snapshot/log_check.h"

namespace lockstep::mysql {

/// Writes binary logs as the two engines do, checksums included.
class LogMaker {
public:
    explicit LogMaker(Flavour flavour)
        : flavour_(flavour), text_("\xfe"
                                   "bin") {
        auto version = std::string(flavour == Flavour::mysql ? "9.7.4" : "10.11.19-MariaDB-log");
        version.resize(50, '\0');
        event(15,
              number(4, 2) + version + number(0, 4) + number(19, 1) + std::string(40, '\x08') +
                  number(1, 1),
              1, 1);
    }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::size_t size() const { return text_.size(); }

    struct Last {
        std::uint32_t domain, server;
        std::uint64_t sequence;
    };
    void before(const std::vector<Last>& list) {
        if (flavour_ == Flavour::mysql) {
            event(35, number(0, 8));
            return;
        }
        auto body = number(list.size(), 4);
        for (const auto& [domain, server, sequence] : list) {
            body += number(domain, 4) + number(server, 4) + number(sequence, 8);
        }
        event(163, body);
    }
    void before_mysql(unsigned char server, std::uint64_t first, std::uint64_t end) {
        event(35, number(1, 8) + std::string(16, static_cast<char>(server)) + number(1, 8) +
                      number(first, 8) + number(end, 8));
    }
    /// Rows of a table, and a commit.
    void transaction(unsigned char server, std::uint64_t sequence) {
        gtid(server, sequence, 0);
        if (flavour_ == Flavour::mysql) {
            query("BEGIN", server);
        }
        event(19, std::string(30, 'm'), server);
        event(30, std::string(200, 'r'), server);
        event(16, number(sequence, 8), server);
    }
    /// DDL.
    void statement(unsigned char server, std::uint64_t sequence, const std::string& sql) {
        gtid(server, sequence, 1);
        query(sql, server);
    }
    /// As a server does at its end.
    void close() {
        event(3, "");
        text_[4 + 17] = '\0';
    }
    void event(int type, const std::string& body, std::uint32_t server = 1, int flags = 0) {
        const auto bytes = 19 + body.size() + 4;
        const auto head = number(unix_s_, 4) + number(static_cast<std::uint64_t>(type), 1) +
                          number(server, 4) + number(bytes, 4) + number(text_.size() + bytes, 4);
        // Whether the file is in use, which the first event's flags say, is not in its checksum.
        const auto summed = head + number(static_cast<std::uint64_t>(type == 15 ? 0 : flags), 2);
        text_ += head + number(static_cast<std::uint64_t>(flags), 2) + body +
                 number(crc32_of(summed + body), 4);
    }
    /// When what follows is written.
    void at(std::uint32_t unix_s, std::uint32_t us = 0) {
        unix_s_ = unix_s;
        unix_us_ = std::uint64_t{unix_s} * 1000000 + us;
    }
    static std::string uuid_text(unsigned char server) {
        constexpr const char* digits = "0123456789abcdef";
        std::string text;
        for (int i = 0; i < 16; ++i) {
            text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
            text += digits[server / 16];
            text += digits[server % 16];
        }
        return text;
    }

private:
    static std::string number(std::uint64_t value, std::size_t bytes) {
        std::string text;
        for (std::size_t i = 0; i < bytes; ++i) {
            text += static_cast<char>(value >> (8 * i));
        }
        return text;
    }
    void gtid(unsigned char server, std::uint64_t sequence, int alone) {
        if (flavour_ == Flavour::mysql) {
            event(33,
                  number(1, 1) + std::string(16, static_cast<char>(server)) + number(sequence, 8) +
                      number(unix_us_ == 0 ? 0 : 2, 1) + std::string(16, '\0') +
                      (unix_us_ == 0 ? "" : number(unix_us_, 7)),
                  server);
            return;
        }
        event(162,
              number(sequence, 8) + number(0, 4) + number(static_cast<std::uint64_t>(alone), 1) +
                  std::string(6, '\0'),
              server);
    }
    void query(const std::string& sql, std::uint32_t server) {
        event(2,
              number(7, 4) + number(0, 4) + number(4, 1) + number(0, 2) + number(3, 2) + "vvv" +
                  "shop" + std::string(1, '\0') + sql,
              server);
    }

    Flavour flavour_;
    std::string text_;
    std::uint32_t unix_s_ = 1795636771;
    std::uint64_t unix_us_ = 0; // 0: an event of an older server, which does not tell it.
};

} // namespace lockstep::mysql
