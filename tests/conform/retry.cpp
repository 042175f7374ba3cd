#include "adapter.hpp"

#include <aws/fakes.hpp>

#include <sluice/aws/client.hpp>
#include <sluice/aws/rate_limiter.hpp>
#include <sluice/aws/retry.hpp>
#include <sluice/aws/service_error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cmath>
#include <cstdint>
#include <set>
#include <string>

namespace conform {
namespace {

using namespace sluice;

Options::Retry rules_of(const json::object& constants) {
    Options::Retry rules;
    rules.attempts = number<unsigned>(constants, "max_attempts");
    rules.capacity = number<unsigned>(constants, "bucket_capacity");
    rules.transient_cost = number<unsigned>(constants, "cost_transient");
    rules.throttle_cost = number<unsigned>(constants, "cost_throttling");
    rules.success_reward = number<unsigned>(constants, "refund_no_retry");
    rules.transient_base = std::chrono::milliseconds(number<int>(constants, "base_ms"));
    rules.throttle_base = std::chrono::milliseconds(number<int>(constants, "base_throttling_ms"));
    rules.longest = std::chrono::milliseconds(number<int>(constants, "max_backoff_ms"));
    rules.heed_retry_after = flag(constants, "use_retry_after");
    return rules;
}

/// What a client makes of an answer, and what the service wishes.
class Answered {
public:
    explicit Answered(const json::object& in) {
        HttpResponse response(number<int>(in, "status"), "");
        const auto code = text(in, "error_code");
        if (!code.empty()) response.body = R"({"__type":")" + code + "\"}";
        if (in.contains("headers")) {
            for (const auto& [name, value] : in.at("headers").as_object()) {
                response.headers.emplace_back(std::string(name), std::string(value.as_string()));
            }
        }
        success = response.status == 200;
        const auto failure = response.status == 0 ? error_code(error::connection_failed)
                                                  : aws::parse_service_error(response, Secrets()).error;
        if (!success) kind = aws::retryable(failure);
        wish = aws::parse_retry_after(find_header(response.headers, "x-amz-retry-after"));
    }

