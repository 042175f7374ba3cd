#pragma once

#include <sluice/aws/clock_skew.hpp>
#include <sluice/aws/crc32.hpp>
#include <sluice/aws/endpoint.hpp>
#include <sluice/aws/query.hpp>
#include <sluice/aws/rate_limiter.hpp>
#include <sluice/aws/redactor.hpp>
#include <sluice/aws/retry.hpp>
#include <sluice/aws/service_error.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/aws/uuid.hpp>
#include <sluice/version.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

/// One call of an operation: what is particular about its request.
class Call {
public:
    Call() = default;

    /// Of a service that speaks AWS JSON or CBOR: `Kinesis_20131202.PutRecords`, `application/x-amz-json-1.1`.
    Call(std::string target, std::string content_type, SharedBytes its_body) : body(std::move(its_body)) {
        headers.emplace_back("Content-Type", std::move(content_type));
        headers.emplace_back("X-Amz-Target", std::move(target));
    }

    /// Of a service that speaks the Query protocol: `Action=AssumeRole&Version=2011-06-15&...`.
    [[nodiscard]] static Call query(std::string form) {
        Call call;
        call.headers.emplace_back("Content-Type", std::string(QueryWriter::content_type));
        call.body = std::make_shared<const std::string>(std::move(form));
        return call;
    }

    std::string method = "POST";
    std::string path = "/";          ///< With the query, if there is one; escaped. The endpoint's base comes first.
    std::vector<HttpHeader> headers; ///< Beside those that every call has.
    SharedBytes body;
    std::string_view borrowed; ///< A body, if there is no other, that somebody keeps until the call is over.
    Secret secret; ///< What headers or body hold that must not be told; the reply of a refusal is free of it.
    std::optional<Endpoint> endpoint; ///< None: the client's.
    std::optional<std::chrono::milliseconds> timeout; ///< Of one attempt. None: `Options::request_timeout`.
    std::optional<std::size_t> max_response_bytes;    ///< None: what `HttpRequest` has.
};

/// What became of a call. Of credentials it holds nothing but what may be shown.
class Reply {
public:
    Reply() = default;
    explicit Reply(error_code why) : error(why) {}

    /// What there is to say in the log: the service's own words, or else the error.
    [[nodiscard]] std::string complaint() const { return code.empty() ? error.message() : code + " " + message; }

    error_code error;    ///< Empty: the service did it. Else its refusal, or that of the credentials or the transport.
    std::string code;    ///< The service's word for its refusal.
    std::string message; ///< The service's sentence.
    std::optional<std::chrono::milliseconds> retry_after; ///< The service's wish, before the call is tried again.
    unsigned attempts = 1; ///< How many there were.
    bool doubtful = false; ///< An attempt before the last may have been done: its answer was lost.
    HttpResponse response; ///< What came; without its body if that told of the request's signature.
};

/// Calls one service at one endpoint: signs, sends, and reads what comes back.
///
/// Any number of calls may be under way, all on the world's strand. They share the retry tokens, the signing key and
/// the measured difference between this machine's clock and the service's. To be moved only before the first call, and
/// destroyed only after the last.
///
/// Cancellation (`terminal`): what is under way is given up, and `Reply::error` is `operation_aborted`.
class Client {
public:
    /// Signs with the world's credentials.
    Client(World& world, std::string service, std::string region, Endpoint endpoint)
        : Client(world, &world.credentials(), std::move(service), std::move(region), std::move(endpoint)) {}

    /// Signs with others, which outlive the client; null: calls are not signed.
    Client(World& world, AnyCredentials* credentials, std::string service, std::string region, Endpoint endpoint)
        : world_(&world), credentials_(credentials), service_(std::move(service)), region_(std::move(region)),
          endpoint_(std::move(endpoint)), rules_(usual_retry(world.options().retry, service_)),
          tokens_(rules_.capacity), limiter_(now()) {}

    Client(Client&&) noexcept = default;
    Client& operator=(Client&&) noexcept = default;

    /// Has calls tried again by other rules than `Options::retry`. To be called only before the first call.
    void set_retry(const Options::Retry& rules) {
        rules_ = usual_retry(rules, service_);
        tokens_ = RetryTokens(rules_.capacity);
    }

    /// One attempt. If it fails because of the clock or the credentials, the next call has better ones.
    template <class...>
    [[nodiscard]] asio::awaitable<Reply> send_once(Call call) {
        const Invocation invocation(invocation_id(), 1, 1);
        auto outcome = co_await attempt(call, invocation);
        co_return std::move(outcome.reply);
    }

