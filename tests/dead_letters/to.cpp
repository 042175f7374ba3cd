#include "run.hpp"
#include "world.hpp"

#include <sluice/dead_letters/to.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using sluice::DeadLetter;
using sluice::asio::awaitable;
using Letters = std::vector<DeadLetter>;

/// What a callable gives back to `take`, or throws.
template <class F>
sluice::result<void> given(F callable, std::string data = "data") {
    sluice::result<void> taken = sluice::error::malformed;
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        TestWorld test(context.get_executor());
        sluice::DeadLettersTo letters(std::move(callable));
        static_assert(sluice::DeadLetters<decltype(letters)>);
        auto opened = co_await letters.open(test.world);
        REQUIRE(opened.has_value());
        DeadLetter letter(sluice::RecordId({}, 7), sluice::Record("key", std::move(data)), sluice::error::dropped);
        taken = co_await opened->take(std::move(letter));
    });
    return taken;
}

using Nothing = decltype([](DeadLetter) {});
using Number = decltype([](DeadLetter) { return 1; });
using Other = decltype([](int) {});
using MayWait = decltype([](const DeadLetter&) -> awaitable<void> { co_return; });

} // namespace

static_assert(sluice::DeadLetterCallable<Nothing>);
static_assert(sluice::DeadLetterCallable<MayWait>);
static_assert(!sluice::DeadLetterCallable<Number>);
static_assert(!sluice::DeadLetterCallable<Other>);

TEST_CASE("a callable takes a letter, whatever it gives back") {
    const auto seen = std::make_shared<Letters>();
    CHECK(given([seen](DeadLetter letter) { seen->push_back(std::move(letter)); }).has_value());
    CHECK(given([seen](DeadLetter letter) -> sluice::result<void> {
              seen->push_back(std::move(letter));
              return {};
          }).has_value());
    CHECK(given([seen](DeadLetter letter) -> awaitable<void> {
              seen->push_back(std::move(letter));
              co_return;
          }).has_value());
    CHECK(given([seen](DeadLetter letter) -> awaitable<sluice::result<void>> {
              seen->push_back(std::move(letter));
              co_return sluice::result<void>();
          }).has_value());
    REQUIRE(seen->size() == 4);
    for (const auto& letter : *seen) {
        CHECK(letter.id.sequence == 7);
        CHECK(letter.record == sluice::Record{"key", "data"});
        CHECK(letter.reason == sluice::error::dropped);
    }
}

TEST_CASE("the error of a callable is the letter's") {
    CHECK(given([](const DeadLetter&) -> sluice::result<void> { return sluice::error::storage_full; }).error() ==
          sluice::error::storage_full);
    CHECK(given([](DeadLetter) -> awaitable<sluice::result<void>> { co_return sluice::error::timed_out; }).error() ==
          sluice::error::timed_out);
}

TEST_CASE("what a callable throws comes out of take") {
    CHECK_THROWS_AS(given([](const DeadLetter&) { throw std::runtime_error("no"); }), std::runtime_error);
}
