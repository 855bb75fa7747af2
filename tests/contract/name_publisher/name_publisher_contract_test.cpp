#include "tests/support/dns_bed.h"
#include "tests/support/fake_name_publisher.h"

// What every NamePublisher promises: BIND and Knot by RFC 2136, and the fake of other tests.
namespace lockstep::dns {
namespace {

/// One service under the contract, and what it answers clients.
class Subject {
public:
    virtual ~Subject() = default;
    virtual NamePublisher& publisher() = 0;
    /// The data of the records there, in lines.
    virtual std::string answer(const std::string& name, const std::string& type) = 0;
};

class RealSubject : public Subject {
public:
    RealSubject(DnsBed& bed, DnsBed::Server::Kind kind, testbed::UpdateKey key)
        : server_(kind, plan(bed, key)), publisher_(bed.publisher(key)) {
        server_.start();
    }
    NamePublisher& publisher() override { return *publisher_; }
    std::string answer(const std::string& name, const std::string& type) override {
        return server_.answer(name + "." + DnsBed::zone, type);
    }

private:
    static DnsBed::Server::Plan plan(DnsBed& bed, const testbed::UpdateKey& key) {
        auto made = bed.primary_plan();
        made.key = key;
        return made;
    }
    DnsBed::Server server_;
    std::unique_ptr<NamePublisher> publisher_;
};

class FakeSubject : public Subject {
public:
    FakeSubject() {
        service_->zone.records = {{"www.db.example.test", RecordType::a, 60, "192.0.2.80"}};
    }
    NamePublisher& publisher() override { return publisher_; }
    std::string answer(const std::string& name, const std::string& type) override {
        std::string lines;
        for (const auto& record : service_->zone.at({name + "." + DnsBed::zone})) {
            lines += to_string(record.type) == type ? record.data + "\n" : "";
        }
        return lines;
    }

private:
    std::shared_ptr<FakeNamePublisher::Service> service_ =
        std::make_shared<FakeNamePublisher::Service>();
    FakeNamePublisher publisher_{service_};
};

class NamePublisherContract : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        using Kind = DnsBed::Server::Kind;
        if (GetParam() == "Fake") {
            subject_ = std::make_unique<FakeSubject>();
            return;
        }
        const bool is_bind = GetParam() == "Bind";
        const testbed::UpdateKey key{.algorithm = is_bind ? "hmac-sha256" : "hmac-sha512"};
        subject_ = std::make_unique<RealSubject>(bed_, is_bind ? Kind::bind : Kind::knot, key);
    }
    [[nodiscard]] Result<void> publish(const Endpoint& wanted) {
        return bed_.wait(subject_->publisher().publish(wanted, soon()));
    }
    [[nodiscard]] Result<void> withdraw(const Endpoint& last) {
        return bed_.wait(subject_->publisher().withdraw(last, soon()));
    }
    [[nodiscard]] std::string answer(const std::string& name, const std::string& type) {
        return subject_->answer(name, type);
    }
    DnsBed bed_;
    std::unique_ptr<Subject> subject_;
};

TEST_P(NamePublisherContract, PublishesBothNamesAndTheRecordTheyAreOf) {
    const auto done = publish(shop());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(answer("shop", "A"), "10.77.0.11\n");
    EXPECT_EQ(answer("shop", "TXT"), "\"epoch=3 revision=17\"\n");
    EXPECT_EQ(answer("shop-ro", "A"), "10.77.0.12\n");
    EXPECT_EQ(answer("shop-ro", "TXT"), "\"epoch=3 revision=17\"\n");
}

TEST_P(NamePublisherContract, MovesNamesAsOftenAsItIsAsked) {
    ASSERT_TRUE(publish(shop(1, 1)));
    for (std::uint64_t epoch = 2; epoch < 6; ++epoch) {
        const auto address = "10.77.0." + std::to_string(epoch);
        const auto done = publish(shop(epoch, 10 * epoch, address));
        ASSERT_TRUE(done) << done.error().message;
        ASSERT_TRUE(publish(shop(epoch, 10 * epoch, address))) << "asked again";
        EXPECT_EQ(answer("shop", "A"), address + "\n");
    }
    auto six = shop(6, 70);
    six.primary_address = "2001:db8::11";
    ASSERT_TRUE(publish(six));
    EXPECT_EQ(answer("shop", "A"), "");
    EXPECT_EQ(answer("shop", "AAAA"), "2001:db8::11\n");
}

TEST_P(NamePublisherContract, LetsSomethingNewerStandAndSaysSo) {
    ASSERT_TRUE(publish(shop(4, 20, "10.77.0.44")));
    const auto done = publish(shop(3, 17));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::conflict);
    EXPECT_NE(done.error().message.find("epoch 4, revision 20"), std::string::npos)
        << done.error().message;
    const auto gone = withdraw(shop(3, 17));
    EXPECT_TRUE(!gone && gone.error().code == Errc::conflict);
    EXPECT_EQ(answer("shop", "A"), "10.77.0.44\n");
}

TEST_P(NamePublisherContract, LeavesNamesOfOthersAlone) {
    auto web = shop();
    web.pair = "www";
    const auto done = publish(web);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::refused);
    EXPECT_NE(done.error().message.find("www.db.example.test"), std::string::npos)
        << done.error().message;
    EXPECT_TRUE(withdraw(web)) << "there is nothing to withdraw";
    EXPECT_EQ(answer("www", "A"), "192.0.2.80\n");
    EXPECT_EQ(answer("www", "TXT"), "");
    EXPECT_EQ(answer("www-ro", "A"), "");
}

TEST_P(NamePublisherContract, WithdrawsWhatItPublishedAndMayPublishItAnew) {
    ASSERT_TRUE(publish(shop()));
    ASSERT_TRUE(withdraw(shop(3, 18)));
    ASSERT_TRUE(withdraw(shop(3, 18))) << "asked again";
    EXPECT_EQ(answer("shop", "A") + answer("shop", "TXT") + answer("shop-ro", "A"), "");
    const auto again = publish(shop(1, 30));
    EXPECT_TRUE(again) << again.error().message;
}

TEST_P(NamePublisherContract, NamesTheServersOfTheZone) {
    const auto found = bed_.wait(subject_->publisher().servers(soon()));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().name, "ns1.db.example.test");
}

INSTANTIATE_TEST_SUITE_P(Of, NamePublisherContract, testing::Values("Bind", "Knot", "Fake"),
                         [](const auto& subject) { return subject.param; });

} // namespace
} // namespace lockstep::dns
