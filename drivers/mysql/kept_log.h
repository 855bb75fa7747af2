#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/kept_divergence.h"
#include "core/result.h"

/// The copy that R8 makes of a diverged log, and what it says.
namespace lockstep::mysql {

/// Where in the copy the first transaction begins that only this member had.
struct KeptLog {
    std::string first_file;
    std::uint64_t offset_bytes = 0;
    friend bool operator==(const KeptLog&, const KeptLog&) = default;
};

/// The place that a verdict's fork names (`before GTID (FILE, byte N)`) in the log's files; a fork
/// that names none is the log's end. Errors: `refused` if it lies in files that are gone.
struct PlaceInLog {
    std::size_t file = 0;
    std::uint64_t offset_bytes = 0;
};
[[nodiscard]] Result<PlaceInLog> start_in(std::string_view fork,
                                          const std::vector<std::filesystem::path>& files,
                                          std::uint64_t end_bytes);

/// What a person needs who wants the diverged changes back, and decode().
struct About {
    std::string data;
    std::string when;
    std::string system_id;
    std::string fork;
    std::string why;
    std::string decoder;
};
[[nodiscard]] std::string render_readme(const KeptLog& kept, const About& about);
/// Errors: `corrupt`.
[[nodiscard]] Result<KeptLog> parse_readme(std::string_view readme);

/// Puts the lines of mysqlbinlog or mariadb-binlog (--verbose, rows decoded) together to
/// transactions. Bounded: of one only the first few tables are kept.
class LoggedText {
public:
    /// Called for each transaction when it ends; not for heartbeats.
    using OnEnd = std::function<void(const KeptTransaction&)>;
    explicit LoggedText(OnEnd on_end) : on_end_(std::move(on_end)) {}

    void take(std::string_view line);
    /// The log is over: what is still open never ended.
    void finish();

    /// The counts, and the first transactions.
    [[nodiscard]] const DecodedLog& result() const { return result_; }
    [[nodiscard]] std::uint64_t lines() const { return lines_; }

private:
    void take_event(std::string_view line);
    void take_gtid(std::string gtid);
    void take_object(std::string object);
    void take_statement(std::string_view line);
    void end(const char* how);

    OnEnd on_end_;
    DecodedLog result_;
    std::uint64_t lines_ = 0;
    bool open_ = false;
    bool ended_ = false;   // The open one's commit was seen.
    bool changed_ = false; // Something of it was seen.
    KeptTransaction now_;
    std::string when_;
    std::string position_;
    bool only_heartbeat_ = true;
};

} // namespace lockstep::mysql