    /// Attempts until one succeeds or `Options::retry` ends it; the reply is the last one's. Attempts after an error of
    /// the clock or the credentials are part of the count, one for each.
    template <class...>
    [[nodiscard]] asio::awaitable<Reply> send(Call call) {
        Retries retries(rules_, tokens_);
        const auto id = invocation_id();
        Remedies tried;
        bool doubtful = false;
        while (true) {
            const Invocation invocation(id, retries.attempt(), std::max(*rules_.attempts, 1U));
            const auto turn = next_turn();
            if (turn > turn.zero()) {
                const auto missed = co_await wait(turn);
                if (missed) co_return Reply(missed);
            }
            auto outcome = co_await attempt(call, invocation);
            auto& reply = outcome.reply;
            reply.attempts = retries.attempt();
            reply.doubtful = doubtful;
            doubtful = doubtful || is_doubtful(reply.error);
            learn(reply.error);
            if (!reply.error) {
                retries.succeed();
                co_return std::move(reply);
            }
            const auto kind = tried.add(outcome.remedies) ? Retryable::transient : retryable(reply.error);
            const auto delay = retries.decide(kind, world_->clock().random(), reply.retry_after);
            if (!delay) co_return std::move(reply);
            const auto interrupted = co_await wait(*delay);
            if (interrupted) co_return Reply(interrupted);
        }
    }

private:
    /// What the headers tell of the attempts of one call.
    class Invocation {
    public:
        Invocation(std::string its_id, unsigned number, unsigned most)
            : id(std::move(its_id)), attempt("attempt=" + std::to_string(number) + "; max=" + std::to_string(most)) {}

        std::string id;
        std::string attempt;
    };

    /// What an attempt that failed has put right for the next one.
    class Remedies {
    public:
        Remedies() = default;

        bool clock_set = false;
        bool credentials_rejected = false;

        /// Whether `others` has one that was not there before.
        bool add(const Remedies& others) noexcept {
            const bool news = (others.clock_set && !clock_set) ||
                              (others.credentials_rejected && !credentials_rejected);
            clock_set = clock_set || others.clock_set;
            credentials_rejected = credentials_rejected || others.credentials_rejected;
            return news;
        }
    };

    class Outcome {
    public:
        explicit Outcome(Reply its_reply) : reply(std::move(its_reply)) {}

        Reply reply;
        Remedies remedies;
    };

    [[nodiscard]] Seconds now() const { return world_->clock().steady().time_since_epoch(); }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> wait(std::chrono::nanoseconds time) {
        return world_->clock().async_wait_until(world_->clock().steady() + time);
    }

    /// How long a request has to wait before it is sent, for no other reason than the requests before it.
    [[nodiscard]] std::chrono::nanoseconds next_turn() {
        if (rules_.mode != RetryMode::adaptive) return {};
        return std::chrono::round<std::chrono::nanoseconds>(limiter_.take_turn(now()));
    }

    void learn(error_code failure) {
        if (rules_.mode != RetryMode::adaptive || failure == asio::error::operation_aborted) return;
        if (retryable(failure) == Retryable::throttle) {
            limiter_.throttle(now());
        } else {
            limiter_.succeed(now());
        }
    }

    [[nodiscard]] std::string invocation_id() { return uuid_v4(world_->clock()); }

    /// One attempt, whatever is thrown on the way.
    template <class...>
    asio::awaitable<Outcome> attempt(const Call& call, const Invocation& invocation) {
        error_code thrown;
        try {
            auto outcome = co_await exchange(call, invocation);
            co_return outcome;
        } catch (const boost::system::system_error& failure) {
            thrown = failure.code();
        } catch (...) {
            thrown = error::connection_failed;
        }
        if (thrown != asio::error::operation_aborted) {
            world_->log().error("aws: the transport threw an exception instead of giving an error");
            thrown = error::connection_failed;
        }
        co_return Outcome(Reply(thrown));
    }

    template <class...>
    asio::awaitable<Outcome> exchange(const Call& call, const Invocation& invocation) {
        result<Secrets> secrets = Secrets();
        if (credentials_ != nullptr) secrets = co_await credentials_->fetch();
        if (!secrets) co_return Outcome(Reply(secrets.error()));
        const auto correction = correction_;
        auto request = unsigned_request(call, invocation);
        if (credentials_ != nullptr) {
            const auto rules = service_ == "s3" ? SigningRules::s3() : SigningRules();
            signer_.sign(request, *secrets, region_, service_, world_->clock().wall() + correction, rules);
        }
        auto response = co_await world_->transport().send(std::move(request));
        if (!response) co_return Outcome(Reply(response.error()));
        co_return judge(std::move(*response), *secrets, call.secret, correction);
    }

