#include <sluice/aws/client.hpp>

#include <sluice/clock/system.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <concepts>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view json = "application/x-amz-json-1.1";

static_assert(std::movable<aws::Client>);
static_assert(!std::copyable<aws::Client>);

aws::Call put_record() {
    return aws::Call("Kinesis_20131202.PutRecord", std::string(json),
                     std::make_shared<const std::string>(R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})"));
}

std::string type(std::string_view code) { return R"({"__type":")" + std::string(code) + R"(","message":"m"})"; }

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor, Options options = Options{"stream"})
        : fake(executor, std::move(options)),
          client(fake.world, "kinesis", "us-east-1", aws::Endpoint("http://127.0.0.1:4568", "127.0.0.1:4568")) {}

    FakeWorld fake;
    aws::Client client;
};

asio::awaitable<void> send_into(aws::Client& client, std::optional<aws::Reply>& there) {
    auto call = put_record();
    there = co_await client.send(std::move(call));
}

asio::awaitable<void> settle() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

std::string header(const HttpRequest& request, std::string_view name) {
    return std::string(find_header(request.headers, name));
}

/// Whether a server that knows the secret would accept the signature.
bool verifies(const HttpRequest& request, const Secret& key) {
    std::vector<aws::SignedHeader> headers;
    const auto authorization = header(request, "Authorization");
    const auto names = authorization.substr(authorization.find("SignedHeaders=") + 14);
    auto rest = std::string_view(names).substr(0, names.find(','));
    while (!rest.empty()) {
        const auto name = rest.substr(0, rest.find(';'));
        headers.emplace_back(name, find_header(request.headers, name));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
    const auto hash = aws::sha256_hex(request.body ? *request.body : "");
    const aws::CanonicalRequest canonical("POST", "/", "", headers, hash);
    return authorization.ends_with(
        "Signature=" + aws::signature(canonical, key, "us-east-1", "kinesis", header(request, "X-Amz-Date")));
}

} // namespace

TEST_CASE("a call goes out as the service wants it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options{"stream"};
        options.connect_timeout = 17ms;
        options.request_timeout = 18ms;
        Bench bench(context.get_executor(), options);
        bench.fake.credentials.next = Secrets("AKID", Secret("key"), Secret("SESSION"));
        bench.fake.transport.answer(200, "{}");
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(reply.response.status == 200);
        CHECK(reply.response.body == "{}");
        REQUIRE(bench.fake.transport.requests.size() == 1);
        const auto& request = bench.fake.transport.requests[0];
        CHECK(request.method == "POST");
        CHECK(request.url == "http://127.0.0.1:4568/");
        CHECK(request.connect_timeout == 17ms);
        CHECK(request.timeout == 18ms);
        CHECK(*request.body == *put_record().body);
        CHECK(header(request, "Host") == "127.0.0.1:4568");
        CHECK(header(request, "Content-Type") == json);
        CHECK(header(request, "X-Amz-Target") == "Kinesis_20131202.PutRecord");
        CHECK(header(request, "X-Amz-Security-Token") == "SESSION");
        CHECK(header(request, "X-Amz-Date") == "20260102T030405Z");
        CHECK(header(request, "User-Agent") == "sluice/" + std::string(version));
        CHECK(header(request, "amz-sdk-request") == "attempt=1; max=3");
        CHECK(header(request, "amz-sdk-invocation-id") == "ffffffff-ffff-4fff-bfff-ffffffffffff");
        CHECK(verifies(request, Secret("key")));
        CHECK_FALSE(verifies(request, Secret("other")));
        CHECK(header(request, "Authorization").find(
                  "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;"
                  "x-amz-security-token;x-amz-target,") != std::string::npos);
    });
}

TEST_CASE("a base path of the endpoint is part of every URL") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        aws::Client client(fake.world, "kinesis", "us-east-1", aws::parse_endpoint("https://h/base/").value());
        fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await client.send_once(std::move(call));
        CHECK(fake.transport.requests[0].url == "https://h/base/");
    });
}

