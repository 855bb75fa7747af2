#pragma once

#include "tests/conformance/stage.h"
#include "tests/support/eventually.h"

namespace lockstep::conformance {

/// Two real servers, each under its own driver, on the bed of their engine's own suite. `Engine`
/// says in SQL what this asks for.
template <class Engine> class ServerStage : public Stage {
public:
    ServerStage() : bed_(Engine::make_bed()) {}

    [[nodiscard]] std::string engine() const override { return Engine::name; }
    [[nodiscard]] Driver& driver(const MemberId& id) override { return node(id).driver(); }
    [[nodiscard]] const Member& member(const MemberId& id) const override {
        return (id == "a" ? bed_->a() : bed_->b()).member();
    }
    void launch(const MemberId& id) override {
        if (!node(id).try_start()) {
            throw std::runtime_error(id + " does not come up");
        }
    }
    void kill(const MemberId& id) override { node(id).kill(); }
    void freeze(const MemberId& id) override { node(id).freeze(); }
    void thaw(const MemberId& id) override { node(id).thaw(); }
    void await_end(const MemberId& id) override {
        const auto is_gone = [&] {
            static_cast<void>(reap_children());
            return !node(id).driver().running_server();
        };
        if (!lockstep::eventually(is_gone, std::chrono::seconds{30})) {
            throw std::runtime_error(id + " does not end");
        }
        node(id).driver().forget_server();
    }
    void make_table(const MemberId& id) override {
        for (const auto* const statement : Engine::table) {
            node(id).sql(statement);
        }
    }
    void begin_write(const MemberId& id, int number) override {
        writes_[number] = Engine::client(*bed_, node(id));
        must(writes_[number]->start(Engine::insert + std::to_string(number) + ")"));
    }
    [[nodiscard]] Outcome outcome(int number, Milliseconds within) override {
        const auto session = writes_.at(number);
        const auto answer = run(session->finish(Deadline::in(within)));
        if (answer) {
            return Outcome::acknowledged;
        }
        if (answer.error().code == Errc::timeout) {
            return Outcome::waits;
        }
        return session->is_open() ? Outcome::refused : Outcome::unanswered;
    }
    [[nodiscard]] std::string shown(const MemberId& id) override {
        return node(id).sql(Engine::read);
    }
    void hold_replay(const MemberId& id) override { lock_ = Engine::hold_replay(*bed_, node(id)); }

protected:
    [[nodiscard]] asio::io_context& context() override { return bed_->context(); }
    void step() override {
        bed_->context().restart();
        bed_->context().run_one();
    }

private:
    [[nodiscard]] typename Engine::Node& node(const MemberId& id) {
        return id == "a" ? bed_->a() : bed_->b();
    }

    std::unique_ptr<typename Engine::Bed> bed_; // Its servers outlive all sessions here.
    std::map<int, typename Engine::Session> writes_;
    typename Engine::Session lock_;
};

} // namespace lockstep::conformance
