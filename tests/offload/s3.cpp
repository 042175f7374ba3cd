#include <sluice/offload/s3.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>
#include <s3/fake.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace sluice;

static_assert(Offload<S3Offload>);

namespace {

s3::Bucket local_bucket() {
    s3::Bucket bucket("payloads");
    bucket.endpoint = "http://127.0.0.1:9000";
    return bucket;
}

Options with_region() {
    Options options{"clicks"};
    options.region = "eu-west-1";
    options.retry.attempts = 1;
    return options;
}

/// An offload that runs, with a bucket behind it.
class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor, Options options = with_region())
        : service(std::make_shared<FakeS3>()), transport(service), fake(executor, std::move(options)) {
        fake.world.offer(transport);
    }

    asio::awaitable<S3Offload::Running> open(S3OffloadOptions how = S3OffloadOptions()) {
        const S3Offload offload(local_bucket(), std::move(how), aws::Machine());
        auto running = co_await offload.open(fake.world);
        co_return std::move(running.value());
    }

    std::shared_ptr<FakeS3> service;
    ToFakeS3::Running transport;
    FakeWorld fake;
};

RecordId some_id() {
    std::array<std::uint8_t, 16> store{};
    for (std::uint8_t i = 0; i < 16; ++i) store[i] = i;
    return {store, 42};
}

const std::string name_of_some_id = "000102030405060708090a0b0c0d0e0f-00000000000000000042";

} // namespace

TEST_CASE("a payload is stored under its record's id, and the pointer says where and what it is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        S3OffloadOptions how;
        how.prefix = "clicks/large";
        auto offload = co_await bench.open(how);
        const std::string data(2'000'000, 'x');
        const auto id = some_id();
        const auto stored = co_await offload.store(id, data);
        REQUIRE(stored.has_value());
        const auto pointer = parse_pointer(*stored);
        REQUIRE(pointer.has_value());
        CHECK(pointer->bucket == "payloads");
        CHECK(pointer->key == "clicks/large/" + name_of_some_id);
        CHECK(pointer->size == data.size());
        CHECK(pointer->sha256 == aws::sha256(data));
        CHECK(bench.service->objects == std::map<std::string, std::string>{{pointer->key, data}});
        const auto again = co_await offload.store(id, data);
        CHECK(again.value() == *stored);
        CHECK(bench.service->objects.size() == 1);
    });
}

TEST_CASE("names may be UUIDs, always the same for a record, and different for others") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto offload = co_await bench.open(S3OffloadOptions::by_schema("group", "schema", "clicks"));
        auto id = some_id();
        const auto key = offload.key_of(id);
        const std::string prefix = "group-schema-clicks/";
        REQUIRE(key.starts_with(prefix));
        REQUIRE(key.size() == prefix.size() + 36);
        CHECK(key[prefix.size() + 14] == '8');
        CHECK(offload.key_of(id) == key);
        ++id.sequence;
        CHECK(offload.key_of(id) != key);
        --id.sequence;
        ++id.store[0];
        CHECK(offload.key_of(id) != key);
        const auto plain = co_await bench.open();
        id = some_id();
        CHECK(plain.key_of(id) == name_of_some_id);
        id.sequence = UINT64_MAX;
        CHECK(plain.key_of(id).ends_with("-18446744073709551615"));
    });
}

TEST_CASE("more than 16 MiB go in parts of 8, out of the very bytes that were given") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto offload = co_await bench.open();
        std::string data((16U << 20U) + 1, 'a');
        data.back() = 'z';
        data[8U << 20U] = 'b';
        const auto id = some_id();
        const auto stored = co_await offload.store(id, data);
        REQUIRE(stored.has_value());
        CHECK(bench.service->requests == 5); // begun, three parts, completed
        CHECK(bench.service->uploads.empty());
        CHECK((bench.service->objects[name_of_some_id] == data));
        CHECK(parse_pointer(*stored)->sha256 == aws::sha256(data));
        data.pop_back();
        const auto whole = co_await offload.store(id, data);
        CHECK(whole.has_value());
        CHECK(bench.service->requests == 6);
    });
}

TEST_CASE("an upload that fails half-way is aborted, and the error is the failure's") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto offload = co_await bench.open();
        const std::string data(20U << 20U, 'a');
        bench.service->fail_at = 3;
        const auto id = some_id();
        const auto stored = co_await offload.store(id, data);
        CHECK(stored.error() == error::access_denied);
        CHECK(bench.service->uploads.empty());
        CHECK(bench.service->objects.empty());
        CHECK(bench.service->seen.back().starts_with("DELETE "));
    });
}

TEST_CASE("what keeps a payload from being stored is told as it is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto offload = co_await bench.open();
        const std::string data(1'000, 'x');
        const auto id = some_id();
        bench.service->outage = error::connection_failed;
        auto stored = co_await offload.store(id, data);
        CHECK(stored.error() == error::connection_failed);
        bench.service->outage.reset();
        bench.service->denied = true;
        stored = co_await offload.store(id, data);
        CHECK(stored.error() == error::access_denied);
        bench.service->denied = false;
        bench.service->bucket = "another";
        stored = co_await offload.store(id, data);
        CHECK(stored.error() == error::bucket_not_found);
    });
}

TEST_CASE("the threshold leaves a record room in what the stream takes") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto usual = co_await bench.open();
        CHECK(usual.threshold() == 900U * 1'024);
        CHECK(usual.at_once() == 4);
        auto options = with_region();
        options.max_payload = 10'000;
        Bench narrow(context.get_executor(), options);
        const auto small = co_await narrow.open();
        CHECK(small.threshold() == 9'000);
    });
    const S3Offload offload("b");
    CHECK(offload.max_payload(1U << 20U) == 63U << 20U);
    CHECK(offload.max_payload(100U << 20U) == 100U << 20U);
}

TEST_CASE("an offload without a region is not opened") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor(), Options{"clicks"});
        const S3Offload offload("b", S3OffloadOptions(), aws::Machine());
        const auto running = co_await offload.open(bench.fake.world);
        CHECK(running.error() == error::region_missing);
    });
}

TEST_CASE("options that can never work are refused") {
    CHECK_THROWS_AS(S3Offload(""), std::invalid_argument);
    const auto refused = [](const std::function<void(S3OffloadOptions&)>& change) {
        S3OffloadOptions how;
        change(how);
        CHECK_THROWS_AS(S3Offload("b", how), std::invalid_argument);
    };
    refused([](auto& how) { how.prefix = std::string(901, 'p'); });
    refused([](auto& how) { how.prefix = "\xFF"; });
    refused([](auto& how) { how.prefix = "p/"; });
    refused([](auto& how) { how.threshold = 1'023; });
    refused([](auto& how) { how.threshold = (10U << 20U) + 1; });
    refused([](auto& how) { how.max_payload = how.threshold; });
    refused([](auto& how) { how.max_payload = (63U << 20U) + 1; });
    refused([](auto& how) { how.at_once = 0; });
    refused([](auto& how) { how.at_once = 65; });
    refused([](auto& how) { how.timeout = std::chrono::milliseconds(-1); });
}