TEST_CASE("a body that is not there is signed as an empty one") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200);
        aws::Call call("Kinesis_20131202.ListStreams", std::string(json), nullptr);
        auto reply = co_await bench.client.send_once(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(verifies(bench.fake.transport.requests[0], bench.fake.credentials.next->secret_access_key));
    });
}

TEST_CASE("a call says itself what its request is like") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200);
        bench.fake.transport.answer(200);
        auto form = aws::Call::query("Action=GetCallerIdentity&Version=2011-06-15");
        auto reply = co_await bench.client.send(std::move(form));
        const auto& request = bench.fake.transport.requests[0];
        CHECK(header(request, "Content-Type") == "application/x-www-form-urlencoded; charset=utf-8");
        CHECK(header(request, "X-Amz-Target").empty());
        CHECK(*request.body == "Action=GetCallerIdentity&Version=2011-06-15");
        CHECK(verifies(request, bench.fake.credentials.next->secret_access_key));

        aws::Call get;
        get.method = "GET";
        get.path = "/federation/credentials?role_name=r";
        get.headers.emplace_back("x-amz-sso_bearer_token", "t");
        reply = co_await bench.client.send(std::move(get));
        CHECK(bench.fake.transport.requests[1].method == "GET");
        CHECK(bench.fake.transport.requests[1].url == "http://127.0.0.1:4568/federation/credentials?role_name=r");
        CHECK(header(bench.fake.transport.requests[1], "x-amz-sso_bearer_token") == "t");
    });
}

TEST_CASE("a client signs with the credentials that it was given, or not at all") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        FakeCredentials others;
        others.next = Secrets("OTHER", Secret("other"));
        const aws::Endpoint endpoint("http://127.0.0.1:4568", "127.0.0.1:4568");
        aws::Client theirs(fake.world, &others, "kinesis", "us-east-1", endpoint);
        fake.transport.answer(400, type("ExpiredTokenException"));
        auto call = put_record();
        auto reply = co_await theirs.send_once(std::move(call));
        CHECK(verifies(fake.transport.requests[0], Secret("other")));
        CHECK(fake.credentials.fetched == 0);
        CHECK(fake.credentials.rejected.empty());
        CHECK(others.rejected.size() == 1);

        aws::Client nobody(fake.world, nullptr, "sts", "us-east-1", endpoint);
        fake.transport.answer(400, type("ExpiredTokenException"));
        call = put_record();
        reply = co_await nobody.send_once(std::move(call));
        CHECK(reply.error == error::credentials_expired);
        CHECK(header(fake.transport.requests[1], "Authorization").empty());
        CHECK(header(fake.transport.requests[1], "X-Amz-Date").empty());
        CHECK(fake.credentials.fetched == 0);
    });
}

TEST_CASE("every 2xx is a success, nothing else is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const int status : {200, 204, 299}) {
            bench.fake.transport.answer(status, "x");
            auto call = put_record();
            auto reply = co_await bench.client.send_once(std::move(call));
            CHECK_FALSE(reply.error);
            CHECK(reply.response.body == "x");
        }
        for (const int status : {0, 100, 199, 300, 301, 400, 404, 500}) {
            bench.fake.transport.answer(status, "x");
            auto call = put_record();
            auto reply = co_await bench.client.send_once(std::move(call));
            CHECK(reply.error.failed());
        }
    });
}

