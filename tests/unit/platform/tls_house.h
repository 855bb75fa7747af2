#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

#include "platform/asio.h"
#include "platform/certificates.h"
#include "platform/deadline.h"
#include "platform/files.h"
#include "platform/tls_stream.h"

// Authorities and certificates in a folder of their own, as an installation has them.
namespace lockstep {

template <class T> T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    return std::move(*result);
}

class TlsHouse {
public:
    TlsHouse() {
        std::string pattern = (std::filesystem::temp_directory_path() / "lockstep-tls-XXXXXX");
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("cannot make " + pattern);
        }
        folder_ = pattern;
        authority_ = must(make_authority("test authority"));
        write("ca.pem", authority_.certificate_pem);
        add("controller", CertificateUse::controller, {"127.0.0.1"});
        add("a", CertificateUse::agent);
        add("otto", CertificateUse::operator_);
    }
    TlsHouse(const TlsHouse&) = delete;
    TlsHouse& operator=(const TlsHouse&) = delete;
    ~TlsHouse() { std::filesystem::remove_all(folder_); }

    void add(const std::string& name, CertificateUse use, std::vector<std::string> addresses = {},
             int days = 30) {
        const Subject subject{name, use, {}, std::move(addresses)};
        const auto issued = must(issue(authority_, subject, days));
        write(name + ".pem", issued.certificate_pem);
        write(name + ".key", issued.key_pem);
    }
    [[nodiscard]] TlsFiles files(const std::string& name) const {
        return {folder_ / "ca.pem", folder_ / (name + ".pem"), folder_ / (name + ".key")};
    }
    [[nodiscard]] TlsFiles only_ca() const { return {folder_ / "ca.pem", {}, {}}; }
    [[nodiscard]] const KeyAndCertificate& authority() const { return authority_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::string pem(const std::string& name) const {
        return must(read_file(folder_ / (name + ".pem")));
    }
    void write(const std::string& file, const std::string& content) const {
        if (const auto written = write_file_durably(folder_ / file, content); !written) {
            throw std::runtime_error(written.error().message);
        }
    }

private:
    std::filesystem::path folder_;
    KeyAndCertificate authority_;
};

/// Runs a coroutine to its end, with everything else on the context; hands back what it returns.
template <class T> T run_until_done(asio::io_context& context, Awaitable<T> work) {
    std::optional<T> outcome;
    std::exception_ptr bug;
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown, T value) {
        bug = thrown;
        outcome = std::move(value);
        context.stop();
    });
    context.restart();
    context.run_for(std::chrono::seconds(20));
    if (bug) {
        std::rethrow_exception(bug);
    }
    if (!outcome) {
        throw std::runtime_error("the coroutine did not end within 20 s");
    }
    return std::move(*outcome);
}

} // namespace lockstep
