#include "local_stream.hpp"

#include "../compression/payloads.hpp"

#include <sluice/kinesis/deaggregate.hpp>

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace local = sluice::local;
using namespace std::chrono_literals;

namespace {

/// A user record that somebody owns.
class Found {
public:
    Found(std::string its_key, std::string its_data, std::vector<sluice::Header> its_headers = {})
        : key(std::move(its_key)), data(std::move(its_data)), headers(std::move(its_headers)) {}

    std::string key;
    std::string data;
    std::vector<sluice::Header> headers;

    friend bool operator==(const Found&, const Found&) = default;
};

bool comes_before(const Found& one, const Found& other) {
    return std::tie(one.key, one.data) < std::tie(other.key, other.data);
}

std::vector<Found> sorted(std::vector<Found> all) {
    std::stable_sort(all.begin(), all.end(), comes_before);
    return all;
}

/// What is in a gzip member, which is small.
std::string unzipped(std::string& member) {
    std::string data(10'000, '\0');
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(member.data());
    stream.avail_in = static_cast<uInt>(member.size());
    stream.next_out = reinterpret_cast<Bytef*>(data.data());
    stream.avail_out = static_cast<uInt>(data.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    data.resize(stream.total_out);
    inflateEnd(&stream);
    return data;
}

/// A stream, and what a consumer reads in it: each shard with its range of keys, shards that were split before those
/// that they became.
class Shards : public LocalStream {
public:
    explicit Shards(std::uint32_t shards = 1) : LocalStream(shards) {
        options.linger = 100ms; // so that many travel together, however slow the machine is
    }

    std::vector<Found> read() {
        return with_stream([](const local::Stream& stream) {
            std::vector<Found> all;
            for (const auto& shard : stream.shards()) {
                for (const auto& record : shard.records()) {
                    const auto found = sluice::kinesis::deaggregate(record.data, record.partition_key,
                                                                    shard.range.first, shard.range.last);
                    for (const auto& one : found.records) {
                        all.emplace_back(std::string(one.partition_key), std::string(one.data),
                                         std::vector<sluice::Header>());
                        for (const auto& header : one.headers) {
                            all.back().headers.emplace_back(std::string(header.name), std::string(header.value));
                        }
                    }
                }
            }
            return all;
        });
    }

    /// How many Kinesis records there are.
    std::size_t arrived() {
        return with_stream([](const local::Stream& stream) {
            std::size_t count = 0;
            for (const auto& shard : stream.shards()) count += shard.records().size();
            return count;
        });
    }

    void split(const std::string& shard, const std::string& at) {
        server->with([&](local::Service& service) {
            REQUIRE(service.kinesis.split_shard("clicks", shard, at, local::moment_now()).has_value());
        });
    }

    void merge(const std::string& shard, const std::string& other) {
        server->with([&](local::Service& service) {
            REQUIRE(service.kinesis.merge_shards("clicks", shard, other, local::moment_now()).has_value());
        });
    }
};

} // namespace

TEST_CASE("what a producer aggregated is read in the shards where its keys belong, with its headers") {
    Shards place(4);
    auto producer = place.start(sluice::Aggregate());
    std::vector<Found> put;
    for (std::size_t i = 0; i < 5'000; ++i) {
        auto& one = put.emplace_back("user-" + std::to_string(i % 700), "click " + std::to_string(i));
        if (i % 10 == 0) one.headers.emplace_back("trace", std::to_string(i));
        sluice::Record record(one.key, one.data);
        record.headers = one.headers;
        producer.put(std::move(record));
    }
    CHECK(producer.flush(30s).left == 0);
    CHECK(producer.stats().total().delivered == put.size());
    CHECK((sorted(place.read()) == sorted(put)));
    CHECK(place.arrived() < put.size() / 5); // they did travel together
}

TEST_CASE("what is compressed record by record is found compressed in its aggregate") {
    Shards place(2);
    auto producer = place.start(sluice::Aggregate(), sluice::Gzip(1, sluice::Scope::record));
    std::vector<Found> put;
    for (std::size_t i = 0; i < 300; ++i) {
        const auto& one = put.emplace_back("user-" + std::to_string(i % 70), log_lines(i * 7, i));
        producer.put({one.key, one.data});
    }
    CHECK(producer.flush(30s).left == 0);
    auto found = place.read();
    CHECK(place.arrived() < put.size() / 5);
    for (auto& one : found) one.data = unzipped(one.data);
    CHECK((sorted(found) == sorted(put)));
}

TEST_CASE("nothing is lost while shards are split and merged under what is being sent") {
    for (const auto ordering : {sluice::Ordering::none, sluice::Ordering::per_key}) {
        Shards place(2);
        place.options.ordering = ordering;
        place.options.back_off = 1ms;
        place.options.linger = 1ms;
        auto producer = place.start(sluice::Aggregate(4'096));
        std::size_t put = 0;
        const auto put_some = [&] {
            for (const auto before = put; put < before + 3'000; ++put) {
                producer.put({"user-" + std::to_string(put % 97), std::to_string(1'000'000 + put)});
            }
        };
        put_some();
        place.split("shardId-000000000000", "85070591730234615865843651857942052864"); // 2^126
        put_some();
        place.merge("shardId-000000000003", "shardId-000000000001");
        put_some();
        CHECK(producer.flush(30s).left == 0);
        CHECK(producer.stats().total().delivered == put);
        CHECK(place.letters->empty());

        std::map<std::string, std::vector<std::string>> by_key; // the first time that each is read
        std::map<std::string, bool> seen;
        for (auto& one : place.read()) {
            if (!seen.emplace(one.data, true).second) continue;
            by_key[one.key].push_back(std::move(one.data));
        }
        CHECK(seen.size() == put);
        if (ordering == sluice::Ordering::none) continue;
        CHECK(std::all_of(by_key.begin(), by_key.end(), [](const auto& key) {
            return std::is_sorted(key.second.begin(), key.second.end());
        }));
    }
}

TEST_CASE("data that looks like an aggregate arrives as the data that it is") {
    Shards place;
    auto producer = place.start(sluice::Aggregate());
    producer.put({"a", "one"});
    producer.put({"b", "two"});
    CHECK(producer.flush(30s).left == 0);
    const auto lookalike = place.with_stream([](const local::Stream& stream) {
        return stream.shards()[0].records().front().data;
    });
    REQUIRE(place.read().size() == 2);
    producer.put({"c", lookalike});
    CHECK(producer.flush(30s).left == 0);
    const auto found = place.read();
    REQUIRE(found.size() == 3);
    CHECK((found.back() == Found("c", lookalike)));
}

TEST_CASE("records of one key share aggregates without a list of shards") {
    Shards place(8);
    auto producer = place.start(sluice::Aggregate(sluice::Aggregate::Keys::same));
    std::vector<Found> put;
    for (std::size_t i = 0; i < 1'000; ++i) {
        const auto& one = put.emplace_back("user-" + std::to_string(i % 3), std::to_string(i));
        producer.put({one.key, one.data});
    }
    CHECK(producer.flush(30s).left == 0);
    CHECK((sorted(place.read()) == sorted(put)));
    CHECK(place.arrived() < put.size() / 5);
}