TEST_CASE("a refusal is told in the service's words") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, R"({"__type":"x#ResourceNotFoundException","message":"No such stream."})");
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::stream_not_found);
        CHECK(reply.code == "ResourceNotFoundException");
        CHECK(reply.message == "No such stream.");
        CHECK(reply.response.status == 400);
        CHECK_FALSE(reply.response.body.empty());
        CHECK(bench.fake.transport.requests.size() == 1);
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("500, 500, 200 is a success after 50 and 100 ms, with one id and fresh signatures") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(500);
        bench.fake.transport.answer(500);
        bench.fake.transport.answer(200);
        bench.fake.transport.script[1] = [&bench](const HttpRequest&) {
            bench.fake.clock.advance(10s);
            return HttpResponse(500, "");
        };
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(reply.attempts == 3);
        CHECK(bench.fake.clock.waits == std::vector{50ms, 100ms});
        const auto& requests = bench.fake.transport.requests;
        REQUIRE(requests.size() == 3);
        CHECK(header(requests[0], "amz-sdk-request") == "attempt=1; max=3");
        CHECK(header(requests[1], "amz-sdk-request") == "attempt=2; max=3");
        CHECK(header(requests[2], "amz-sdk-request") == "attempt=3; max=3");
        CHECK(header(requests[0], "amz-sdk-invocation-id") == header(requests[2], "amz-sdk-invocation-id"));
        CHECK(header(requests[2], "X-Amz-Date") == "20260102T030415Z");
        for (const auto& request : requests) CHECK(verifies(request, bench.fake.credentials.next->secret_access_key));
        CHECK(bench.fake.credentials.fetched == 3);
    });
}

TEST_CASE("throttling waits longer, and the service's wish is heard") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, type("ProvisionedThroughputExceededException"));
        bench.fake.transport.answer(503, type("SlowDown"), {{"X-Amz-Retry-After", "3000"}});
        bench.fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(bench.fake.clock.waits == std::vector{1000ms, 3000ms});
    });
}

TEST_CASE("a wish of the service is in the reply") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(503, type("SlowDown"), {{"X-Amz-Retry-After", "3000"}});
        bench.fake.transport.answer(503, type("SlowDown"), {{"X-Amz-Retry-After", "soon"}});
        auto first = put_record();
        auto wish = co_await bench.client.send_once(std::move(first));
        CHECK(wish.retry_after == 3000ms);
        auto second = put_record();
        auto nonsense = co_await bench.client.send_once(std::move(second));
        CHECK_FALSE(nonsense.retry_after.has_value());
        CHECK(nonsense.error == error::throttled);
    });
}

TEST_CASE("an error of the transport is told, and tried again if that makes sense") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const auto failure : {error::name_not_resolved, error::connection_failed, error::tls_failed,
                                   error::timed_out, error::response_truncated, error::protocol_violated}) {
            bench.fake.transport.requests.clear();
            for (int times = 0; times < 3; ++times) bench.fake.transport.fail(failure);
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK(reply.error == failure);
            CHECK(bench.fake.transport.requests.size() == 3);
        }
        bench.fake.transport.requests.clear();
        bench.fake.transport.fail(error::response_too_large);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::response_too_large);
        CHECK(bench.fake.transport.requests.size() == 1);
    });
}

TEST_CASE("an answer that is not what its checksum says was lost on the way") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const std::string right = std::to_string(aws::crc32("{}"));
        bench.fake.transport.answer(200, "{ }", {{"x-amz-crc32", right}});
        bench.fake.transport.answer(200, "", {{"X-AMZ-CRC32", right}});
        bench.fake.transport.answer(200, "{}", {{"x-Amz-Crc32", right}});
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(reply.response.body == "{}");
        CHECK(reply.doubtful);
        CHECK(bench.fake.clock.waits == std::vector{50ms, 100ms});
    });
}

TEST_CASE("an answer whose checksum never fits tells nothing but that") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const std::string sum : {"0", "-1", "x", "27456141470"}) {
            bench.fake.transport.requests.clear();
            for (int i = 0; i < 3; ++i) bench.fake.transport.answer(200, "{}", {{"x-amz-crc32", sum}});
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK(reply.error == error::response_truncated);
            CHECK(reply.response.body.empty());
            CHECK(bench.fake.transport.requests.size() == 3);
        }
    });
}