    bool success = false;
    aws::Retryable kind = aws::Retryable::no;
    std::optional<std::chrono::milliseconds> wish;
};

const char* name_of(aws::GiveUp reason) {
    switch (reason) {
    case aws::GiveUp::not_retryable: return "fail_request";
    case aws::GiveUp::attempts_used: return "max_attempts_exceeded";
    case aws::GiveUp::tokens_used: return "retry_quota_exceeded";
    }
    return "";
}

/// The random number that stands for a share of the longest delay.
std::uint64_t dice(double share) {
    constexpr auto most = (std::uint64_t{1} << 53U) - 1;
    return static_cast<std::uint64_t>(std::llround(share * static_cast<double>(most))) << 11U;
}

json::object attempts(const json::object& in) {
    const auto& constants = in.at("constants").as_object();
    const auto rules = aws::usual_retry(rules_of(constants), "");
    aws::RetryTokens tokens(rules.capacity, number<unsigned>(constants, "initial_tokens"));
    std::optional<aws::Retries> call;
    json::array steps;
    for (const auto& response : in.at("responses").as_array()) {
        if (!call) call.emplace(rules, tokens);
        const Answered answered(response.as_object());
        json::object step;
        if (answered.success) {
            call->succeed();
            step["outcome"] = "success";
        } else if (const auto delay = call->decide(answered.kind, dice(number<double>(in, "jitter")), answered.wish)) {
            step["outcome"] = "retry_request";
            step["delay_s"] = aws::Seconds(*delay).count();
        } else {
            step["outcome"] = name_of(call->reason());
        }
        step["quota"] = tokens.left();
        if (!step.contains("delay_s")) call.reset();
        steps.push_back(std::move(step));
    }
    json::object out;
    out["steps"] = std::move(steps);
    return out;
}

json::object defaults(const json::object& in) {
    const auto rules = aws::usual_retry({}, text(in, "service"));
    json::object out;
    out["max_attempts"] = *rules.attempts;
    out["bucket_capacity"] = rules.capacity;
    out["initial_tokens"] = aws::RetryTokens(rules.capacity).left();
    out["cost_transient"] = rules.transient_cost;
    out["cost_throttling"] = rules.throttle_cost;
    out["refund_no_retry"] = rules.success_reward;
    out["base_ms"] = rules.transient_base->count();
    out["base_throttling_ms"] = rules.throttle_base.count();
    out["max_backoff_ms"] = rules.longest.count();
    out["use_retry_after"] = rules.heed_retry_after;
    return out;
}

json::object headers(const json::object& in) {
    asio::io_context context;
    FakeWorld fake(context.get_executor());
    fake.options.retry.attempts = number<unsigned>(in, "max_attempts");
    for (const auto& status : in.at("statuses").as_array()) fake.transport.answer(status.to_number<int>(), "{}");
    aws::Client client(fake.world, "kinesis", "us-east-1", aws::Endpoint("http://h", "h"));
    asio::co_spawn(context, client.send(aws::Call()), asio::detached);
    context.run();
    json::array attempts;
    std::set<std::string> ids;
    for (const auto& request : fake.transport.requests) {
        attempts.emplace_back(find_header(request.headers, "amz-sdk-request"));
        ids.emplace(find_header(request.headers, "amz-sdk-invocation-id"));
    }
    json::object out;
    out["amz_sdk_request"] = std::move(attempts);
    out["same_invocation_id"] = ids.size() == 1 && !ids.begin()->empty();
    return out;
}

// the rate of the adaptive mode

template <class Step>
json::array for_each_step(const json::object& in, Step step) {
    json::array results;
    for (const auto& item : in.at("steps").as_array()) {
        const auto& one = item.as_object();
        results.push_back(step(text(one, "response") == "throttle", aws::Seconds(number<double>(one, "timestamp"))));
    }
    return results;
}

json::object cubic(const json::object& in) {
    aws::CubicRate curve(number<double>(in, "last_max_rate"), aws::Seconds(number<double>(in, "last_throttle_time")));
    double rate = 0;
    json::object out;
    out["rates"] = for_each_step(in, [&](bool throttled, aws::Seconds now) {
        rate = throttled ? curve.throttle(rate, now) : curve.succeed(now);
        return json::value(rate);
    });
    return out;
}

json::object adaptive(const json::object& in) {
    aws::RateLimiter limiter(aws::Seconds(0));
    json::object out;
    out["steps"] = for_each_step(in, [&](bool throttled, aws::Seconds now) {
        throttled ? limiter.throttle(now) : limiter.succeed(now);
        json::object rates;
        rates["measured_tx_rate"] = limiter.measured();
        rates["fill_rate"] = limiter.rate();
        return json::value(std::move(rates));
    });
    return out;
}

json::object cubic_k(const json::object& in) {
    json::object out;
    out["k"] = aws::CubicRate::way_back(number<double>(in, "w_max"), number<double>(in, "beta"),
                                        number<double>(in, "scale"))
                   .count();
    return out;
}

json::object rate_clocker(const json::object& in) {
    aws::RequestRate rate(aws::Seconds(number<double>(in, "start")), number<double>(in, "smoothing"),
                          aws::Seconds(number<double>(in, "bucket")));
    for (const auto& time : in.at("timestamps").as_array()) rate.add(aws::Seconds(time.to_number<double>()));
    json::object out;
    out["rate"] = rate.rate();
    return out;
}

} // namespace

void add_retry(Operations& operations) {
    operations["retry.standard"] = attempts;
    operations["retry.legacy"] = attempts;
    operations["retry.defaults"] = defaults;
    operations["retry.headers"] = headers;
    operations["retry.cubic"] = cubic;
    operations["retry.adaptive"] = adaptive;
    operations["retry.cubic_k"] = cubic_k;
    operations["retry.rate_clocker"] = rate_clocker;
}

} // namespace conform
