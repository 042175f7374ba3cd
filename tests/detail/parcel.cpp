#include <sluice/detail/parcel.hpp>

#include <sluice/batching/collect.hpp>
#include <sluice/compression/none.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sluice::Answer;
using sluice::Candidate;
using sluice::Collect;
using sluice::Entry;
using sluice::error;
using sluice::error_code;
using sluice::RequestLimits;
using sluice::result;
using sluice::Scope;
using sluice::detail::Parcel;
using sluice::detail::SendOrder;

/// Writes "z(data)", fails for data that says so, and leaves alone what begins with a "=".
class Brackets {
public:
    using policy_kind = sluice::kind::compression;

    explicit Brackets(Scope scope = Scope::record) : scope_(scope) {}

    [[nodiscard]] result<std::string_view> compress(std::string_view data, std::string& scratch) {
        if (data == "fail") return error::malformed;
        if (data.starts_with('=')) return data;
        scratch = "z(" + std::string(data) + ")";
        return std::string_view(scratch);
    }

    [[nodiscard]] Scope scope() const { return scope_; }

private:
    Scope scope_;
};

static_assert(sluice::Compression<Brackets>);

/// Joins the data of an entry's members.
class Joined {
public:
    using policy_kind = sluice::kind::batching;

    [[nodiscard]] sluice::Horizon horizon(const RequestLimits&, std::size_t) const { return {}; }
    [[nodiscard]] sluice::Plan plan(std::span<const Candidate>, const RequestLimits&) const { return {}; }
    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>> entries,
                                              std::deque<std::string>& texts) const {
        std::vector<Entry> all;
        for (const auto& members : entries) {
            auto& text = texts.emplace_back();
            for (const auto& member : members) text += member.data;
            all.emplace_back(members.front().partition_key, members.front().explicit_hash_key, text);
        }
        return all;
    }
    [[nodiscard]] std::size_t entry_room(const RequestLimits&) const { return 1; }
    [[nodiscard]] bool goes_by_shard() const { return false; }
    [[nodiscard]] bool carries_headers() const { return false; }
};

SendOrder order_of(const std::vector<std::string_view>& data, const std::vector<std::uint32_t>& ends) {
    SendOrder order;
    for (const auto bytes : data) {
        order.members.emplace_back("key", "", bytes);
        order.sequences.push_back(100 + order.sequences.size());
    }
    for (const auto end : ends) order.cuts.cut(end);
    return order;
}

std::vector<std::string> data_of(const Parcel& parcel) {
    std::vector<std::string> all;
    for (const auto& entry : parcel.entries()) all.emplace_back(entry.data);
    return all;
}

Answer taken(std::size_t entries) {
    Answer answer;
    answer.entries.resize(entries);
    for (std::size_t i = 0; i < entries; ++i) answer.entries[i].sequence_number = i == 0 ? "first" : "other";
    return answer;
}

const RequestLimits roomy;
using Data = std::vector<std::string>;

TEST_CASE("without compression and offload an entry is the record itself, without a copy") {
    const std::string data = "data";
    auto order = order_of({data, "more"}, {1, 2});
    Parcel parcel(order);
    sluice::NoCompression none;
    parcel.pack(Collect{}, none, roomy);
    CHECK(data_of(parcel) == Data{"data", "more"});
    CHECK(parcel.entries()[0].data.data() == data.data());
    CHECK(parcel.merge(taken(2)).entries.size() == 2);
}

TEST_CASE("metrics are told what each entry carried, and of what was sent how many bytes") {
    auto order = order_of({"a", "b", "fail", "c"}, {2, 3, 4});
    Parcel parcel(order);
    Brackets compression;
    parcel.pack(Joined{}, compression, roomy);
    const auto answer = parcel.merge(taken(2));
    sluice::Exchange exchange(answer);
    parcel.tell(exchange, sluice::ExchangeDetail::entries);
    REQUIRE(exchange.entries.size() == answer.entries.size());
    CHECK(exchange.entries[0].records == 2);
    CHECK(exchange.entries[1].records == 1);
    CHECK(exchange.entries[1].bytes == 0);
    CHECK(exchange.entries[2].records == 1);
    CHECK(exchange.entries[2].bytes == parcel.entries()[1].data.size() + parcel.entries()[1].partition_key.size());
    CHECK(exchange.bytes == exchange.entries[0].bytes + exchange.entries[2].bytes);
    for (const auto& load : exchange.entries) CHECK(load.max_data == 0); // nobody weighed them
    sluice::Exchange brief(answer);
    parcel.tell(brief, sluice::ExchangeDetail::request);
    CHECK(brief.entries.empty());
    CHECK(brief.bytes == exchange.bytes);
}

