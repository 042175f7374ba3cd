#include "../run.hpp"
#include "../storage/temporary.hpp"
#include "../world.hpp"

#include <sluice/dead_letters/blocking_letter_box.hpp>
#include <sluice/dead_letters/conformance.hpp>
#include <sluice/dead_letters/file.hpp>
#include <sluice/dead_letters/report.hpp>
#include <sluice/dead_letters/sqlite.hpp>
#include <sluice/dead_letters/to.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;

using Read = std::function<std::vector<KeptLetter>()>;

template <class MakeRecipe>
std::vector<std::string> violations_of(MakeRecipe make, Read read = nullptr) {
    std::vector<std::string> violations;
    run([&](boost::asio::io_context& context) -> asio::awaitable<void> {
        TestWorld test(context.get_executor());
        violations = co_await check_dead_letters(make, test.world, read);
    });
    return violations;
}

std::vector<KeptLetter> in_file(const std::filesystem::path& path) {
    std::vector<KeptLetter> kept;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);) kept.push_back(read_letter(line).value());
    return kept;
}

std::vector<KeptLetter> in_database(const std::filesystem::path& path) {
    std::vector<KeptLetter> kept;
    if (!std::filesystem::exists(path)) return kept;
    BlockingLetterBox box(path);
    for (std::int64_t after = 0;;) {
        auto page = box.read(LetterFilter(), after);
        if (page.empty()) return kept;
        after = page.back().number;
        for (auto& one : page) kept.push_back(std::move(one.letter.value()));
    }
}

/// What dead letters can do wrong; each must be noticed.
enum class Fault {
    refuses_the_second,
    refuses_binary,
    refuses_what_it_has,
    throws_away,
    cuts_short,
    forgets_headers,
    forgets_the_reason,
    forgets_attempts,
    forgets_what_was_said,
    keeps_twice,
    refuses_many,
    keeps_the_first_of_many,
    keeps_many_twice,
    hangs_with_many_when_cancelled,
    keeps_the_latest_only,
    shares_its_place,
    hangs_when_cancelled,
    opens_once,
    count, ///< Nothing wrong.
};

/// Dead letters in memory, with a fault.
class Broken {
public:
    using policy_kind = kind::dead_letters;
    using Place = std::vector<DeadLetter>;

    Broken(Fault fault, std::shared_ptr<Place> place) : fault_(fault), place_(std::move(place)) {}

    class Running {
    public:
        Running(Fault fault, std::shared_ptr<Place> place) : fault_(fault), place_(std::move(place)) {}

