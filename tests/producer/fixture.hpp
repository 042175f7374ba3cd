#pragma once

#include "../doubles.hpp"

#include <sluice/producer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

constexpr auto quietly = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Options of a producer that does not keep a test waiting.
inline sluice::Options quick() {
    using namespace std::chrono_literals;
    sluice::Options options{"clicks"};
    options.linger = 5ms;
    options.back_off = 1ms;
    options.longest_back_off = 5ms;
    return options;
}

/// The answer of a service that takes nothing.
inline sluice::Answer fail(sluice::error why) { return {make_error_code(why), "Word", "The service's sentence."}; }

/// A producer without a network, what its destination is to say, and what became its dead letters.
class Fixture {
public:
    explicit Fixture(boost::asio::io_context& context, sluice::Options options = quick())
        : producer(sluice::make_producer(context.get_executor(), std::move(options), ScriptedDestination{script},
                                         NobodySigns{}, NoTransport{}, KeepDeadLetters{letters})) {}

    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>();
    sluice::Producer<ScriptedDestination, NobodySigns, NoTransport, KeepDeadLetters> producer;
};