TEST_CASE("metrics are told how much data the records had before anything was done to them") {
    auto order = order_of({"aaaa", "b", "fail", "cc"}, {2, 3, 4});
    Parcel parcel(order);
    parcel.weigh();
    Brackets compression;
    parcel.pack(Joined{}, compression, roomy);
    const auto answer = parcel.merge(taken(2));
    sluice::Exchange exchange(answer);
    parcel.tell(exchange, sluice::ExchangeDetail::data);
    REQUIRE(exchange.entries.size() == 3);
    CHECK(exchange.entries[0].records == 2);
    CHECK(exchange.entries[0].data == 5);
    CHECK(exchange.entries[0].min_data == 1);
    CHECK(exchange.entries[0].max_data == 4);
    CHECK(exchange.entries[0].bytes > 5);
    CHECK(exchange.entries[1].data == 4);
    CHECK(exchange.entries[1].bytes == 0);
    CHECK(exchange.entries[2].min_data == 2);
    CHECK(exchange.entries[2].max_data == 2);
}

TEST_CASE("records are compressed one by one inside their entry, or the entry as a whole") {
    auto order = order_of({"a", "b", "c"}, {2, 3});
    auto same = order;
    Parcel by_record(same);
    Brackets records;
    by_record.pack(Joined{}, records, roomy);
    CHECK(data_of(by_record) == Data{"z(a)z(b)", "z(c)"});
    Parcel by_entry(order);
    Brackets whole(Scope::aggregate);
    by_entry.pack(Joined{}, whole, roomy);
    CHECK(data_of(by_entry) == Data{"z(ab)", "z(c)"});
}

TEST_CASE("what one record was compressed to stays when others are compressed, or left alone") {
    for (const auto scope : {Scope::record, Scope::aggregate}) {
        auto order = order_of({"=1", "a", "=2", "=3", "b", "c", "=4"}, {1, 2, 3, 4, 5, 6, 7});
        Parcel parcel(order);
        Brackets compression(scope);
        parcel.pack(Collect{}, compression, roomy);
        CHECK(data_of(parcel) == Data{"=1", "z(a)", "=2", "=3", "z(b)", "z(c)", "=4"});
    }
}

TEST_CASE("an entry that cannot be sent is answered here, in its place") {
    auto order = order_of({"a", "fail", "b", "far too large", "c"}, {1, 2, 3, 4, 5});
    Parcel parcel(order);
    Brackets compression;
    parcel.pack(Collect{}, compression, RequestLimits(500, 1'000, 10));
    CHECK(data_of(parcel) == Data{"z(a)", "z(b)", "z(c)"});
    const auto answer = parcel.merge(taken(3));
    REQUIRE(answer.entries.size() == 5);
    CHECK(answer.entries[0].sequence_number == "first");
    CHECK(answer.entries[1].error == error::malformed);
    CHECK_FALSE(answer.entries[2].error);
    CHECK(answer.entries[3].error == error::record_too_large);
    CHECK(answer.entries[4].sequence_number == "other");
}

TEST_CASE("entries that grew past what a request holds wait for the next one, but for the first") {
    auto order = order_of({"a", "b", "c", "d"}, {1, 2, 3, 4});
    Parcel parcel(order);
    Brackets compression;
    parcel.pack(Collect{}, compression, RequestLimits(500, 2 * (4 + 3), 100));
    CHECK(data_of(parcel) == Data{"z(a)", "z(b)"});
    const auto answer = parcel.merge(taken(2));
    REQUIRE(answer.entries.size() == 4);
    CHECK_FALSE(answer.entries[1].error);
    CHECK(answer.entries[2].error == error::request_too_large);
    CHECK(answer.entries[3].error == error::request_too_large);
    auto same = order_of({"a", "b"}, {1, 2});
    Parcel tight(same);
    tight.pack(Collect{}, compression, RequestLimits(500, 1, 100));
    CHECK(data_of(tight) == Data{"z(a)"});
}

TEST_CASE("if nothing can be sent all is answered here") {
    auto order = order_of({"fail", "fail"}, {1, 2});
    Parcel parcel(order);
    Brackets compression;
    parcel.pack(Collect{}, compression, roomy);
    CHECK(parcel.entries().empty());
    CHECK(parcel.merge({}).entries.size() == 2);
}

TEST_CASE("a failure of the whole request stays one, and an answer of the wrong size is none") {
    auto order = order_of({"a", "fail"}, {1, 2});
    Parcel parcel(order);
    Brackets compression;
    parcel.pack(Collect{}, compression, roomy);
    CHECK(parcel.merge(Answer(error::timed_out, "", "")).error == error::timed_out);
    CHECK(parcel.merge(Answer(error::timed_out, "", "")).entries.empty());
    CHECK(parcel.merge(taken(2)).error == error::response_invalid);
    CHECK(parcel.merge(taken(0)).error == error::response_invalid);
}

} // namespace