TEST_CASE("a refusal is held against its checksum too, before anybody believes it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto expired = type("ExpiredTokenException");
        bench.fake.transport.answer(400, expired, {{"x-amz-crc32", "1"}});
        bench.fake.transport.answer(400, expired, {{"x-amz-crc32", std::to_string(aws::crc32(expired))}});
        bench.fake.transport.answer(200, "{}", {{"x-amz-crc32", ""}});
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(bench.fake.credentials.rejected.size() == 1);
        CHECK(bench.fake.transport.requests.size() == 3);

        const auto missing = type("ResourceNotFoundException");
        bench.fake.transport.answer(400, missing, {{"x-amz-crc32", std::to_string(aws::crc32(missing))}});
        call = put_record();
        reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::stream_not_found);
    });
}

TEST_CASE("a call is in doubt if an attempt before may have been done") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.doubtful);
        const auto refused = type("ValidationException");
        for (const auto lost : {error::timed_out, error::connection_failed, error::response_truncated}) {
            bench.fake.transport.fail(lost);
            bench.fake.transport.answer(400, refused);
            call = put_record();
            reply = co_await bench.client.send(std::move(call));
            CHECK(reply.error == error::request_refused);
            CHECK(reply.doubtful);
        }
        bench.fake.transport.answer(500);
        bench.fake.transport.answer(400, refused);
        call = put_record();
        reply = co_await bench.client.send(std::move(call));
        CHECK(reply.doubtful);
        // What was not sent, or refused, was not done.
        bench.fake.transport.fail(error::name_not_resolved);
        bench.fake.transport.answer(400, type("ThrottlingException"));
        bench.fake.transport.answer(400, refused);
        call = put_record();
        reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::request_refused);
        CHECK_FALSE(reply.doubtful);
    });
}

TEST_CASE("a secret of one letter takes nothing from what a conflict tells") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.credentials.next = Secrets("a", Secret("d"));
        const std::string conflict = R"({"__type":"ConditionalCheckFailedException","Item":{"id":{"S":"d"}}})";
        bench.fake.transport.answer(400, conflict);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::conflict);
        CHECK(reply.code == "ConditionalCheckFailedException");
        CHECK(reply.response.body == conflict);
        bench.fake.transport.answer(400, type("dread"));
        call = put_record();
        reply = co_await bench.client.send(std::move(call));
        CHECK(reply.code == "***rea***"); // nobody knows what this is
    });
}

TEST_CASE("send_once sends once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int times = 0; times < 2; ++times) {
            bench.fake.transport.answer(500);
            auto call = put_record();
            auto reply = co_await bench.client.send_once(std::move(call));
            CHECK(reply.error == error::service_failed);
            CHECK(reply.attempts == 1);
            CHECK(header(bench.fake.transport.requests.back(), "amz-sdk-request") == "attempt=1; max=1");
        }
        CHECK(bench.fake.transport.requests.size() == 2);
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("calls share one bucket of tokens, and stop retrying when it is empty") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options{"stream"};
        options.retry.capacity = 30;
        Bench bench(context.get_executor(), options);
        std::vector<std::size_t> attempts;
        for (int times = 0; times < 3; ++times) {
            bench.fake.transport.requests.clear();
            for (int i = 0; i < 3; ++i) bench.fake.transport.answer(500);
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK(reply.error == error::service_failed);
            attempts.push_back(bench.fake.transport.requests.size());
            bench.fake.transport.script.clear();
        }
        CHECK(attempts == std::vector<std::size_t>{3, 1, 1});
        for (int times = 0; times < 12; ++times) {
            bench.fake.transport.answer(200);
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
        }
        bench.fake.transport.answer(500);
        bench.fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
    });
}

TEST_CASE("without credentials nothing is sent") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.credentials.next = error_code(error::credentials_missing);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::credentials_missing);
        CHECK(bench.fake.transport.requests.empty());
    });
}

