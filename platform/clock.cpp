#include "platform/clock.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <stdexcept>

#include <sys/random.h>

#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep {
namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    return text;
}

} // namespace

std::chrono::milliseconds boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::milliseconds{now.tv_nsec / 1'000'000};
}

std::chrono::steady_clock::time_point steady_now() {
    return std::chrono::steady_clock::now();
}

std::int64_t unix_ms() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string format_time(std::int64_t unix_ms) {
    auto seconds = unix_ms / 1000;
    auto milliseconds = unix_ms % 1000;
    if (milliseconds < 0) {
        milliseconds += 1000;
        --seconds;
    }
    const std::time_t moment = seconds;
    std::tm parts{};
    gmtime_r(&moment, &parts);
    std::array<char, 40> date{};
    const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const auto digits = std::to_string(1000 + milliseconds).substr(1);
    return std::string(date.data(), length) + "." + digits + "Z";
}

std::string boot_id() {
    auto text = read_file("/proc/sys/kernel/random/boot_id");
    if (!text) {
        throw std::runtime_error(text.error().message);
    }
    return trimmed(std::move(*text));
}

std::string machine_id() {
    // While a machine is being installed the file may say "uninitialized" (machine-id(5)).
    const auto text = trimmed(read_file("/etc/machine-id").value_or(""));
    return text.empty() || text == "uninitialized" ? boot_id() : text;
}

std::string random_hex(std::size_t bytes) {
    std::string raw(bytes, '\0');
    for (std::size_t filled = 0; filled < bytes;) {
        const auto got = getrandom(raw.data() + filled, bytes - filled, 0);
        if (got < 0 && errno != EINTR) {
            throw std::runtime_error("getrandom: " + system_reason(errno));
        }
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char byte : raw) {
        const auto value = static_cast<unsigned char>(byte);
        hex += digits[value >> 4U];
        hex += digits[value & 0xFU];
    }
    return hex;
}

} // namespace lockstep
