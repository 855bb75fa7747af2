#include "agent/guard_page.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/descriptor.h"

namespace lockstep {
namespace {

constexpr std::uint64_t layout = 0x4c53475541524401; // "LSGUARD", version 1
constexpr std::int64_t no_limit = -1;

template <class T> using Cell = std::atomic<T>;
static_assert(Cell<std::int64_t>::is_always_lock_free, "shared between processes");

struct Slot {
    Cell<std::int64_t> pid;
    Cell<std::uint64_t> start_ticks;
    Cell<std::int64_t> limit_ms;
    Cell<std::int64_t> fed_at_ms;
};

/// The first 64 bits of this boot's id.
std::uint64_t this_boot() {
    std::string digits;
    for (const char letter : boot_id()) {
        digits += letter == '-' ? "" : std::string(1, letter);
    }
    digits.resize(16, '0');
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return number;
}

tl::unexpected<Error> refuse(const std::filesystem::path& path) {
    return fail(Errc::refused,
                "the guardian's page " + path.string() + ": " + system_reason(errno));
}

} // namespace

struct GuardPage::Shared {
    Cell<std::uint64_t> layout;
    Cell<std::uint64_t> boot;
    Cell<std::uint64_t> turn; // Even or odd: the slot that counts. 0: nothing was fed yet.
    std::array<Slot, 2> slots;
    Cell<std::int64_t> in_charge;
    Cell<std::uint32_t> trouble;
    Cell<std::int64_t> fenced_pid;
    Cell<std::uint64_t> fenced_ticks;
};

GuardPage::GuardPage(std::filesystem::path path, Shared* shared, std::uint64_t inode)
    : path_(std::move(path)), shared_(shared), inode_(inode) {}

GuardPage::GuardPage(GuardPage&& other) noexcept
    : path_(std::move(other.path_)), shared_(std::exchange(other.shared_, nullptr)),
      inode_(other.inode_) {}

GuardPage& GuardPage::operator=(GuardPage&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(shared_, other.shared_);
    std::swap(inode_, other.inode_);
    return *this;
}

GuardPage::~GuardPage() {
    if (shared_ != nullptr) {
        ::munmap(shared_, sizeof(Shared));
    }
}

Result<GuardPage> GuardPage::open(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    struct stat found {};
    if (!file.valid() || ::fstat(file.get(), &found) != 0) {
        return refuse(path);
    }
    if (::ftruncate(file.get(), sizeof(Shared)) != 0) {
        return refuse(path);
    }
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) {
        return refuse(path);
    }
    auto* const shared = static_cast<Shared*>(memory);
    if (shared->layout != layout || shared->boot != this_boot()) {
        // Of another release, another boot, or new: whoever is in charge of such a page is not any
        // more, because its own pid is not in it.
        shared->in_charge = 0;
        shared->turn = 0;
        shared->trouble = 0;
        shared->fenced_pid = 0;
        shared->boot = this_boot();
        shared->layout = layout;
    }
    return GuardPage(path, shared, found.st_ino);
}

void GuardPage::feed(const Feed& feed) {
    const auto next = shared_->turn + 1;
    auto& slot = shared_->slots[next % 2];
    slot.pid = feed.server ? feed.server->pid : 0;
    slot.start_ticks = feed.server ? feed.server->start_ticks : 0;
    slot.limit_ms = feed.limit ? feed.limit->count() : no_limit;
    slot.fed_at_ms = feed.at.count();
    shared_->turn = next;
}

std::optional<Feed> GuardPage::last() const {
    for (;;) {
        const std::uint64_t turn = shared_->turn;
        if (turn == 0) {
            return std::nullopt;
        }
        const auto& slot = shared_->slots[turn % 2];
        Feed feed;
        const std::int64_t pid = slot.pid;
        const std::int64_t limit = slot.limit_ms;
        if (pid != 0) {
            feed.server = ProcessId{static_cast<pid_t>(pid), slot.start_ticks};
        }
        if (limit != no_limit) {
            feed.limit = Milliseconds{limit};
        }
        feed.at = Milliseconds{slot.fed_at_ms};
        if (shared_->turn == turn) {
            return feed; // The slot was not written meanwhile: that begins only after the next
                         // turn.
        }
    }
}

void GuardPage::take_charge(pid_t guardian) {
    shared_->in_charge = guardian;
}

pid_t GuardPage::in_charge() const {
    return static_cast<pid_t>(shared_->in_charge);
}

bool GuardPage::is_in_place() const {
    struct stat found {};
    return ::stat(path_.c_str(), &found) == 0 && found.st_ino == inode_;
}

void GuardPage::tell(Trouble trouble) {
    shared_->trouble = static_cast<std::uint32_t>(trouble);
}

GuardPage::Trouble GuardPage::trouble() const {
    return static_cast<Trouble>(static_cast<std::uint32_t>(shared_->trouble) & 3U);
}

void GuardPage::tell_fenced(const ProcessId& server) {
    shared_->fenced_ticks = server.start_ticks;
    shared_->fenced_pid = server.pid;
}

bool GuardPage::was_fenced(const ProcessId& server) const {
    return shared_->fenced_pid == server.pid && shared_->fenced_ticks == server.start_ticks;
}

} // namespace lockstep