TEST_CASE("expired credentials are rejected, and the next attempt has new ones") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const std::string code : {"ExpiredTokenException", "UnrecognizedClientException"}) {
            Bench bench(context.get_executor());
            const auto old = *bench.fake.credentials.next;
            bench.fake.credentials.replacement = Secrets("NEW", Secret("new-key"));
            bench.fake.transport.answer(400, type(code));
            bench.fake.transport.answer(200);
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK_FALSE(reply.error);
            REQUIRE(bench.fake.credentials.rejected.size() == 1);
            CHECK(bench.fake.credentials.rejected[0] == old);
            const auto& second = bench.fake.transport.requests[1];
            CHECK(header(second, "Authorization").find("Credential=NEW/") != std::string::npos);
            CHECK(verifies(second, Secret("new-key")));
        }
    });
}

TEST_CASE("credentials are renewed once in a call, not more") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int times = 0; times < 3; ++times) bench.fake.transport.answer(400, type("ExpiredTokenException"));
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::credentials_expired);
        CHECK(bench.fake.transport.requests.size() == 2);
    });
}

TEST_CASE("send_once rejects expired credentials for the next call") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, type("ExpiredTokenException"));
        auto call = put_record();
        auto reply = co_await bench.client.send_once(std::move(call));
        CHECK(reply.error == error::credentials_expired);
        CHECK(bench.fake.credentials.rejected.size() == 1);
        CHECK(bench.fake.transport.requests.size() == 1);
    });
}

TEST_CASE("a clock that is off is corrected by the service's date, once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, type("InvalidSignatureException"),
                                    {{"Date", "Fri, 02 Jan 2026 04:04:05 GMT"}});
        bench.fake.transport.answer(200);
        bench.fake.transport.answer(200);
        auto first = put_record();
        auto reply = co_await bench.client.send(std::move(first));
        CHECK_FALSE(reply.error);
        auto second = put_record();
        auto later = co_await bench.client.send(std::move(second));
        const auto& requests = bench.fake.transport.requests;
        REQUIRE(requests.size() == 3);
        CHECK(header(requests[0], "X-Amz-Date") == "20260102T030405Z");
        CHECK(header(requests[1], "X-Amz-Date") == "20260102T040405Z");
        CHECK(header(requests[2], "X-Amz-Date") == "20260102T040405Z");
        CHECK(bench.fake.log.find("3600 s behind that of kinesis") != std::string::npos);
    });
}

TEST_CASE("send_once tells of the clock, and the next call has the right time") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(403, type("AccessDeniedException"), {{"Date", "Fri, 02 Jan 2026 02:04:05 GMT"}});
        bench.fake.transport.answer(200);
        auto first = put_record();
        auto skewed = co_await bench.client.send_once(std::move(first));
        CHECK(skewed.error == error::clock_skewed);
        CHECK(skewed.code == "AccessDeniedException");
        auto second = put_record();
        auto reply = co_await bench.client.send_once(std::move(second));
        CHECK(header(bench.fake.transport.requests[1], "X-Amz-Date") == "20260102T020405Z");
        CHECK(bench.fake.log.find("3600 s ahead of that of kinesis") != std::string::npos);
    });
}

TEST_CASE("a service whose date jumps about does not make a call endless") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options{"stream"};
        options.retry.attempts = 100;
        Bench bench(context.get_executor(), options);
        for (int times = 0; times < 10; ++times) {
            const std::string hour = times % 2 == 0 ? "04" : "09";
            bench.fake.transport.answer(403, type("InvalidSignatureException"),
                                        {{"Date", "Fri, 02 Jan 2026 " + hour + ":04:05 GMT"}});
        }
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::clock_skewed);
        CHECK(bench.fake.transport.requests.size() == 2);
    });
}

TEST_CASE("a refused signature with the right clock is final") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, type("InvalidSignatureException"),
                                    {{"Date", "Fri, 02 Jan 2026 03:08:05 GMT"}});
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK(reply.error == error::signature_refused);
        CHECK(bench.fake.credentials.rejected.size() == 1); // for a later call
        CHECK(bench.fake.transport.requests.size() == 1);
    });
}

