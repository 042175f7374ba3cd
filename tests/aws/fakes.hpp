#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A clock that stands still until it is moved. Whoever waits moves it: a wait ends at once, and is recorded.
class FakeClock final : public sluice::AnyClock {
public:
    [[nodiscard]] sluice::steady_time steady() const override { return steady_; }
    [[nodiscard]] sluice::wall_time wall() const override { return wall_; }

    [[nodiscard]] sluice::asio::awaitable<sluice::error_code> async_wait_until(sluice::steady_time when) override {
        waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(when - steady_));
        if (when > steady_) advance(when - steady_);
        co_await sluice::asio::post(co_await sluice::asio::this_coro::executor, sluice::asio::use_awaitable);
        co_return sluice::error_code();
    }

    [[nodiscard]] std::uint64_t random() override { return dice; }

    void advance(std::chrono::nanoseconds time) {
        steady_ += time;
        wall_ += std::chrono::duration_cast<std::chrono::system_clock::duration>(time);
    }

    void set_wall(sluice::wall_time time) { wall_ = time; }

    std::vector<std::chrono::milliseconds> waits;
    std::uint64_t dice = UINT64_MAX; ///< The most: delays are as long as they can be.

private:
    sluice::steady_time steady_{std::chrono::hours(1)};
    // 2026-01-02T03:04:05Z
    sluice::wall_time wall_{std::chrono::seconds(1'767'323'045)};
};

/// Something to wait for: `co_await gate.wait()` ends when `open()` is called, or when it is cancelled.
class Gate {
public:
    explicit Gate(const sluice::asio::any_io_executor& executor) : timer_(executor, sluice::steady_time::max()) {}

    void open() {
        open_ = true;
        timer_.cancel();
    }

    [[nodiscard]] sluice::asio::awaitable<sluice::error_code> wait() {
        sluice::error_code woken;
        if (!open_) co_await timer_.async_wait(sluice::asio::redirect_error(sluice::asio::use_awaitable, woken));
        co_return open_ ? sluice::error_code() : sluice::error_code(sluice::asio::error::operation_aborted);
    }

private:
    sluice::asio::steady_timer timer_;
    bool open_ = false;
};

/// A transport that gives the answers of a script, in order, and keeps the requests. After the script it fails.
class ScriptedTransport final : public sluice::AnyTransport {
public:
    using Answer = std::function<sluice::result<sluice::HttpResponse>(const sluice::HttpRequest&)>;

    void answer(int status, std::string body = {}, std::vector<sluice::HttpHeader> headers = {}) {
        sluice::HttpResponse response(status, std::move(body));
        response.headers = std::move(headers);
        script.push_back([response](const sluice::HttpRequest&) { return response; });
    }

    void fail(sluice::error_code why) {
        script.push_back([why](const sluice::HttpRequest&) -> sluice::result<sluice::HttpResponse> { return why; });
    }

    [[nodiscard]] sluice::asio::awaitable<sluice::result<sluice::HttpResponse>> send(
        sluice::HttpRequest request) override {
        requests.push_back(request);
        const Answer next = script.empty() ? Answer() : std::move(script.front());
        if (!script.empty()) script.pop_front();
        if (gate != nullptr) {
            const auto failure = co_await gate->wait();
            if (failure) co_return failure;
        }
        if (!next) co_return sluice::error_code(sluice::error::connection_failed);
        auto response = next(request);
        co_return response;
    }

    std::deque<Answer> script;
    std::vector<sluice::HttpRequest> requests;
    Gate* gate = nullptr; ///< If there is one, every answer waits for it.
};

/// Credentials as a test says, and how often they were asked for and rejected.
class FakeCredentials final : public sluice::AnyCredentials {
public:
    [[nodiscard]] sluice::asio::awaitable<sluice::result<sluice::Secrets>> fetch() override {
        ++fetched;
        co_return next;
    }

    void reject(const sluice::Secrets& used) override {
        rejected.push_back(used);
        if (replacement) next = *replacement;
    }

    sluice::result<sluice::Secrets> next =
        sluice::Secrets("AKIDEXAMPLE", sluice::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    std::optional<sluice::Secrets> replacement; ///< What a rejection brings.
    int fetched = 0;
    std::vector<sluice::Secrets> rejected;
};

/// A world in which everything is scripted, and every log line is kept.
class FakeWorld {
public:
    explicit FakeWorld(sluice::asio::any_io_executor executor, sluice::Options its_options = sluice::Options{"stream"})
        : options(std::move(its_options)), world(std::move(executor), clock, options) {
        options.log = sluice::Log(
            [this](sluice::LogLevel, std::string_view line) { log.append(line).append("\n"); },
            sluice::LogLevel::debug);
        world.offer(transport);
        world.offer(credentials);
    }

    std::string log; ///< Every line, at any level.
    FakeClock clock;
    sluice::Options options;
    ScriptedTransport transport;
    FakeCredentials credentials;
    sluice::World world;
};
