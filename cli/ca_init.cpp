#include <memory>
#include <ostream>

#include <arpa/inet.h>
#include <sys/stat.h>

#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "platform/certificates.h"
#include "platform/files.h"

namespace lockstep::cli {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
    std::string folder;
    std::vector<std::string> addresses;
    std::string operator_name = "operator";
};

struct File {
    std::string name;
    std::string content;
    mode_t mode = 0600;
};

std::string check_address(const std::string& text) {
    in6_addr parsed{};
    if (inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
        inet_pton(AF_INET6, text.c_str(), &parsed) == 1) {
        return {};
    }
    return "\"" + text +
           "\" is no IP address; allowed: addresses at which agents and operators "
           "reach the controller, such as 10.77.0.1";
}

Failure failed(const Error& error) {
    return {ExitStatus::failed, error.message};
}

Answer<void> refuse_to_overwrite(const fs::path& folder) {
    for (const auto* name :
         {"ca.pem", "ca.key", "controller.pem", "controller.key", "operator.pem", "operator.key"}) {
        std::error_code trouble;
        if (fs::exists(fs::symlink_status(folder / name, trouble))) {
            return give_up(ExitStatus::failed,
                           (folder / name).string() +
                               " exists: an authority is never overwritten, because everything "
                               "that it signed would be worthless. Name another folder with --dir");
        }
    }
    return {};
}

Result<std::vector<File>> make_files(const InitOptions& options) {
    const auto authority = make_authority("Lockstep CA");
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    Subject controller{"controller", CertificateUse::controller, {}, options.addresses};
    const auto ours = issue(*authority, controller);
    if (!ours) {
        return tl::unexpected(ours.error());
    }
    Subject person{options.operator_name, CertificateUse::operator_, {}, {}};
    const auto theirs = issue(*authority, person);
    if (!theirs) {
        return tl::unexpected(theirs.error());
    }
    constexpr mode_t for_all_to_read = 0644;
    return std::vector<File>{{"ca.key", authority->key_pem},
                             {"ca.pem", authority->certificate_pem, for_all_to_read},
                             {"controller.key", ours->key_pem},
                             {"controller.pem", ours->certificate_pem, for_all_to_read},
                             {"operator.key", theirs->key_pem},
                             {"operator.pem", theirs->certificate_pem, for_all_to_read}};
}

Answer<void> make_folder(const fs::path& folder) {
    std::error_code trouble;
    const bool made = fs::create_directories(folder, trouble);
    if (trouble) {
        return give_up(ExitStatus::failed,
                       "cannot make " + folder.string() + ": " + trouble.message());
    }
    if (made) {
        fs::permissions(folder, fs::perms::owner_all, trouble);
    }
    return {};
}

/// All files, or none.
Answer<void> write_files(const fs::path& folder, const std::vector<File>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto written =
            write_file_durably(folder / files[i].name, files[i].content, files[i].mode);
        if (written) {
            continue;
        }
        for (std::size_t done = 0; done < i; ++done) {
            if (const auto gone = remove_file_durably(folder / files[done].name); !gone) {
                return give_up(ExitStatus::failed, written.error().message + "; and " +
                                                       gone.error().message +
                                                       ": remove what is left by hand");
            }
        }
        return tl::unexpected(failed(written.error()));
    }
    return {};
}

void print_next_steps(const Screen& screen, const InitOptions& options) {
    const auto& folder = options.folder;
    const auto address = options.addresses.front();
    screen.stream
        << "Made in " << folder << ":\n"
        << "  ca.pem ca.key                  the authority; keep ca.key on this host only\n"
        << "  controller.pem controller.key  for the controller at " << options.addresses.front()
        << (options.addresses.size() > 1 ? " …" : "") << "\n"
        << "  operator.pem operator.key      for you, as \"" << options.operator_name << "\"\n"
        << "\nNext:\n"
        << "  1. Start the controller with `identity_dir = \"" << folder
        << "\"` in its configuration:\n"
        << "       lockstepd controller --config /etc/lockstep/controller.toml\n"
        << "  2. Ask it how it is (elsewhere: copy ca.pem, operator.pem, operator.key there):\n"
        << "       lockstep --controller " << address << ":7443 --identity " << folder
        << " status\n"
        << "  3. Let each database's host join:\n"
        << "       lockstep token create MEMBER\n";
}

Answer<ExitStatus> init(Session& session, const InitOptions& options) {
    const fs::path folder = options.folder;
    if (const auto free = refuse_to_overwrite(folder); !free) {
        return tl::unexpected(free.error());
    }
    const auto files = make_files(options);
    if (!files) {
        return tl::unexpected(failed(files.error()));
    }
    if (const auto made = make_folder(folder); !made) {
        return tl::unexpected(made.error());
    }
    if (const auto written = write_files(folder, *files); !written) {
        return tl::unexpected(written.error());
    }
    if (!session.json()) {
        print_next_steps(session.out(), options);
        return ExitStatus::done;
    }
    std::vector<std::string> names;
    for (const auto& file : *files) {
        names.push_back(file.name);
    }
    const auto ca = fingerprint((*files)[1].content);
    if (!ca) {
        return tl::unexpected(failed(ca.error()));
    }
    session.print_json(made_identity_json(options.folder, names, *ca));
    return ExitStatus::done;
}

} // namespace

void add_ca_init(CLI::App& authority, const Choose& choose) {
    auto* verb = authority.add_subcommand(
        "init", "Make an authority, a controller's and an operator's certificate; works offline");
    const auto options = std::make_shared<InitOptions>();
    verb->add_option("--dir", options->folder,
                     "Where to put them, such as the controller's "
                     "identity_dir")
        ->required()
        ->type_name("DIR");
    verb->add_option("--address", options->addresses,
                     "The controller's IP addresses, for agents and for operators")
        ->required()
        ->type_name("IP ...")
        ->check(check_address);
    verb->add_option("--operator", options->operator_name,
                     "Your name, as events shall tell it (default operator)")
        ->type_name("NAME");
    give_examples(*verb, {"lockstep ca init --dir /var/lib/lockstep/controller/identity --address "
                          "10.77.0.1",
                          "lockstep ca init --dir ./identity --address 10.77.0.1 127.0.0.1 "
                          "--operator grace"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return init(session, *options); });
    });
}

} // namespace lockstep::cli