TEST_CASE("of calls that met the wrong clock together, each gets another attempt") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.fake.transport.gate = &gate;
        for (int times = 0; times < 4; ++times) {
            bench.fake.transport.answer(400, type("InvalidSignatureException"),
                                        {{"Date", "Fri, 02 Jan 2026 04:04:05 GMT"}});
        }
        for (int times = 0; times < 4; ++times) bench.fake.transport.answer(200);
        std::deque<std::optional<aws::Reply>> replies(4);
        for (auto& reply : replies) asio::co_spawn(context, send_into(bench.client, reply), asio::detached);
        co_await settle();
        CHECK(bench.fake.transport.requests.size() == 4);
        gate.open();
        co_await settle();
        for (const auto& reply : replies) {
            REQUIRE(reply.has_value());
            CHECK_FALSE(reply->error);
        }
        CHECK(bench.fake.transport.requests.size() == 8);
    });
}

TEST_CASE("cancellation ends a call that waits for its answer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.fake.transport.gate = &gate;
        asio::cancellation_signal signal;
        std::optional<aws::Reply> reply;
        asio::co_spawn(context, send_into(bench.client, reply),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        co_await settle();
        CHECK(bench.fake.transport.requests.size() == 1);
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        REQUIRE(reply.has_value());
        CHECK(reply->error == asio::error::operation_aborted);
        CHECK(bench.fake.transport.requests.size() == 1);
    });
}

namespace {

/// A real clock, but for its dice: delays are as long as they can be.
class SlowDice {
public:
    using policy_kind = kind::clock;
    [[nodiscard]] steady_time steady() const { return clock.steady(); }
    [[nodiscard]] wall_time wall() const { return clock.wall(); }
    [[nodiscard]] asio::awaitable<error_code> async_wait_until(steady_time when) {
        return clock.async_wait_until(when);
    }
    [[nodiscard]] std::uint64_t random() { return UINT64_MAX; }

    SystemClock clock;
};

} // namespace

TEST_CASE("cancellation ends a call that waits for its next attempt") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options{"stream"};
        options.retry.transient_base = 1h;
        options.retry.longest = 1h;
        ClockBox<SlowDice> clock{SlowDice()};
        World world(context.get_executor(), clock, options);
        ScriptedTransport transport;
        FakeCredentials credentials;
        world.offer(transport);
        world.offer(credentials);
        aws::Client client(world, "kinesis", "us-east-1", aws::Endpoint("http://h", "h"));
        transport.answer(500);
        asio::cancellation_signal signal;
        std::optional<aws::Reply> reply;
        asio::co_spawn(context, send_into(client, reply), asio::bind_cancellation_slot(signal.slot(), asio::detached));
        co_await settle();
        CHECK_FALSE(reply.has_value());
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        REQUIRE(reply.has_value());
        CHECK(reply->error == asio::error::operation_aborted);
        CHECK(transport.requests.size() == 1);
    });
}

TEST_CASE("a transport that throws has failed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.script.push_back(
            [](const HttpRequest& request) -> result<HttpResponse> {
                throw std::runtime_error("cannot send " + header(request, "Authorization"));
            });
        bench.fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await bench.client.send_once(std::move(call));
        CHECK(reply.error == error::connection_failed);
        CHECK(bench.fake.log.find("Signature") == std::string::npos);
        auto again = put_record();
        auto later = co_await bench.client.send_once(std::move(again));
        CHECK_FALSE(later.error);
    });
}

