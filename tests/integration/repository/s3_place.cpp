#include <stdexcept>

#include "snapshots/rclone_repository.h"
#include "tests/contract/repository/repository_place.h"
#include "tests/integration/repository/s3_server.h"

/// The contract's places in the S3 server.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

S3Server& server() {
    static S3Server one;
    return one;
}

/// A prefix of the bucket. Every repository that is opened in it has a machine of its own.
class S3Place final : public RepositoryPlace {
public:
    S3Place() : name_("place-" + std::to_string(++places)) { fs::create_directories(storage()); }

    [[nodiscard]] std::unique_ptr<Repository> open(const PairName& pair) override {
        Rclone::Settings settings;
        settings.remote = "s3:bucket/" + name_;
        settings.config = server().rclone_config();
        settings.program = server().rclone();
        settings.patience = std::chrono::seconds(0);
        settings.pause = std::chrono::milliseconds(100);
        return make_rclone_repository(settings,
                                      scratch_ / ("machine-" + std::to_string(++machines_)), pair);
    }
    [[nodiscard]] fs::path storage() const override { return server().data() / name_; }

    [[nodiscard]] fs::path snapshot_file(const std::string& id,
                                         const std::string& path) const override {
        return object("snapshots/" + id, "files/" + path);
    }
    [[nodiscard]] fs::path description(const std::string& id) const override {
        return object("snapshots/" + id, "000001.json");
    }
    [[nodiscard]] fs::path segment(const std::string& name) const override {
        return object("log/7", name);
    }
    [[nodiscard]] fs::path segment_description(const std::string& name) const override {
        return object("log/7", name + ".json");
    }
    [[nodiscard]] fs::path forks(const std::string& which) const override {
        return object("forks", which);
    }
    [[nodiscard]] fs::path claim() const override {
        return storage() / "shop/claims/0000000003.a.json._S3rver_object";
    }
    void remove(const fs::path& object) const override {
        auto name = object.string();
        name.erase(name.rfind("._S3rver_object"));
        for (const auto* ending :
             {"._S3rver_object", "._S3rver_object.md5", "._S3rver_metadata.json"}) {
            fs::remove(name + ending);
        }
    }

private:
    /// Of the one hand that filled it.
    [[nodiscard]] fs::path object(const std::string& above, const std::string& name) const {
        return storage() / "shop" / above / "0000000003.a" / (name + "._S3rver_object");
    }

    static inline int places = 0;
    TemporaryFolder scratch_;
    std::string name_;
    int machines_ = 0;
};

} // namespace

std::vector<RepositoryKind> repository_kinds() {
    RepositoryKind s3;
    s3.name = "s3";
    s3.make = [] { return std::make_unique<S3Place>(); };
    s3.bit_stride = 97;
    return {s3};
}

} // namespace lockstep::snapshots
