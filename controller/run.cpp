#include "controller/run.h"

#include <csignal>
#include <iostream>

#include "controller/spawn.h"
#include "controller/sqlite_store.h"
#include "controller/wiring.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/log.h"

namespace lockstep {
namespace {

constexpr int ended = 0;
constexpr int start_failed = 1;
constexpr int usage = 2;

Result<std::string> read_identity(const ControllerConfig& config, const std::string& name) {
    const auto path = config.identity_dir / name;
    auto content = read_file(path);
    if (content || content.error().code != Errc::unreachable) {
        return content;
    }
    return fail(Errc::refused, "there is no " + path.string() +
                                   ": make this controller's identity with `lockstep ca init "
                                   "--dir " +
                                   config.identity_dir.string() + " --address " +
                                   config.agents.address + "`");
}

Result<void> open_store(Controller::Start& start, const std::string& own_certificate) {
    const auto key = key_fingerprint(own_certificate);
    if (!key) {
        return within("controller.pem", key.error());
    }
    std::error_code failed;
    std::filesystem::create_directories(start.config.state_dir, failed);
    if (failed) {
        return fail(Errc::refused,
                    "cannot make " + start.config.state_dir.string() + ": " + failed.message());
    }
    auto store = SqliteStore::open(start.config.state_dir / "store.db", machine_id(), *key);
    if (!store) {
        return tl::unexpected(store.error());
    }
    start.store = std::move(*store);
    const auto head = start.store->head();
    auto records = start.store->pairs();
    auto orders = start.store->orders();
    auto protected_pairs = start.store->protected_pairs();
    auto deleted_pairs = start.store->deleted_pairs();
    if (!head || !records) {
        return within("reading the store", head ? records.error() : head.error());
    }
    if (!orders) {
        return within("reading the store", orders.error());
    }
    if (!protected_pairs || !deleted_pairs) {
        return within("reading the store",
                      protected_pairs ? deleted_pairs.error() : protected_pairs.error());
    }
    start.deletions = {std::move(*protected_pairs), std::move(*deleted_pairs)};
    start.head = *head;
    start.records = std::move(*records);
    start.orders = std::move(*orders);
    return {};
}

Result<Controller::Start> prepare(ControllerConfig config) {
    Controller::Start start;
    start.config = std::move(config);
    const auto& folder = start.config.identity_dir;
    start.tls = {folder / "ca.pem", folder / "controller.pem", folder / "controller.key"};
    const auto ca = read_identity(start.config, "ca.pem");
    const auto ca_key = read_identity(start.config, "ca.key");
    const auto own = read_identity(start.config, "controller.pem");
    const auto own_key = read_identity(start.config, "controller.key");
    for (const auto* file : {&ca, &ca_key, &own, &own_key}) {
        if (!*file) {
            return tl::unexpected(file->error());
        }
    }
    start.authority = {*ca_key, *ca};
    if (auto opened = open_store(start, *own); !opened) {
        return tl::unexpected(opened.error());
    }
    return start;
}

Awaitable<void> until_signalled(asio::io_context* context, Controller* controller) {
    asio::signal_set signals(*context, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await controller->end();
    context->stop();
}

int refuse(const Error& error, int status) {
    std::cerr << "lockstepd controller: " << error.message << "\n";
    return status;
}

int serve(Controller::Start start) {
    asio::io_context context(1);
    Controller controller(context.get_executor(), std::move(start));
    if (auto listening = controller.listen(); !listening) {
        return refuse(listening.error(), start_failed);
    }
    controller.begin();
    spawn(context.get_executor(), until_signalled(&context, &controller));
    context.run();
    return ended;
}

} // namespace

int run_controller(const std::filesystem::path& config) {
    auto parsed = read_controller_config(config);
    if (!parsed) {
        return refuse(parsed.error(), usage);
    }
    start_log("controller");
    auto start = prepare(std::move(*parsed));
    if (!start) {
        return refuse(start.error(), start_failed);
    }
    return serve(std::move(*start));
}

} // namespace lockstep
