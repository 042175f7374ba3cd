#include <sluice/partitioning/partitioning.hpp>
#include <sluice/partitioning/random.hpp>

#include <doctest/doctest.h>

namespace {

class Untagged {
public:
    sluice::error_code key(const sluice::RecordView&, std::uint64_t, std::string&);
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::partitioning;
};

class Returns {
public:
    using policy_kind = sluice::kind::partitioning;
    std::string key(const sluice::RecordView&, std::uint64_t);
};

class CannotFail {
public:
    using policy_kind = sluice::kind::partitioning;
    void key(const sluice::RecordView&, std::uint64_t, std::string&);
};

class TakesTheRecord {
public:
    using policy_kind = sluice::kind::partitioning;
    sluice::error_code key(sluice::Record&, std::uint64_t, std::string&);
};

class Stateful {
public:
    using policy_kind = sluice::kind::partitioning;

    sluice::error_code key(const sluice::RecordView&, std::uint64_t, std::string& key) {
        key = std::to_string(++turn_);
        return {};
    }

private:
    int turn_ = 0;
};

} // namespace

static_assert(sluice::Partitioning<sluice::RandomKey>);
static_assert(sluice::Partitioning<Tagged>);
static_assert(sluice::Partitioning<Stateful>);
static_assert(!sluice::Partitioning<Untagged>);
static_assert(!sluice::Partitioning<Returns>);
static_assert(!sluice::Partitioning<CannotFail>);
static_assert(!sluice::Partitioning<TakesTheRecord>);

TEST_CASE("a partitioning may remember what it chose") {
    Stateful partitioning;
    std::string first;
    std::string second;
    CHECK_FALSE(partitioning.key(sluice::RecordView("data"), 0, first));
    CHECK_FALSE(partitioning.key(sluice::RecordView("data"), 0, second));
    CHECK(first != second);
}
