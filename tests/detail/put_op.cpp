#include <sluice/detail/put_op.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::PutReport;
using sluice::Receipt;
using sluice::Record;
using sluice::RecordView;
using sluice::detail::PutOp;

template <class... Args>
class Told final : public sluice::detail::Waiter<Args...> {
public:
    void complete(Args... args) override { values.emplace_back(std::move(args)...); }
    void on_cancel(std::function<void()>) override {}
    std::vector<std::tuple<Args...>> values;
};

TEST_CASE("a put keeps its record, and tells the verdict, or else the refusal, or else success") {
    const auto told = std::make_shared<Told<error_code>>();
    PutOp op(Record("key", std::string(100, 'd')), PutOp::Put(told));
    REQUIRE(op.records.size() == 1);
    CHECK(op.records.front().data == std::string(100, 'd'));
    CHECK(op.records.front().partition_key == "key");
    CHECK_FALSE(op.wants_receipt());
    CHECK_FALSE(op.all_placed());
    op.complete();
    op.refuse(0, error::buffer_full);
    op.complete();
    op.verdict = error::closed;
    op.complete();
    REQUIRE(told->values.size() == 3);
    CHECK_FALSE(std::get<0>(told->values[0]));
    CHECK(std::get<0>(told->values[1]) == error::buffer_full);
    CHECK(std::get<0>(told->values[2]) == error::closed);
}

TEST_CASE("the report of a range tells refusals in the order of the range, and the first is the error") {
    const auto told = std::make_shared<Told<error_code, PutReport>>();
    PutOp op(std::vector<RecordView>(6), PutOp::PutAll(told));
    op.refuse(5, error::partition_key_empty);
    op.refuse(1, error::storage_full);
    op.refuse(3, error::storage_full);
    op.complete();
    const auto& [why, report] = told->values.at(0);
    CHECK(why == error::storage_full);
    REQUIRE(report.refused.size() == 3);
    CHECK(report.refused[0].index == 1);
    CHECK(report.refused[1].index == 3);
    CHECK(report.refused[2].index == 5);
}

TEST_CASE("a delivery tells its receipt") {
    const auto told = std::make_shared<Told<error_code, Receipt>>();
    PutOp op(Record("key", "data"), PutOp::Deliver(told));
    CHECK(op.wants_receipt());
    op.complete(Receipt("shard", "49", {}));
    CHECK(std::get<1>(told->values.at(0)).shard_id() == "shard");
}

TEST_CASE("an empty range is placed already") {
    CHECK(PutOp(std::vector<RecordView>{}, PutOp::PutAll{}).all_placed());
}

} // namespace
