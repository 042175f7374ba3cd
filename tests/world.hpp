#pragma once

#include <sluice/clock/system.hpp>
#include <sluice/world.hpp>

#include <boost/asio/io_context.hpp>

/// A world for one policy at a time: real clock, no transport or credentials but those that a test offers.
class TestWorld {
public:
    explicit TestWorld(boost::asio::any_io_executor executor, sluice::Options its_options = sluice::Options{"stream"})
        : options(std::move(its_options)), world(std::move(executor), clock, options) {}

    sluice::Options options;
    sluice::ClockBox<sluice::SystemClock> clock{sluice::SystemClock{}};
    sluice::World world;
};
