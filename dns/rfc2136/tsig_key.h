#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep::dns {

/// A secret shared with a DNS server, with which messages are signed (TSIG, RFC 8945).
class TsigKey {
public:
    enum class Algorithm { hmac_sha256, hmac_sha512 };

    TsigKey() = default;
    TsigKey(std::string name, Algorithm algorithm, std::string secret)
        : name_(std::move(name)), algorithm_(algorithm), secret_(std::move(secret)) {}

    /// As the server knows it, without a final dot.
    [[nodiscard]] const std::string& name() const { return name_; }
    /// "hmac-sha256"
    [[nodiscard]] std::string algorithm() const;
    /// In base64. For signing and checking only: never into a log, an error or an argument list.
    [[nodiscard]] const std::string& secret() const { return secret_; }

private:
    std::string name_;
    Algorithm algorithm_ = Algorithm::hmac_sha256;
    std::string secret_;
};

/// Reads a file that holds one key in any of these forms, with comments:
///
///     key "lockstep" { algorithm hmac-sha256; secret "…"; };     BIND: tsig-keygen
///     key: [- id: lockstep, algorithm: hmac-sha256, secret: …]   Knot: keymgr -t, a line each
///     hmac-sha256 lockstep …                                     also with : between the words
///
/// Errors: `refused` if there is no such file, if everybody may read or write it, or if it holds no
/// such key; never says what it holds.
[[nodiscard]] Result<TsigKey> read_tsig_key(const std::filesystem::path& path);
/// The same from text.
[[nodiscard]] Result<TsigKey> parse_tsig_key(std::string_view text);

} // namespace lockstep::dns
