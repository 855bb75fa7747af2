#include "drivers/mysql/schema.h"

#include <array>
#include <cerrno>

#include <pwd.h>
#include <unistd.h>

#include "drivers/mysql/session.h"
#include "platform/certificates.h"
#include "platform/files.h"

namespace lockstep::mysql {
namespace {

constexpr std::string_view prefix = "ls_";
constexpr std::string_view async_suffix = "_async";
constexpr std::string_view peer_suffix = "_peer";

} // namespace

std::vector<std::string> schema_statements(std::string_view system_id) {
    return {
        "CREATE DATABASE IF NOT EXISTS lockstep CHARACTER SET ascii",
        "CREATE TABLE IF NOT EXISTS lockstep.identity (one TINYINT NOT NULL PRIMARY KEY, "
        "system_id VARCHAR(36) NOT NULL) ENGINE=InnoDB",
        "CREATE TABLE IF NOT EXISTS lockstep.history (number BIGINT UNSIGNED NOT NULL PRIMARY "
        "KEY, writer VARCHAR(36) NOT NULL, mark CHAR(16) NOT NULL, began LONGTEXT NOT NULL) "
        "ENGINE=InnoDB",
        "CREATE TABLE IF NOT EXISTS lockstep.heartbeat (one TINYINT NOT NULL PRIMARY KEY, beat "
        "BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB",
        "INSERT IGNORE INTO lockstep.identity VALUES (1, " + quote(system_id) + ")",
        "INSERT IGNORE INTO lockstep.heartbeat VALUES (1, 0)",
    };
}

std::string own_account() {
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const int error = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
    // Without a name in the system's list the server's plug-in knows none either.
    return error == 0 && found != nullptr ? found->pw_name : std::to_string(::geteuid());
}

std::vector<std::string> own_account_statements(Flavour flavour, const std::string& account) {
    const auto who = quote(account) + "@'localhost'";
    const std::string plugin =
        flavour == Flavour::mysql ? " IDENTIFIED WITH auth_socket" : " IDENTIFIED VIA unix_socket";
    return {
        "CREATE USER IF NOT EXISTS " + who + plugin,
        "ALTER USER " + who + plugin,
        "GRANT ALL PRIVILEGES ON *.* TO " + who + " WITH GRANT OPTION",
    };
}

std::string async_account(const MemberId& member) {
    return std::string(prefix) + member + std::string(async_suffix);
}

std::string peer_account(const MemberId& member) {
    return std::string(prefix) + member + std::string(peer_suffix);
}

std::string member_in_account(std::string_view account) {
    if (!account.starts_with(prefix)) {
        return {};
    }
    account.remove_prefix(prefix.size());
    const auto end = account.rfind('_');
    if (end == std::string_view::npos || end == 0) {
        return {};
    }
    const auto suffix = account.substr(end);
    const bool number = suffix.size() > 1 &&
                        suffix.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
    return number || suffix == async_suffix || suffix == peer_suffix
               ? std::string(account.substr(0, end))
               : std::string{};
}

bool is_sync_account(std::string_view account) {
    return !member_in_account(account).empty() && !account.ends_with(async_suffix) &&
           !account.ends_with(peer_suffix);
}

Result<std::string> subject_of(const std::filesystem::path& own_certificate,
                               const MemberId& member) {
    const auto pem = read_file(own_certificate);
    if (!pem) {
        return tl::unexpected(pem.error());
    }
    auto subject = subject_line(*pem);
    if (!subject) {
        return within(own_certificate.string(), subject.error());
    }
    constexpr std::string_view common_name = "/CN=";
    const auto begin = subject->find(common_name);
    if (begin == std::string::npos) {
        return fail(Errc::refused,
                    own_certificate.string() + ": its subject " + *subject + " has no CN");
    }
    const auto name = begin + common_name.size();
    const auto end = std::min(subject->find('/', name), subject->size());
    return subject->substr(0, name) + member + subject->substr(end);
}

} // namespace lockstep::mysql
