#include "drivers/postgres/control_data.h"

#include <charconv>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"

namespace lockstep::postgres {
namespace {

/// The value of the line `label:   value`.
std::optional<std::string> value_of(std::string_view output, std::string_view label) {
    for (std::size_t begin = 0; begin < output.size();) {
        const auto end = std::min(output.find('\n', begin), output.size());
        auto line = output.substr(begin, end - begin);
        begin = end + 1;
        if (!line.starts_with(label) || line.size() <= label.size() || line[label.size()] != ':') {
            continue;
        }
        line.remove_prefix(label.size() + 1);
        const auto first = line.find_first_not_of(' ');
        return std::string(first == std::string_view::npos ? "" : line.substr(first));
    }
    return std::nullopt;
}

/// Collects the first thing that is missing, so that the reading below stays a plain list.
class Reader {
public:
    explicit Reader(std::string_view output) : output_(output) {}

    std::string text(std::string_view label) {
        auto value = value_of(output_, label);
        if (!value) {
            missing(label);
        }
        return value.value_or("");
    }
    std::uint64_t lsn(std::string_view label) {
        const auto parsed = parse_lsn(text(label));
        if (!parsed) {
            missing(label);
        }
        return parsed.value_or(0);
    }
    template <class Number> Number number(std::string_view label) {
        const auto value = text(label);
        Number parsed = 0;
        const auto* const end = value.data() + value.size();
        if (std::from_chars(value.data(), end, parsed).ptr != end || value.empty()) {
            missing(label);
        }
        return parsed;
    }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    void missing(std::string_view label) {
        if (trouble_.empty()) {
            trouble_ = fmt::format("pg_controldata's output has no \"{}\"", label);
        }
    }
    std::string_view output_;
    std::string trouble_;
};

} // namespace

bool ControlData::clean() const {
    return state == "shut down" || state == "shut down in recovery";
}

bool ControlData::recovers() const {
    return state == "shut down in recovery" || state == "in archive recovery";
}

Result<ControlData> parse_control_data(std::string_view output) {
    Reader reader(output);
    ControlData data;
    data.system_id = reader.text("Database system identifier");
    data.state = reader.text("Database cluster state");
    data.checkpoint_timeline = reader.number<Timeline>("Latest checkpoint's TimeLineID");
    data.redo = reader.lsn("Latest checkpoint's REDO location");
    data.recovery_end = reader.lsn("Minimum recovery ending location");
    data.recovery_end_timeline = reader.number<Timeline>("Min recovery ending loc's timeline");
    data.segment_bytes = reader.number<std::uint64_t>("Bytes per WAL segment");
    data.page_bytes = reader.number<std::uint64_t>("WAL block size");
    if (!reader.trouble().empty()) {
        return fail(Errc::corrupt, reader.trouble());
    }
    if (data.segment_bytes < (1U << 20U) || (data.segment_bytes & (data.segment_bytes - 1)) != 0) {
        return fail(Errc::corrupt,
                    fmt::format("pg_controldata: {} bytes per WAL segment", data.segment_bytes));
    }
    return data;
}

Command tool(const std::filesystem::path& bin_dir, const std::string& name,
             std::vector<std::string> arguments) {
    Command command{{(bin_dir / name).string()}, {"LC_ALL=C"}, "/"};
    for (auto& argument : arguments) {
        command.argv.push_back(std::move(argument));
    }
    return command;
}

Awaitable<Result<ControlData>> read_control_data(std::filesystem::path bin_dir,
                                                 std::filesystem::path folder, Deadline deadline) {
    auto command = tool(bin_dir, "pg_controldata", {"-D", folder.string()});
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, fmt::format("pg_controldata -D {}: {}", folder.string(),
                                                  one_line(ran->output)));
    }
    co_return parse_control_data(ran->output);
}

} // namespace lockstep::postgres
