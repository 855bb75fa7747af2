#include "agent/memory.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/wire/codec.h"
#include "platform/files.h"

namespace lockstep {
namespace {

using nlohmann::json;

constexpr int format = 1;
constexpr std::chrono::milliseconds longest_write{10000};

tl::unexpected<Error> unreadable(const std::filesystem::path& path, const std::string& why) {
    return fail(Errc::corrupt,
                path.string() + ": " + why +
                    ". The database was not touched. Restore the file, or, if it is lost, move the "
                    "state folder and the data folder away and join this host again: it will be "
                    "copied from the other member");
}

json parse_format(const std::string& text) {
    auto whole = json::parse(text);
    const auto found = whole.at("format").get<int>();
    if (found != format) {
        throw json::other_error::create(501,
                                        "format " + std::to_string(found) +
                                            " is not known here: a newer lockstepd wrote it",
                                        &whole);
    }
    return whole;
}

/// No file: nothing was kept yet.
template <class Take> Result<void> load_file(const std::filesystem::path& path, Take take) {
    auto text = read_file(path);
    if (!text && text.error().code == Errc::unreachable) {
        return {};
    }
    if (!text) {
        return tl::unexpected(text.error());
    }
    try {
        Result<void> taken = take(parse_format(*text));
        return taken ? taken : unreadable(path, taken.error().message);
    } catch (const json::exception& error) {
        return unreadable(path, error.what());
    }
}

Result<void> take_record(const json& whole, std::optional<PairRecord>& record, Epoch& named) {
    auto decoded = wire::decode_record(whole.at("record").dump());
    if (!decoded) {
        return tl::unexpected(decoded.error());
    }
    record = std::move(*decoded);
    named = Epoch{whole.value("named_primary", std::uint64_t{0})};
    return {};
}

Result<void> take_data(const json& whole, DataMemory& data) {
    data.data_id = whole.at("data_id").get<std::string>();
    data.replaced_id = whole.value("replaced_id", "");
    data.system_id = whole.at("system_id").get<std::string>();
    data.making = whole.at("making").get<bool>();
    data.begun_epoch = Epoch{whole.at("begun_epoch").get<std::uint64_t>()};
    data.followed_epoch = Epoch{whole.value("followed_epoch", std::uint64_t{0})};
    data.replayed_epoch = Epoch{whole.value("replayed_epoch", std::uint64_t{0})};
    return {};
}

Result<void> take_zone(const json& whole, wire::Zone& zone) {
    auto decoded = wire::decode_zone(whole.at("zone").dump());
    if (!decoded) {
        return tl::unexpected(decoded.error());
    }
    zone = std::move(*decoded);
    return {};
}

} // namespace

Memory::Memory(std::filesystem::path folder, std::string store_id, asio::any_io_executor executor)
    : folder_(std::move(folder)), store_id_(std::move(store_id)),
      disk_(std::make_unique<DiskWorker>(std::move(executor))) {}

Result<Memory> Memory::open(const std::filesystem::path& state_dir, const std::string& store_id,
                            asio::any_io_executor executor) {
    Memory memory(state_dir, store_id, std::move(executor));
    if (auto loaded = memory.load(); !loaded) {
        return tl::unexpected(loaded.error());
    }
    return memory;
}

Result<void> Memory::load() {
    const auto accepted = folder_ / "accepted.json";
    auto done = load_file(
        accepted, [this](const json& all) { return take_record(all, record_, named_primary_); });
    if (done) {
        done = load_file(folder_ / "data.json",
                         [this](const json& all) { return take_data(all, data_); });
    }
    if (done) {
        done = load_file(folder_ / "zone.json",
                         [this](const json& all) { return take_zone(all, zone_); });
    }
    if (!done) {
        return done;
    }
    if (record_ && record_->store_id != store_id_) {
        return fail(Errc::refused, accepted.string() + ": the accepted record is of store " +
                                       record_->store_id + ", but this host joined store " +
                                       store_id_ + ". If the store was replaced on purpose, move " +
                                       accepted.string() + " away");
    }
    return {};
}

Awaitable<Result<void>> Memory::write(std::string name, std::string text) {
    const auto path = folder_ / name;
    const auto deadline = Deadline::in(longest_write);
    std::function<Result<void>()> work = [path, text = std::move(text)] {
        return write_file_durably(path, text);
    };
    auto what = "write " + path.string();
    auto written = co_await disk_->run<void>(std::move(what), std::move(work), deadline);
    co_return written;
}

Awaitable<Result<void>> Memory::accept(PairRecord record, MemberId self) {
    const auto named =
        record.primary == self ? std::max(named_primary_, record.epoch) : named_primary_;
    json whole = {{"format", format}, {"named_primary", number(named)}};
    whole["record"] = json::parse(wire::encode_record(record));
    std::string name = "accepted.json";
    auto text = whole.dump();
    auto written = co_await write(std::move(name), std::move(text));
    if (written) {
        record_ = std::move(record);
        named_primary_ = named;
    }
    co_return written;
}

Awaitable<Result<void>> Memory::keep_data(DataMemory data) {
    const json whole = {{"format", format},
                        {"data_id", data.data_id},
                        {"replaced_id", data.replaced_id},
                        {"system_id", data.system_id},
                        {"making", data.making},
                        {"begun_epoch", number(data.begun_epoch)},
                        {"followed_epoch", number(data.followed_epoch)},
                        {"replayed_epoch", number(data.replayed_epoch)}};
    std::string name = "data.json";
    auto text = whole.dump();
    auto written = co_await write(std::move(name), std::move(text));
    if (written) {
        data_ = std::move(data);
    }
    co_return written;
}

Awaitable<Result<void>> Memory::keep_zone(wire::Zone zone) {
    json whole = {{"format", format}};
    whole["zone"] = json::parse(wire::encode_zone(zone));
    std::string name = "zone.json";
    auto text = whole.dump();
    auto written = co_await write(std::move(name), std::move(text));
    co_return written;
}

} // namespace lockstep