TEST_CASE("no secret is in any log line or reply, whatever the service repeats") {
    const std::string key = "wJalr/XUtnFEMI+K7MDENG";
    const std::string token = "IQoJb3JpZ2lu/X2VjEJr+wEaCXVz==";
    std::string seen;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        const std::vector<std::string> codes{"InvalidSignatureException", "SignatureDoesNotMatch",
                                             "ExpiredTokenException",     "UnrecognizedClientException",
                                             "AccessDeniedException",     "ValidationException",
                                             "InternalFailure",           "ThrottlingException",
                                             "Unknown",                   ""};
        for (const auto& code : codes) {
            for (const auto status : {301, 400, 403, 500}) {
                Bench bench(context.get_executor());
                bench.fake.credentials.next = Secrets("AKID", Secret(key), Secret(token));
                const auto words = "the canonical string should have been x-amz-security-token:" + token + " " + key;
                const std::vector<std::string> bodies{R"({"__type":")" + code + R"(","message":")" + words + R"("})",
                                                      words, R"({"message":")" + words,
                                                      R"({"__type":")" + token + R"("})"};
                for (const auto& body : bodies) {
                    bench.fake.transport.script.clear();
                    for (int times = 0; times < 3; ++times) {
                        bench.fake.transport.answer(status, body,
                                                    {{"Date", "Fri, 02 Jan 2026 04:04:05 GMT"},
                                                     {"x-amzn-RequestId", token},
                                                     {"X-Echo", "Authorization: " + key}});
                    }
                    auto call = put_record();
                    auto reply = co_await bench.client.send(std::move(call));
                    CHECK(reply.error.failed());
                    seen += reply.error.message() + reply.code + reply.message + reply.response.body;
                    for (const auto& line : reply.response.headers) seen += line.name + line.value;
                }
                seen += bench.fake.log;
            }
        }
    });
    CHECK_FALSE(seen.empty());
    CHECK(seen.find(key) == std::string::npos);
    CHECK(seen.find(token) == std::string::npos);
    CHECK(seen.find(token.substr(0, 12)) == std::string::npos);
}

TEST_CASE("in adaptive mode requests wait their turn once the service has throttled") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options{"stream"};
        options.retry.mode = RetryMode::adaptive;
        Bench bench(context.get_executor(), options);
        for (int i = 0; i < 3; ++i) bench.fake.transport.answer(200);
        for (int i = 0; i < 3; ++i) {
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK_FALSE(reply.error);
        }
        CHECK(bench.fake.clock.waits.empty());
        bench.fake.transport.answer(400, type("ThrottlingException"));
        for (int i = 0; i < 4; ++i) bench.fake.transport.answer(200);
        auto throttled = put_record();
        auto reply = co_await bench.client.send(std::move(throttled));
        CHECK_FALSE(reply.error);
        const auto back_off = bench.fake.clock.waits.size();
        CHECK(back_off >= 1);
        for (int i = 0; i < 3; ++i) {
            auto call = put_record();
            auto next = co_await bench.client.send(std::move(call));
            CHECK_FALSE(next.error);
        }
        // Half a request a second is the least, so nobody waits longer than two seconds for a turn of his own.
        CHECK(bench.fake.clock.waits.size() > back_off);
        for (const auto wait : bench.fake.clock.waits) CHECK(wait <= 2s);
    });
}

TEST_CASE("in standard mode nobody waits for a turn") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, type("ThrottlingException"));
        for (int i = 0; i < 4; ++i) bench.fake.transport.answer(200);
        for (int i = 0; i < 4; ++i) {
            auto call = put_record();
            auto reply = co_await bench.client.send(std::move(call));
            CHECK_FALSE(reply.error);
        }
        CHECK(bench.fake.clock.waits.size() == 1);
    });
}

TEST_CASE("a client may have other rules for retries than the options") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.client.set_retry(Options::Retry::generation_2_0());
        bench.fake.transport.answer(500);
        bench.fake.transport.answer(200);
        auto call = put_record();
        auto reply = co_await bench.client.send(std::move(call));
        CHECK_FALSE(reply.error);
        CHECK(bench.fake.clock.waits == std::vector{1000ms});
    });
}