        asio::awaitable<result<void>> take(DeadLetter letter) {
            const bool known = std::any_of(place_->begin(), place_->end(),
                                           [&](const DeadLetter& other) { return other.id == letter.id; });
            const bool refused = (is(Fault::refuses_the_second) && place_->size() == 1) ||
                                 (is(Fault::refuses_binary) && letter.record.data.size() == 512) ||
                                 (is(Fault::refuses_what_it_has) && known);
            if (is(Fault::hangs_when_cancelled)) co_await hang();
            if (refused) co_return error::storage_failed;
            if (is(Fault::throws_away)) co_return result<void>();
            if (is(Fault::cuts_short)) letter.record.data = letter.record.data.substr(0, 1'000);
            if (is(Fault::forgets_headers)) letter.record.headers.clear();
            if (is(Fault::forgets_the_reason)) letter.reason = error::gave_up;
            if (is(Fault::forgets_attempts)) letter.attempts.clear();
            if (is(Fault::forgets_what_was_said)) {
                for (auto& attempt : letter.attempts) attempt.message.clear();
            }
            if (is(Fault::keeps_the_latest_only)) place_->clear();
            if (is(Fault::keeps_twice)) place_->push_back(letter);
            place_->push_back(std::move(letter));
            co_return result<void>();
        }

        asio::awaitable<result<void>> take_all(std::vector<DeadLetter> letters) {
            if (is(Fault::hangs_with_many_when_cancelled)) co_await hang();
            if (is(Fault::refuses_many) && letters.size() > 200) co_return error::storage_full;
            if (is(Fault::keeps_the_first_of_many)) letters.resize(1);
            for (int times = is(Fault::keeps_many_twice) ? 2 : 1; times > 0; --times) {
                place_->insert(place_->end(), letters.begin(), letters.end());
            }
            co_return result<void>();
        }

    private:
        [[nodiscard]] bool is(Fault fault) const { return fault_ == fault; }

        /// Where there is somebody who could cancel it.
        static asio::awaitable<void> hang() {
            auto executor = co_await asio::this_coro::executor;
            const auto state = co_await asio::this_coro::cancellation_state;
            if (!state.slot().is_connected()) co_return;
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            asio::steady_timer timer(executor, std::chrono::milliseconds(2'500));
            co_await timer.async_wait(asio::use_awaitable);
        }

        Fault fault_;
        std::shared_ptr<Place> place_;
    };

    asio::awaitable<result<Running>> open(World&) const {
        if (fault_ == Fault::opens_once && opened_++ > 0) co_return error::storage_locked;
        co_return Running(fault_, place_);
    }

private:
    Fault fault_;
    std::shared_ptr<Place> place_;
    mutable int opened_ = 0;
};

std::vector<std::string> violations_of(Fault fault) {
    auto place = std::make_shared<Broken::Place>();
    auto make = [&] {
        if (fault != Fault::shares_its_place) place = std::make_shared<Broken::Place>();
        return Broken(fault, place);
    };
    auto read = [&] {
        std::vector<KeptLetter> kept;
        for (const auto& one : *place) kept.push_back(read_letter(letter_line(one, {})).value());
        return kept;
    };
    return violations_of(make, read);
}

} // namespace

TEST_CASE("every kind of dead letters conforms") {
    const TemporaryDirectory directory;
    const std::vector<std::string> none;
    int made = 0;
    const auto place = [&] { return directory / std::to_string(made); };
    CHECK(violations_of([] { return ReportDeadLetters(); }) == none);
    auto make_file = [&] { return ++made, FileDeadLetters(place()); };
    CHECK(violations_of(make_file, [&] { return in_file(place()); }) == none);
    auto make_database = [&] { return ++made, SqliteDeadLetters(place()); };
    CHECK(violations_of(make_database, [&] { return in_database(place()); }) == none);
    auto letters = std::make_shared<std::vector<KeptLetter>>();
    auto make_callable = [&] {
        letters = std::make_shared<std::vector<KeptLetter>>();
        return DeadLettersTo([letters](const DeadLetter& letter) {
            letters->push_back(read_letter(letter_line(letter, {})).value());
        });
    };
    CHECK(violations_of(make_callable, [&] { return *letters; }) == none);
}

TEST_CASE("each fault breaks its rule, and none is broken where there is no fault") {
    CHECK(violations_of(Fault::count) == std::vector<std::string>());
    const std::string refused = "`take` keeps any letter.";
    const std::string lost = "What was taken is kept when that completes.";
    const std::string changed = "A kept record is the one that was given, byte for byte.";
    const std::string untold = "A kept letter tells the attempts, with what the service said.";
    const std::string doubled = "Letters that were taken once are kept once.";
    const std::map<Fault, std::string> rules{
        {Fault::refuses_the_second, refused},
        {Fault::refuses_binary, refused},
        {Fault::refuses_what_it_has, refused},
        {Fault::throws_away, lost},
        {Fault::cuts_short, changed},
        {Fault::forgets_headers, changed},
        {Fault::forgets_the_reason, "A kept letter tells the reason."},
        {Fault::forgets_attempts, untold},
        {Fault::forgets_what_was_said, untold},
        {Fault::keeps_twice, doubled},
        {Fault::refuses_many, "`take_all` keeps any letters."},
        {Fault::keeps_the_first_of_many, lost},
        {Fault::keeps_many_twice, doubled},
        {Fault::hangs_with_many_when_cancelled, "A `take_all` that is cancelled ends."},
        {Fault::keeps_the_latest_only, lost},
        {Fault::shares_its_place, doubled},
        {Fault::hangs_when_cancelled, "A `take` that is cancelled ends."},
        {Fault::opens_once, "A recipe opens again after what it opened is gone."},
    };
    REQUIRE(rules.size() == static_cast<std::size_t>(Fault::count));
    for (const auto& [fault, rule] : rules) {
        CAPTURE(rule);
        const auto violations = violations_of(fault);
        CHECK(std::count(violations.begin(), violations.end(), rule) > 0);
    }
}
