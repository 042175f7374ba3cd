#include <sluice/detail/credentials_thrown.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <system_error>

using namespace sluice;

namespace {

class Outcome {
public:
    error_code failure;
    std::string log;
};

template <class E>
Outcome handle(const E& exception) {
    Outcome outcome;
    const Log log([&outcome](LogLevel, std::string_view line) { outcome.log += line; }, LogLevel::debug);
    try {
        throw exception;
    } catch (...) {
        outcome.failure = detail::credentials_thrown(log);
    }
    return outcome;
}

} // namespace

TEST_CASE("a cancellation stays one, and is not worth a line") {
    const auto outcome = handle(boost::system::system_error(asio::error::operation_aborted, "SECRET"));
    CHECK(outcome.failure == asio::error::operation_aborted);
    CHECK(outcome.log.empty());
}

TEST_CASE("of an error code the log has the meaning, not what was said with it") {
    const auto boosts = handle(boost::system::system_error(make_error_code(error::timed_out), "SECRET"));
    CHECK(boosts.failure == error::credentials_failed);
    CHECK(boosts.log.find(make_error_code(error::timed_out).message()) != std::string::npos);
    CHECK(boosts.log.find("SECRET") == std::string::npos);

    const auto standard = handle(std::system_error(std::make_error_code(std::errc::permission_denied), "SECRET"));
    CHECK(standard.failure == error::credentials_failed);
    CHECK(standard.log.find(std::make_error_code(std::errc::permission_denied).message()) != std::string::npos);
    CHECK(standard.log.find("SECRET") == std::string::npos);
}

TEST_CASE("of any other exception the log has only that there was one") {
    for (const auto& outcome : {handle(std::runtime_error("SECRET")), handle(std::string("SECRET")), handle(17)}) {
        CHECK(outcome.failure == error::credentials_failed);
        CHECK_FALSE(outcome.log.empty());
        CHECK(outcome.log.find("SECRET") == std::string::npos);
    }
}
