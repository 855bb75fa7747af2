#include "tests/integration/findings/findings_bed.h"

namespace lockstep::findings {

void Findings::form_pair(Bed& bed) {
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
}

mysql::Session::Ptr Findings::hanging_commit(Bed& bed, const std::string& statement) {
    auto session = bed.a().session();
    const auto look = bed.a().session(); // Before: logins may hang as well.
    must(session->start(statement));
    const auto state = "SELECT COUNT(*) FROM " + std::string(word().processlist) +
                       " WHERE STATE = '" + std::string(word().wait_state) +
                       "' AND ID = " + std::to_string(session->id());
    const auto waits = [&] { return must(bed.run(look->query(state, soon()))).text(0, 0) == "1"; };
    EXPECT_TRUE(eventually(waits, patient)) << "it never waited";
    return session;
}

std::string Findings::status(Bed& bed, Node& node, std::string_view name) {
    const auto look = node.session();
    const auto sql = "SHOW GLOBAL STATUS LIKE '" + std::string(name) + "'";
    return must(bed.run(look->query(sql, soon()))).text(0, 1);
}

void Findings::start_with(Bed& bed, Node& node, const Ticket& ticket, const std::string& option) {
    must(node.driver().write_ticket(ticket));
    auto command = node.driver().start_command();
    command.argv.push_back(option);
    must(launch_detached(command, node.driver().server_log()));
    const auto answers = [&] {
        static_cast<void>(reap_children());
        const auto brief = Deadline::in(std::chrono::seconds{2});
        const auto seen = bed.run(node.driver().observe(brief));
        return seen && seen->state != ServerState::starting;
    };
    ASSERT_TRUE(eventually(answers, std::chrono::seconds{30})) << node.log_text();
}

void Findings::wait_for_death(Node& node) {
    EXPECT_TRUE(eventually(
        [&node] {
            static_cast<void>(reap_children());
            return !node.driver().running_server();
        },
        std::chrono::seconds{40}));
    node.driver().forget_server();
}

std::unique_ptr<Bed> FindingsOfOnePair::bed_;
std::string FindingsOfOnePair::name_;
int FindingsOfOnePair::grants_ = 0;

void FindingsOfOnePair::SetUp() {
    if (!bed_) {
        bed_ = std::make_unique<Bed>(GetParam());
        bed_->form_primary();
        bed_->add_standby();
    }
    name_ = "ls_b_" + std::to_string(7 + grants_++);
    bed().a().apply(bed().primary_ticket(bed().a()));
    bed().tighten(name_);
    must(bed().run(bed().a().driver().prove(name_, soon())));
    // Not one that a test before left under way.
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
}

void FindingsOfOnePair::TearDown() {
    if (HasFailure()) {
        bed_.reset();
    }
}

void FindingsOfOnePair::TearDownTestSuite() {
    bed_.reset();
}

} // namespace lockstep::findings
