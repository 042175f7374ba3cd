#include <sluice/offload/resolver.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>
#include <s3/fake.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace sluice;

namespace {

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor)
        : service(std::make_shared<FakeS3>()), transport(service), fake(executor, with_region()) {
        fake.world.offer(transport);
    }

    asio::awaitable<S3Resolver::Running> open(std::string prefix = {}, std::size_t most = 100) {
        s3::Bucket bucket("payloads");
        bucket.endpoint = "http://127.0.0.1:9000";
        const S3Resolver resolver(bucket, std::move(prefix), most, aws::Machine());
        auto running = co_await resolver.open(fake.world);
        co_return std::move(running.value());
    }

    /// A pointer to this text, which is stored.
    [[nodiscard]] std::string point_to(const std::string& text, const std::string& key = "p/k") const {
        service->objects[key] = text;
        return encode(S3Pointer("payloads", key, text.size(), aws::sha256(text)));
    }

    static Options with_region() {
        Options options{"clicks"};
        options.region = "eu-west-1";
        options.retry.attempts = 1;
        return options;
    }

    std::shared_ptr<FakeS3> service;
    ToFakeS3::Running transport;
    FakeWorld fake;
};

} // namespace

TEST_CASE("a pointer gives the payload, and data that is none itself") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto resolver = co_await bench.open("p");
        auto data = co_await resolver.resolve(bench.point_to("payload"));
        CHECK(data.value() == "payload");
        data = co_await resolver.resolve(bench.point_to(""));
        CHECK(data.value().empty());
        bench.service->requests = 0;
        data = co_await resolver.resolve("plain");
        CHECK(data.value() == "plain");
        data = co_await resolver.resolve("");
        CHECK(data.value().empty());
        CHECK(bench.service->requests == 0);
    });
}

TEST_CASE("an object that was deleted, or is another one, is an error of its own") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto resolver = co_await bench.open();
        const auto pointer = bench.point_to("payload");
        bench.service->objects.clear();
        auto data = co_await resolver.resolve(pointer);
        CHECK(data.error() == error::object_not_found);
        for (const auto* other : {"pAyload", "payloa", "payload+", ""}) {
            bench.service->objects["p/k"] = other;
            data = co_await resolver.resolve(pointer);
            CHECK(data.error() == error::object_changed);
        }
    });
}

TEST_CASE("a pointer leads nowhere that it should not") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto resolver = co_await bench.open("p");
        const auto elsewhere = encode(S3Pointer("secrets", "p/k", 1, {}));
        auto data = co_await resolver.resolve(elsewhere);
        CHECK(data.error() == error::access_denied);
        data = co_await resolver.resolve(bench.point_to("x", "private/k"));
        CHECK(data.error() == error::access_denied);
        data = co_await resolver.resolve(bench.point_to(std::string(101, 'x')));
        CHECK(data.error() == error::response_too_large);
        data = co_await resolver.resolve(R"({"sluice":"s3-pointer/2","where":"mars"})");
        CHECK(data.error() == error::malformed);
        CHECK(bench.service->requests == 0);
    });
    CHECK_THROWS_AS(S3Resolver(""), std::invalid_argument);
}

TEST_CASE("S3's own failures are told as they are") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto resolver = co_await bench.open();
        const auto pointer = bench.point_to("payload");
        bench.service->denied = true;
        auto data = co_await resolver.resolve(pointer);
        CHECK(data.error() == error::access_denied);
        bench.service->outage = error::timed_out;
        data = co_await resolver.resolve(pointer);
        CHECK(data.error() == error::timed_out);
    });
}
