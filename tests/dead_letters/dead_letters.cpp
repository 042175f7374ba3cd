#include "run.hpp"

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/report.hpp>
#include <sluice/detail/slots.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

static_assert(!std::is_aggregate_v<sluice::DeadLetter>);

namespace {

using sluice::asio::awaitable;

class Running {
public:
    awaitable<sluice::result<void>> take(sluice::DeadLetter letter) { co_return check(letter); }

private:
    static sluice::result<void> check(const sluice::DeadLetter& letter) {
        if (letter.record.data.empty()) return sluice::error::malformed;
        return {};
    }
};

class Untagged {
public:
    awaitable<sluice::result<Running>> open(sluice::World&);
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::dead_letters;
};

class CannotFail {
public:
    using policy_kind = sluice::kind::dead_letters;
    class Running {
    public:
        awaitable<void> take(sluice::DeadLetter);
    };
    awaitable<sluice::result<Running>> open(sluice::World&);
};

class OpensWithoutResult {
public:
    using policy_kind = sluice::kind::dead_letters;
    awaitable<::Running> open(sluice::World&);
};

class Batches : public Running {
public:
    awaitable<sluice::result<void>> take_all(std::vector<sluice::DeadLetter>);
};

class OnlyBatches {
public:
    awaitable<sluice::result<void>> take_all(std::vector<sluice::DeadLetter>);
};

class Miscounts : public Running {
public:
    awaitable<sluice::result<std::size_t>> take_all(std::vector<sluice::DeadLetter>);
};

class Generic : public Running {
public:
    template <class Letters>
    awaitable<sluice::result<void>> take_all(Letters);
};

class Hides : public Running {
    void take_all();
};

} // namespace

static_assert(sluice::BatchDeadLetters<Batches>);
static_assert(sluice::BatchDeadLetters<Generic>);
static_assert(!sluice::BatchDeadLetters<Running>);
static_assert(!sluice::BatchDeadLetters<OnlyBatches>);
static_assert(!sluice::BatchDeadLetters<Miscounts>);
static_assert(sluice::detail::HasTakeAll<Batches> && sluice::detail::HasTakeAll<Miscounts>);
static_assert(sluice::detail::HasTakeAll<Generic> && sluice::detail::HasTakeAll<Hides>);
static_assert(!sluice::detail::HasTakeAll<Running>);
static_assert(sluice::RunningDeadLetters<Running>);
static_assert(sluice::DeadLetters<sluice::ReportDeadLetters>);
static_assert(sluice::DeadLetters<Tagged>);
static_assert(!sluice::DeadLetters<Untagged>);
static_assert(!sluice::DeadLetters<CannotFail>);
static_assert(!sluice::DeadLetters<OpensWithoutResult>);

TEST_CASE("a letter made inside a co_await expression is destroyed once") {
    const std::string text(100, 'x');
    run([&](boost::asio::io_context&) -> awaitable<void> {
        Running letters;
        const auto taken = co_await letters.take(sluice::DeadLetter(sluice::RecordId({}, 1), sluice::Record{text, text},
                                                                    sluice::error::gave_up));
        CHECK(taken.has_value());
        const auto refused = co_await letters.take(sluice::DeadLetter());
        CHECK(refused.error() == sluice::error::malformed);
    });
}
