#include <sluice/metrics/cloudwatch_counts.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t everything = 1'000'000;
constexpr wall_time noon{std::chrono::seconds(1'767'323'045)}; // 2026-01-02T03:04:05Z

/// Which metric: `UserRecordsPut StreamName=clicks ShardId=s`.
std::string name_of(const cloudwatch::Datum& datum) {
    auto name = datum.name;
    for (const auto& dimension : datum.dimensions) name += " " + dimension.name + "=" + dimension.value;
    return name;
}

/// What was told, by name.
class Told {
public:
    explicit Told(std::vector<cloudwatch::Datum> its_datums) : datums(std::move(its_datums)) {}

    [[nodiscard]] std::set<std::string> names() const {
        std::set<std::string> all;
        for (const auto& datum : datums) all.insert(name_of(datum));
        return all;
    }

    /// `samples sum minimum maximum`, and nothing if it was not told, or several times.
    [[nodiscard]] std::string operator[](const std::string& name) const {
        std::string found;
        for (const auto& datum : datums) {
            if (name_of(datum) != name) continue;
            if (!found.empty()) return "";
            const auto& its = datum.values;
            for (const auto value : {its.samples, its.sum, its.minimum, its.maximum}) {
                found += (found.empty() ? "" : " ") + std::to_string(static_cast<long>(value));
            }
        }
        return found;
    }

    std::vector<cloudwatch::Datum> datums;
};

CloudWatchOptions with(MetricsLevel level, MetricsGranularity granularity) {
    return CloudWatchOptions(level, granularity);
}

CloudWatchOptions all_of_it() { return with(MetricsLevel::detailed, MetricsGranularity::shard); }

Exchange::Load load(std::uint64_t records, std::uint64_t bytes, std::uint64_t data, std::uint64_t least,
                    std::uint64_t most) {
    Exchange::Load load(records, bytes);
    load.data = data;
    load.min_data = least;
    load.max_data = most;
    return load;
}

EntryAnswer taken(std::string_view shard) {
    EntryAnswer answer;
    answer.shard_id = shard;
    answer.sequence_number = "1";
    return answer;
}

EntryAnswer refused(error why, std::string_view code) {
    EntryAnswer answer;
    answer.error = why;
    answer.code = code;
    return answer;
}

/// A request of three entries with six records: two shards took one each, the third was throttled.
class Request {
public:
    Request() {
        answer.entries = {taken("shard-1"), taken("shard-2"),
                          refused(error::throttled, "ProvisionedThroughputExceededException")};
    }

    [[nodiscard]] Exchange exchange() const {
        Exchange exchange(answer);
        exchange.entries = {load(3, 100, 60, 10, 30), load(1, 50, 40, 40, 40), load(2, 80, 70, 30, 40)};
        exchange.records = 6;
        exchange.duration = 25ms;
        exchange.shortest_wait = 10ms;
        exchange.longest_wait = 40ms;
        exchange.total_wait = 120ms;
        return exchange;
    }

    Answer answer;
};

} // namespace

TEST_CASE("a request is counted for the producer, its stream and its shards") {
    CloudWatchCounts counts(all_of_it());
    CHECK(counts.empty());
    const Request request;
    counts.exchanged(noon, "clicks", request.exchange());
    CHECK_FALSE(counts.empty());
    const Told told(counts.take(everything));
    CHECK(counts.empty());
    for (const std::string of : {"", " StreamName=clicks"}) {
        CHECK(told["KinesisRecordsPut" + of] == "3 2 0 1");
        CHECK(told["KinesisRecordsDataPut" + of] == "2 150 50 100");
        CHECK(told["UserRecordsDataPut" + of] == "4 100 10 40");
        CHECK(told["UserRecordsPerKinesisRecord" + of] == "3 6 1 3");
        CHECK(told["KinesisRecordsPerPutRecordsRequest" + of] == "1 3 3 3");
        CHECK(told["UserRecordsPerPutRecordsRequest" + of] == "1 6 6 6");
        CHECK(told["RequestTime" + of] == "1 25 25 25");
        CHECK(told["BufferingTime" + of] == "6 120 10 40");
        CHECK(told["AllErrors" + of] == "3 1 0 1");
        CHECK(told["ErrorsByCode" + of + " ErrorCode=ProvisionedThroughputExceededException"] == "1 1 1 1");
        CHECK(told["UserRecordsPut" + of] == ""); // they have no outcome yet
    }
    const std::string shard = " StreamName=clicks ShardId=shard-1";
    CHECK(told["KinesisRecordsPut" + shard] == "1 1 1 1");
    CHECK(told["KinesisRecordsDataPut" + shard] == "1 100 100 100");
    CHECK(told["UserRecordsPut" + shard] == "3 3 1 1");
    CHECK(told["UserRecordsDataPut" + shard] == "3 60 10 30");
    CHECK(told["UserRecordsPerKinesisRecord" + shard] == "1 3 3 3");
    CHECK(told["AllErrors" + shard] == "1 0 0 0");
    CHECK(told["UserRecordsPut StreamName=clicks ShardId=shard-2"] == "1 1 1 1");
    CHECK(told.datums.size() == 2 * 10 + 2 * 6);
}

TEST_CASE("a request that fails as a whole is one error") {
    CloudWatchCounts counts(all_of_it());
    const Answer answer(error::service_failed, "ServiceUnavailable", "later");
    Exchange exchange(answer);
    exchange.entries = {load(3, 100, 60, 10, 30), load(1, 50, 40, 40, 40)};
    exchange.records = 4;
    counts.exchanged(noon, "clicks", exchange);
    const Told told(counts.take(everything));
    CHECK(told["AllErrors"] == "1 1 1 1");
    CHECK(told["ErrorsByCode StreamName=clicks ErrorCode=ServiceUnavailable"] == "1 1 1 1");
    CHECK(told["KinesisRecordsPerPutRecordsRequest"] == "1 2 2 2");
    CHECK(told["UserRecordsPerKinesisRecord"] == "2 4 1 3");
    CHECK(told["KinesisRecordsPut"] == "");
    CHECK(told["UserRecordsDataPut"] == "");
}

TEST_CASE("errors have words, whoever they are of") {
    CloudWatchCounts counts(with(MetricsLevel::summary, MetricsGranularity::global));
    for (const auto why : {make_error_code(error::connection_failed), make_error_code(error::not_utf8),
                           make_error_code(boost::system::errc::not_enough_memory)}) {
        const Answer answer(why, "", "");
        counts.exchanged(noon, "clicks", Exchange(answer));
    }
    const Answer hostile(error::response_invalid, "<a href=\"\n\xff" + std::string(5'000, 'x'), "");
    counts.exchanged(noon, "clicks", Exchange(hostile));
    Answer too_few;
    too_few.entries = {taken("shard-1")};
    Exchange exchange(too_few);
    exchange.entries = {load(1, 9, 9, 9, 9), load(1, 9, 9, 9, 9)};
    counts.exchanged(noon, "clicks", exchange);
    const Told told(counts.take(everything));
    CHECK(told["ErrorsByCode ErrorCode=ConnectionFailed"] == "1 1 1 1");
    CHECK(told["ErrorsByCode ErrorCode=NotUtf8"] == "1 1 1 1");
    CHECK(told["ErrorsByCode ErrorCode=Generic:12"] == "1 1 1 1");
    CHECK(told["ErrorsByCode ErrorCode=ResponseInvalid"] == "1 1 1 1");
    CHECK(told["AllErrors"] == "5 5 1 1");
    for (const auto& datum : told.datums) {
        CHECK(std::all_of(datum.dimensions.begin(), datum.dimensions.end(), cloudwatch::is_dimension));
    }
}

TEST_CASE("a service that makes up a code for each error does not fill the memory") {
    CloudWatchCounts counts(with(MetricsLevel::summary, MetricsGranularity::global));
    for (int i = 0; i < 1'000; ++i) {
        const Answer answer(error::response_invalid, "Code" + std::to_string(i), "");
        counts.exchanged(noon, "clicks", Exchange(answer));
    }
    const Told told(counts.take(everything));
    CHECK(told.datums.size() == 34);
    CHECK(told["ErrorsByCode ErrorCode=Other"] == "968 968 1 1");
    CHECK(told["AllErrors"] == "1000 1000 1 1");
}

TEST_CASE("what was not sent is an error, and no Kinesis record") {
    CloudWatchCounts counts(all_of_it());
    Answer answer;
    answer.entries = {refused(error::record_too_large, ""), taken("shard-1")};
    Exchange exchange(answer);
    exchange.entries = {load(1, 0, 9, 9, 9), load(1, 20, 10, 10, 10)};
    exchange.records = 2;
    counts.exchanged(noon, "clicks", exchange);
    const Told told(counts.take(everything));
    CHECK(told["KinesisRecordsPut"] == "1 1 1 1");
    CHECK(told["KinesisRecordsPerPutRecordsRequest"] == "1 1 1 1");
    CHECK(told["UserRecordsPerPutRecordsRequest"] == "1 1 1 1");
    CHECK(told["ErrorsByCode ErrorCode=RecordTooLarge"] == "1 1 1 1");
    Answer nothing;
    nothing.entries = {refused(error::record_too_large, "")};
    Exchange empty(nothing);
    empty.entries = {load(1, 0, 9, 9, 9)};
    counts.exchanged(noon, "clicks", empty);
    const Told no_request(counts.take(everything));
    CHECK(no_request["RequestTime"] == "");
    CHECK(no_request["AllErrors"] == "1 1 1 1");
}

TEST_CASE("the own end of a request is no error") {
    CloudWatchCounts counts(all_of_it());
    const Answer answer(boost::asio::error::operation_aborted, "", "");
    counts.exchanged(noon, "clicks", Exchange(answer));
    CHECK(counts.empty());
}

TEST_CASE("records are counted as they come, go and are tried again") {
    CloudWatchCounts counts(all_of_it());
    counts.accepted(noon, "clicks", 10);
    counts.settled(noon, "clicks", {}, 7);
    counts.settled(noon, "clicks", error::expired, 2);
    counts.settled(noon, "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", error::gave_up, 1);
    counts.retried(noon, "clicks", 0, 7);
    counts.retried(noon, "clicks", 4, 3);
    counts.pending(noon, 5);
    counts.pending(noon, 0);
    const Told told(counts.take(everything));
    for (const std::string of : {"", " StreamName=clicks"}) {
        CHECK(told["UserRecordsReceived" + of] == "10 10 1 1");
        CHECK(told["UserRecordsPut" + of] == "10 7 0 1");
        CHECK(told["UserRecordExpired" + of] == "2 2 1 1");
        CHECK(told["RetriesPerRecord" + of] == "10 12 0 4");
    }
    CHECK(told["UserRecordsPending"] == "2 5 0 5");
    CHECK(told["UserRecordsPending StreamName=clicks"] == "");
}

TEST_CASE("levels and granularities bound what is told") {
    const auto told = [](MetricsLevel level, MetricsGranularity granularity) {
        CloudWatchCounts counts(with(level, granularity));
        Request request;
        request.answer.entries[2] = taken("shard-2");
        counts.accepted(noon, "clicks", 1);
        counts.exchanged(noon, "clicks", request.exchange());
        counts.settled(noon, "clicks", error::expired, 1);
        counts.retried(noon, "clicks", 1, 1);
        counts.pending(noon, 1);
        return Told(counts.take(everything)).names();
    };
    CHECK(told(MetricsLevel::none, MetricsGranularity::shard).empty());
    const std::set<std::string> summary{"UserRecordsPut", "KinesisRecordsPut", "AllErrors", "UserRecordExpired",
                                        "BufferingTime"};
    CHECK(told(MetricsLevel::summary, MetricsGranularity::global) == summary);
    CHECK(told(MetricsLevel::summary, MetricsGranularity::stream).size() == 5 + 5);
    CHECK(told(MetricsLevel::summary, MetricsGranularity::shard).size() == 5 + 5 + 2 * 3);
    CHECK(told(MetricsLevel::detailed, MetricsGranularity::global).size() == 14);
    CHECK(told(MetricsLevel::detailed, MetricsGranularity::stream).size() == 14 + 13);
    CHECK(told(MetricsLevel::detailed, MetricsGranularity::shard).size() == 14 + 13 + 2 * 6);
}

TEST_CASE("each minute is told apart, with its time, its dimensions and its units") {
    auto settings = with(MetricsLevel::summary, MetricsGranularity::global);
    settings.dimensions.emplace_back("Host", "a");
    CloudWatchCounts counts(settings);
    counts.settled(noon + 60s, "clicks", {}, 2);
    counts.settled(noon, "clicks", {}, 1);
    counts.settled(noon + 54s, "orders", {}, 1);
    const auto datums = counts.take(everything);
    REQUIRE(datums.size() == 2);
    CHECK(datums[0].time == noon - 5s);
    CHECK(datums[0].values.sum == 2);
    CHECK(datums[1].time == noon + 55s);
    CHECK(datums[1].values.sum == 2);
    CHECK(name_of(datums[0]) == "UserRecordsPut Host=a");
    CHECK(datums[0].unit == cloudwatch::Unit::count);
}

TEST_CASE("whole minutes are taken, as many as are enough") {
    auto settings = with(MetricsLevel::summary, MetricsGranularity::stream);
    settings.max_kept = 20;
    CloudWatchCounts counts(settings);
    for (int minute = 0; minute < 10; ++minute) counts.settled(noon + minute * 60s, "clicks", {}, 1);
    const auto first = counts.take(5);
    REQUIRE(first.size() == 6);
    CHECK(first.back().time == noon - 5s + 2 * 60s);
    CHECK_FALSE(counts.empty());
    for (int minute = 10; minute < 13; ++minute) counts.settled(noon + minute * 60s, "clicks", {}, 1);
    CHECK_FALSE(counts.forgot()); // there is room for what was taken
    CHECK(counts.take(0).empty());
    const auto rest = counts.take(everything);
    CHECK(rest.size() == 20);
    CHECK(rest.front().time == noon - 5s + 3 * 60s);
    CHECK(counts.empty());
}

TEST_CASE("when there is no room the oldest minutes are forgotten") {
    auto settings = with(MetricsLevel::summary, MetricsGranularity::stream);
    settings.max_kept = 6;
    CloudWatchCounts counts(settings);
    CHECK_FALSE(counts.forgot());
    for (int minute = 0; minute < 100; ++minute) counts.settled(noon + minute * 60s, "clicks", {}, 1);
    CHECK(counts.forgot());
    CHECK_FALSE(counts.forgot());
    const auto datums = counts.take(everything);
    REQUIRE(datums.size() == 6);
    CHECK(datums.front().time == noon - 5s + 97 * 60s);
    CHECK(datums.back().time == noon - 5s + 99 * 60s);
    counts.settled(noon, "clicks", {}, 1);
    CHECK_FALSE(counts.forgot());
}

TEST_CASE("one minute with more than there is room for keeps what belongs to all") {
    auto settings = with(MetricsLevel::summary, MetricsGranularity::stream);
    settings.max_kept = 3;
    CloudWatchCounts counts(settings);
    for (int i = 0; i < 100; ++i) counts.settled(noon, "stream" + std::to_string(i), {}, 1);
    CHECK(counts.forgot());
    counts.settled(noon - 3600s, "early", {}, 1); // a clock that was set back
    const Told told(counts.take(everything));
    CHECK(told.names().size() == 3);
    CHECK(std::count_if(told.datums.begin(), told.datums.end(), [](const auto& datum) {
              return datum.dimensions.empty() && datum.values.sum == 100;
          }) == 1);
    for (int minute = 0; minute < 5; ++minute) counts.settled(noon + minute * 60s, "clicks", {}, 1);
    CHECK(counts.take(everything).size() <= 4);
}
