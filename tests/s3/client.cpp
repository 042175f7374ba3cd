#include <sluice/s3/client.hpp>

#include "fake.hpp"

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;

namespace {

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    return options;
}

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor, const s3::Bucket& bucket = "payloads",
                   const aws::Machine& machine = aws::Machine())
        : fake(executor, in_ireland()), client(s3::Client::open(fake.world, bucket, machine).value()) {}

    [[nodiscard]] const HttpRequest& request() const { return fake.transport.requests.back(); }

    void stored() { fake.transport.answer(200, "", {HttpHeader("ETag", "\"e\"")}); }

    void refuse(int status, const std::string& code) {
        fake.transport.answer(status, FakeS3::refusal(status, code).body);
    }

    asio::awaitable<error_code> put() {
        const auto done = co_await client.put_object("a/b c", data, aws::sha256(data));
        co_return done ? error_code() : done.error();
    }

    std::string data = "hello";
    FakeWorld fake;
    s3::Client client;
};

} // namespace

TEST_CASE("an object is put into its bucket's host, signed with its digest") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.stored();
        const auto failure = co_await bench.put();
        CHECK_FALSE(failure);
        const auto& request = bench.request();
        CHECK(request.method == "PUT");
        CHECK(request.url == "https://payloads.s3.eu-west-1.amazonaws.com/a/b%20c");
        CHECK(request.content() == "hello");
        const auto authorization = find_header(request.headers, "Authorization");
        CHECK(authorization.find("/20260102/eu-west-1/s3/aws4_request") != std::string::npos);
        CHECK(authorization.find("x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date") != std::string::npos);
        CHECK(find_header(request.headers, "X-Amz-Content-SHA256") == aws::sha256_hex("hello"));
        const aws::UrlParts url(request.url);
        std::vector<aws::SignedHeader> headers;
        for (const auto& header : request.headers) {
            const bool is_signed = header.name != "User-Agent" && header.name != "Authorization";
            if (is_signed) headers.emplace_back(header.name, header.value);
        }
        const auto digest = aws::sha256_hex("hello");
        aws::CanonicalRequest canonical("PUT", url.path, "", std::move(headers), digest);
        canonical.path_rules = aws::SigningRules::s3().path;
        const auto secret = bench.fake.credentials.next->secret_access_key;
        const auto expected = aws::signature(canonical, secret, "eu-west-1", "s3", "20260102T030405Z");
        CHECK(authorization.ends_with("Signature=" + expected));
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("where a bucket's name stands depends on the endpoint and the name") {
    const auto url_of = [](const s3::Bucket& bucket, const aws::Machine& machine = aws::Machine()) {
        std::string url;
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            Bench bench(context.get_executor(), bucket, machine);
            bench.fake.transport.answer(204);
            const auto done = co_await bench.client.delete_object("k");
            CHECK(done.has_value());
            url = bench.request().url;
        });
        return url;
    };
    CHECK(url_of("with.dots") == "https://s3.eu-west-1.amazonaws.com/with.dots/k");
    s3::Bucket bucket("payloads");
    bucket.path_style = true;
    CHECK(url_of(bucket) == "https://s3.eu-west-1.amazonaws.com/payloads/k");
    bucket.path_style.reset();
    bucket.endpoint = "http://127.0.0.1:9000";
    CHECK(url_of(bucket) == "http://127.0.0.1:9000/payloads/k");
    bucket.endpoint = "http://minio:9000";
    CHECK(url_of(bucket) == "http://minio:9000/payloads/k");
    bucket.path_style = false;
    CHECK(url_of(bucket) == "http://payloads.minio:9000/k");
    bucket = s3::Bucket("payloads");
    bucket.region = "us-east-2";
    CHECK(url_of(bucket) == "https://payloads.s3.us-east-2.amazonaws.com/k");
    const aws::Machine machine([](std::string_view name) {
        return name == "AWS_ENDPOINT_URL_S3" ? std::optional<std::string>("http://localhost:1") : std::nullopt;
    });
    CHECK(url_of("payloads", machine) == "http://localhost:1/payloads/k");
    Options nowhere{"stream"};
    asio::io_context context;
    FakeWorld fake(context.get_executor(), nowhere);
    CHECK(s3::Client::open(fake.world, "b", aws::Machine()).error() == error::region_missing);
}

TEST_CASE("S3's refusals are errors that say what to do") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const std::vector<std::pair<std::string, error>> rows{
            {"AccessDenied", error::access_denied},
            {"NoSuchBucket", error::bucket_not_found},
            {"NoSuchKey", error::object_not_found},
            {"PreconditionFailed", error::resource_in_use},
            {"PermanentRedirect", error::endpoint_invalid},
            {"AuthorizationHeaderMalformed", error::endpoint_invalid},
            {"InvalidAccessKeyId", error::credentials_refused},
            {"SignatureDoesNotMatch", error::signature_refused},
            {"EntityTooLarge", error::request_too_large},
        };
        for (const auto& [code, expected] : rows) {
            CAPTURE(code);
            for (int i = 0; i < 2; ++i) bench.refuse(400, code); // rejected credentials are tried again
            const auto failure = co_await bench.put();
            CHECK(failure == expected);
            bench.fake.transport.script.clear();
        }
    });
}

