#include "run.hpp"

#include <sluice/publish.hpp>
#include <sluice/receipt.hpp>

#include <doctest/doctest.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

using sluice::error;
using sluice::error_code;
using namespace std::chrono_literals;

namespace asio = boost::asio;

namespace {

/// A producer whose records have these outcomes.
class Outcomes {
public:
    explicit Outcomes(std::deque<error_code> its_outcomes) : outcomes(std::move(its_outcomes)) {}

    template <class Token>
    auto async_deliver(sluice::Record record, Token&& token) {
        return asio::async_initiate<Token, void(error_code, sluice::Receipt)>(
            [outcome = next(record)](auto handler) { std::move(handler)(outcome, sluice::Receipt()); }, token);
    }

    sluice::Receipt deliver(const sluice::Record& record, error_code& failure) {
        failure = next(record);
        return {};
    }

    std::deque<error_code> outcomes;
    std::vector<sluice::Record> puts;

private:
    error_code next(const sluice::Record& record) {
        puts.push_back(record);
        const auto outcome = outcomes.front();
        if (outcomes.size() > 1) outcomes.pop_front();
        return outcome;
    }
};

/// A clock on which waiting takes no time, and is written down; the wait of this number is cancelled.
class Impatient {
public:
    using policy_kind = sluice::kind::clock;
    using Rests = std::shared_ptr<std::vector<std::chrono::nanoseconds>>;

    explicit Impatient(Rests its_rests, std::size_t its_cancelled = 99)
        : rests(std::move(its_rests)), cancelled(its_cancelled) {}

    [[nodiscard]] sluice::steady_time steady() const { return {}; }
    [[nodiscard]] sluice::wall_time wall() const { return {}; }
    [[nodiscard]] asio::awaitable<error_code> async_wait_until(sluice::steady_time when) {
        rests->push_back(when.time_since_epoch());
        if (rests->size() == cancelled) co_return asio::error::operation_aborted;
        co_return error_code{};
    }
    [[nodiscard]] std::uint64_t random() { return 0; }

    Rests rests;
    std::size_t cancelled;
};

class Told {
public:
    bool published = false;
    std::vector<std::chrono::nanoseconds> rests;
};

Told publish(Outcomes& producer, unsigned tries = 3, std::size_t cancelled = 99) {
    const auto rests = std::make_shared<std::vector<std::chrono::nanoseconds>>();
    Told told;
    run([&](asio::io_context&) -> asio::awaitable<void> {
        told.published = co_await sluice::async_safe_publish(producer, 42, "key", tries, Impatient(rests, cancelled));
    });
    told.rests = *rests;
    return told;
}

Told publish_blocking(Outcomes& producer, unsigned tries = 3) {
    Told told;
    told.published =
        sluice::safe_publish(producer, 42, "key", tries, [&](auto time) { told.rests.emplace_back(time); });
    return told;
}

using Rests = std::vector<std::chrono::nanoseconds>;

} // namespace

TEST_CASE("what the service has is published at once") {
    Outcomes producer({error_code{}});
    CHECK(publish(producer).published);
    REQUIRE(producer.puts.size() == 1);
    CHECK(producer.puts[0] == sluice::Record("key", "42"));
    CHECK(publish_blocking(producer).published);
    CHECK(producer.puts.size() == 2);
}

TEST_CASE("what failed is put again after two, four and more seconds, until it is published") {
    for (auto* const way : {+[](Outcomes& producer) { return publish(producer, 5); },
                            +[](Outcomes& producer) { return publish_blocking(producer, 5); }}) {
        Outcomes producer({error::gave_up, error::buffer_full, error::expired, error_code{}});
        const auto told = way(producer);
        CHECK(told.published);
        CHECK(told.rests == Rests{2s, 4s, 8s});
        CHECK(producer.puts.size() == 4);
        CHECK(producer.puts.back() == sluice::Record("key", "42"));
    }
}

TEST_CASE("after the last of the tries it is not published, and nobody rests any more") {
    for (auto* const way : {+[](Outcomes& producer) { return publish(producer); },
                            +[](Outcomes& producer) { return publish_blocking(producer); }}) {
        Outcomes producer({error::gave_up});
        const auto told = way(producer);
        CHECK_FALSE(told.published);
        CHECK(told.rests == Rests{2s, 4s});
        CHECK(producer.puts.size() == 3);
    }
    Outcomes once({error::gave_up});
    CHECK_FALSE(publish(once, 0).published);
    CHECK(once.puts.size() == 1);
}

TEST_CASE("what another put would not change is not tried again") {
    for (const error_code final : {error_code(error::record_too_large), error_code(error::closed),
                                   error_code(error::kept), error_code(error::cleared), error_code(error::disabled),
                                   error_code(asio::error::operation_aborted)}) {
        CAPTURE(final.message());
        Outcomes producer({final});
        CHECK_FALSE(publish(producer).published);
        CHECK_FALSE(publish_blocking(producer).published);
        CHECK(producer.puts.size() == 2);
    }
}

TEST_CASE("who is cancelled while it rests has not published") {
    Outcomes producer({error::gave_up});
    CHECK_FALSE(publish(producer, 5, 2).published);
    CHECK(producer.puts.size() == 2);
}

TEST_CASE("many tries do not make rests without end") {
    Outcomes producer({error::gave_up});
    const auto told = publish_blocking(producer, 40);
    CHECK(told.rests.back() == 1'024s);
}