    [[nodiscard]] HttpRequest unsigned_request(const Call& call, const Invocation& invocation) const {
        const auto& there = call.endpoint ? *call.endpoint : endpoint_;
        HttpRequest request(call.method, there.url + call.path);
        request.headers.reserve(call.headers.size() + 7);
        request.headers.emplace_back("Host", there.host);
        request.headers.insert(request.headers.end(), call.headers.begin(), call.headers.end());
        request.headers.emplace_back("User-Agent", "sluice/" + std::string(version));
        request.headers.emplace_back("amz-sdk-invocation-id", invocation.id);
        request.headers.emplace_back("amz-sdk-request", invocation.attempt);
        request.body = call.body;
        request.borrowed = call.borrowed;
        request.connect_timeout = world_->options().connect_timeout;
        request.timeout = call.timeout.value_or(world_->options().request_timeout);
        request.max_response_bytes = call.max_response_bytes.value_or(request.max_response_bytes);
        return request;
    }

    [[nodiscard]] Outcome judge(HttpResponse response, const Secrets& used, const Secret& other,
                                std::chrono::seconds correction) {
        Outcome outcome{Reply()};
        auto& reply = outcome.reply;
        if (!intact(response)) {
            reply.error = error::response_truncated;
            return outcome;
        }
        if (response.status < 200 || response.status > 299) {
            auto failure = parse_service_error(response, used, other);
            outcome.remedies.clock_set = set_clock(failure, response, correction);
            outcome.remedies.credentials_rejected = reject(failure, used);
            reply.error = failure.error;
            reply.code = std::move(failure.code);
            reply.message = std::move(failure.message);
            reply.retry_after = parse_retry_after(find_header(response.headers, "x-amz-retry-after"));
            conceal(response, reply.error, used, other);
        }
        reply.response = std::move(response);
        return outcome;
    }

    /// Whether the body is what DynamoDB sent; the other services do not tell.
    [[nodiscard]] static bool intact(const HttpResponse& response) {
        const auto sum = find_header(response.headers, "x-amz-crc32");
        return sum.empty() || sum == std::to_string(crc32(response.body));
    }

    /// Whether a call that failed may have been done: it was sent, and nobody refused it.
    [[nodiscard]] static bool is_doubtful(error_code failure) {
        return retryable(failure) == Retryable::transient && failure != error::name_not_resolved &&
               failure != error::tls_failed;
    }

    /// If the clock is to blame, corrects it for every later request, and says so in the failure.
    bool set_clock(ServiceError& failure, const HttpResponse& response, std::chrono::seconds correction) {
        const auto skew = measured_skew(failure.code, find_header(response.headers, "Date"), world_->clock().wall(),
                                        correction);
        if (!skew) return false;
        correction_ = *skew;
        world_->correct_clock(*skew);
        failure.error = error::clock_skewed;
        world_->log().warning("aws: the clock of this machine is ", std::chrono::abs(*skew).count(), " s ",
                              skew->count() < 0 ? "ahead of" : "behind", " that of ", service_,
                              "; requests are signed with the service's time");
        return true;
    }

    /// Has credentials that did not serve fetched anew; true if that may help this call. A wrong secret is not put
    /// right that soon, but perhaps before a later one.
    bool reject(const ServiceError& failure, const Secrets& used) {
        const bool over = failure.error == error::credentials_expired || failure.error == error::credentials_refused;
        if (credentials_ == nullptr || !(over || failure.error == error::signature_refused)) return false;
        credentials_->reject(used);
        return over;
    }

    /// What a refusal may tell; a service's own is never that long.
    static constexpr std::size_t most_refusal_bytes = std::size_t{4} << 20U;

    /// Services explain what they signed, session token and all.
    static void conceal(HttpResponse& response, error_code why, const Secrets& used, const Secret& other) {
        const bool explains = why == error::signature_refused || why == error::clock_skewed ||
                              why == error::access_denied || why == error::credentials_refused ||
                              why == error::credentials_expired;
        if (why == error::conflict) return; // it has items, which whoever called compares, and nothing of the request
        if (explains || response.body.size() > most_refusal_bytes) response.body.clear();
        const Redactor redactor(used, other);
        response.body = redactor.redact(response.body);
        for (auto& header : response.headers) header.value = redactor.redact(header.value);
    }

    World* world_;
    AnyCredentials* credentials_;
    std::string service_;
    std::string region_;
    Endpoint endpoint_;
    Signer signer_;
    Options::Retry rules_;
    RetryTokens tokens_;
    RateLimiter limiter_;
    std::chrono::seconds correction_{0}; ///< To be added to this machine's clock.
};

} // namespace sluice::aws