TEST_CASE("an outage is tried again, told once, and told again after a success") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto fail = [&] {
            for (int i = 0; i < 3; ++i) bench.fake.transport.fail(error::connection_failed);
        };
        fail();
        auto failure = co_await bench.put();
        CHECK(failure == error::connection_failed);
        CHECK(bench.fake.transport.requests.size() == 3);
        const auto told = bench.fake.log;
        CHECK(told.find("S3 did not do PutObject in payloads: The connection could not be made") == 0);
        fail();
        failure = co_await bench.put();
        CHECK(bench.fake.log == told);
        bench.refuse(403, "AccessDenied");
        failure = co_await bench.put();
        CHECK(bench.fake.log == told + "S3 did not do PutObject in payloads: AccessDenied The service's sentence.\n");
        bench.fake.transport.fail(error::timed_out);
        bench.stored();
        failure = co_await bench.put();
        CHECK_FALSE(failure);
        bench.fake.log.clear();
        bench.refuse(403, "AccessDenied");
        failure = co_await bench.put();
        CHECK_FALSE(bench.fake.log.empty());
    });
}

TEST_CASE("a page of somebody else is no stored object") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "<html>Please log in</html>");
        auto failure = co_await bench.put();
        CHECK(failure == error::response_invalid);
        bench.fake.transport.answer(200, "<html/>");
        const auto upload = co_await bench.client.create_upload("k");
        CHECK(upload.error() == error::response_invalid);
        bench.fake.transport.answer(200, "");
        const auto part = co_await bench.client.upload_part("k", "id", 1, "data", aws::sha256("data"));
        CHECK(part.error() == error::response_invalid);
        bench.fake.transport.answer(200, "");
        std::vector<s3::Part> parts;
        const auto completed = co_await bench.client.complete_upload("k", "id", parts);
        CHECK(completed.error() == error::response_invalid);
    });
}

TEST_CASE("an object comes back whole, within bounds, or not at all") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "hello", {HttpHeader("x-amz-checksum-crc32", "NhCmhg==")});
        auto data = co_await bench.client.get_object("k", 5);
        REQUIRE(data.has_value());
        CHECK(*data == "hello");
        CHECK(bench.request().max_response_bytes == 1U << 20U);
        bench.fake.transport.answer(200, "hellO", {HttpHeader("x-amz-checksum-crc32", "NhCmhg==")});
        data = co_await bench.client.get_object("k", 5);
        CHECK(data.error() == error::response_invalid);
        bench.fake.transport.answer(200, "hello");
        data = co_await bench.client.get_object("k", 4);
        CHECK(data.error() == error::response_too_large);
        bench.fake.transport.answer(404);
        data = co_await bench.client.get_object("k", 5U << 20U);
        CHECK(data.error() == error::object_not_found);
        CHECK(bench.request().max_response_bytes == 5U << 20U);
    });
}

TEST_CASE("a bucket that is not there, or not ours, has no words") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200);
        auto there = co_await bench.client.head_bucket();
        CHECK(there.has_value());
        CHECK(bench.request().method == "HEAD");
        CHECK(bench.request().url == "https://payloads.s3.eu-west-1.amazonaws.com/");
        bench.fake.transport.answer(404);
        there = co_await bench.client.head_bucket();
        CHECK(there.error() == error::bucket_not_found);
        bench.fake.transport.answer(403);
        there = co_await bench.client.head_bucket();
        CHECK(there.error() == error::access_denied);
    });
}

TEST_CASE("a completion that fails after its 200 is an error") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, FakeS3::refusal(200, "InternalError").body);
        std::vector<s3::Part> parts;
        const auto completed = co_await bench.client.complete_upload("k", "id", parts);
        CHECK(completed.error() == error::service_failed);
        CHECK(bench.fake.log.find("CompleteMultipartUpload in payloads: InternalError") != std::string::npos);
    });
}

TEST_CASE("each attempt may take as long as the client was told") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.client.set_timeout(std::chrono::minutes(2));
        bench.stored();
        const auto failure = co_await bench.put();
        CHECK_FALSE(failure);
        CHECK(bench.request().timeout == std::chrono::minutes(2));
        bench.fake.transport.answer(204);
        const auto aborted = co_await bench.client.abort_upload("k", "id");
        CHECK(aborted.has_value());
        CHECK(bench.request().timeout == std::chrono::minutes(2));
    });
}
