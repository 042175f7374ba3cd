#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// The rules of `RunningDeadLetters`, one member each, and which of them dead letters broke. See `check_dead_letters`.
template <class MakeRecipe>
class DeadLettersConformance {
public:
    using Recipe = std::invoke_result_t<MakeRecipe&>;
    using Running = running_t<Recipe>;
    using Read = std::function<std::vector<KeptLetter>()>;

    DeadLettersConformance(MakeRecipe make, Read read, World& world)
        : make_(std::move(make)), read_(std::move(read)), world_(world) {}

    [[nodiscard]] asio::awaitable<std::vector<std::string>> check() {
        using Rule = asio::awaitable<void> (DeadLettersConformance::*)(Running&);
        for (const Rule rule :
             {&DeadLettersConformance::begins_empty, &DeadLettersConformance::takes_any_letter,
              &DeadLettersConformance::takes_a_letter_again, &DeadLettersConformance::takes_many,
              &DeadLettersConformance::takes_any_at_once, &DeadLettersConformance::takes_some_again_at_once,
              &DeadLettersConformance::takes_many_at_once, &DeadLettersConformance::survives_cancellation,
              &DeadLettersConformance::survives_cancellation_at_once}) {
            auto recipe = make_();
            auto opened = co_await recipe.open(world_);
            expect(opened.has_value(), "A recipe opens.");
            if (!opened) continue;
            running_ = std::make_shared<Running>(std::move(*opened)); // as a producer does
            co_await (this->*rule)(*running_);
            running_.reset();
        }
        co_await reopens();
        co_return std::move(violations_);
    }

private:
    using Taken = std::optional<result<void>>; ///< Of what is not made before there is one.

    void expect(bool kept, const char* rule) {
        if (!kept && (violations_.empty() || violations_.back() != rule)) violations_.emplace_back(rule);
    }

    static DeadLetter letter(std::uint64_t sequence, Record record, error_code why = error::gave_up) {
        RecordId id;
        for (std::size_t i = 0; i < id.store.size(); ++i) id.store[i] = static_cast<std::uint8_t>(0xF7 + i);
        id.sequence = sequence;
        if (record.stream.empty()) record.stream = "stream";
        return DeadLetter(id, std::move(record), why);
    }

    static DeadLetter simple(std::uint64_t sequence) {
        return letter(sequence, Record("key", "data of " + std::to_string(sequence)));
    }

    static std::vector<DeadLetter> simple(std::uint64_t first, std::uint64_t count) {
        std::vector<DeadLetter> all;
        for (auto i = first; i < first + count; ++i) all.push_back(simple(i));
        return all;
    }

    /// Every kind of letter that a producer may have.
    static std::vector<DeadLetter> all_kinds() {
        std::string bytes;
        for (int i = 0; i < 512; ++i) bytes += static_cast<char>(i);
        Record full("\xC3\xBC\xE2\x82\xAC key", bytes);
        full.stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks";
        full.explicit_hash_key = "340282366920938463463374607431768211455";
        full.headers.emplace_back("trace", "00-ab");
        full.headers.emplace_back(bytes, std::string());
        full.time_to_live = std::chrono::milliseconds(-1);
        std::vector<DeadLetter> all;
        all.push_back(letter(1, Record(std::string())));
        all.push_back(letter(2, std::move(full), error::request_refused));
        all.back().attempts.assign(16, Attempt(wall_time(std::chrono::seconds(1'700'000'000)),
                                               std::chrono::milliseconds(3), error::request_refused, "Word", bytes));
        all.push_back(letter(3, Record("key", "'); DROP TABLE letters; --\n{\"\r\n\t"), error::closed));
        all.push_back(letter(4, Record("key", std::string(300'000, '"')), error::record_too_large));
        all.push_back(letter(0xFFFF'FFFF'FFFF'FFFF, Record("key", "last"), error::storage_full));
        all.push_back(letter(5, Record("key", "other"), {28, boost::system::system_category()}));
        return all;
    }

    asio::awaitable<void> take(Running& letters, DeadLetter one) {
        const auto taken = co_await letters.take(std::move(one));
        expect(taken.has_value(), "`take` keeps any letter.");
    }

    /// Only where there is a `take_all`.
    asio::awaitable<void> take_all(Running& letters, std::vector<DeadLetter> all) {
        if constexpr (BatchDeadLetters<Running>) {
            const auto taken = co_await letters.take_all(std::move(all));
            expect(taken.has_value(), "`take_all` keeps any letters.");
        }
        co_return;
    }

    /// Those with the letter's id.
    static std::vector<KeptLetter> with_id(const std::vector<KeptLetter>& kept, const DeadLetter& one) {
        std::vector<KeptLetter> found;
        std::copy_if(kept.begin(), kept.end(), std::back_inserter(found),
                     [&](const KeptLetter& other) { return other.id == one.id; });
        return found;
    }

    void expect_kept(const std::vector<DeadLetter>& all) {
        if (!read_) return;
        const auto kept = read_();
        for (const auto& one : all) expect_kept(kept, one);
    }

    void expect_kept_at_once(const std::vector<DeadLetter>& all) {
        if (BatchDeadLetters<Running>) expect_kept(all);
    }

    void expect_kept_once(std::size_t count) {
        if (read_) expect(read_().size() == count, "Letters that were taken once are kept once.");
    }

    void expect_kept(const std::vector<KeptLetter>& kept, const DeadLetter& one) {
        const auto found = with_id(kept, one);
        expect(!found.empty(), "What was taken is kept when that completes.");
        if (found.empty()) return;
        const auto& last = found.back();
        expect(last.record == one.record, "A kept record is the one that was given, byte for byte.");
        expect(last.reason == detail::error_word(one.reason), "A kept letter tells the reason.");
        expect(last.message == one.reason.message(), "A kept letter tells the reason as a sentence, too.");
        expect(std::equal(last.attempts.begin(), last.attempts.end(), one.attempts.begin(), one.attempts.end(), alike),
               "A kept letter tells the attempts, with what the service said.");
    }

    static bool alike(const Attempt& one, const Attempt& other) {
        return one.time == other.time && one.duration == other.duration && one.error == other.error &&
               one.code == other.code && one.message == other.message;
    }

    asio::awaitable<void> begins_empty(Running&) {
        if (read_) expect(read_().empty(), "What was just made has no letters.");
        co_return;
    }

    asio::awaitable<void> takes_any_letter(Running& letters) {
        const auto all = all_kinds();
        for (const auto& one : all) co_await take(letters, one);
        expect_kept(all);
    }

    asio::awaitable<void> takes_a_letter_again(Running& letters) {
        co_await take(letters, simple(1));
        co_await take(letters, simple(2));
        co_await take(letters, simple(1));
        expect_kept({simple(1), simple(2)});
    }

    asio::awaitable<void> takes_many(Running& letters) {
        for (std::uint64_t i = 0; i < 100; ++i) co_await take(letters, simple(i));
        expect_kept(simple(0, 100));
        expect_kept_once(100);
    }

    asio::awaitable<void> takes_any_at_once(Running& letters) {
        const auto all = all_kinds();
        co_await take_all(letters, all);
        expect_kept_at_once(all);
    }

    /// As after a crash in the middle, or a call that failed.
    asio::awaitable<void> takes_some_again_at_once(Running& letters) {
        co_await take(letters, simple(2));
        co_await take_all(letters, simple(1, 3));
        co_await take_all(letters, simple(2, 3));
        expect_kept_at_once(simple(1, 4));
    }

    asio::awaitable<void> takes_many_at_once(Running& letters) {
        co_await take_all(letters, simple(1, 256));
        co_await take_all(letters, simple(257, 2));
        expect_kept_at_once(simple(1, 258));
        if (BatchDeadLetters<Running>) expect_kept_once(258);
    }

    /// The end of a producer cuts letters short; they come again.
    asio::awaitable<void> survives_cancellation(Running& letters) {
        co_await cancel(cut_short(running_));
        expect(ended_, "A `take` that is cancelled ends.");
        co_await take(letters, simple(1));
        co_await take(letters, simple(2));
        expect_kept(simple(1, 2));
    }

    asio::awaitable<void> survives_cancellation_at_once(Running& letters) {
        co_await cancel(cut_short_at_once(running_));
        expect(ended_, "A `take_all` that is cancelled ends.");
        for (std::uint64_t i = 1; i <= 3; ++i) co_await take(letters, simple(i));
        expect_kept(simple(1, 3));
    }

    /// Begins a call, and cancels it; `ended_` tells whether it ended in time.
    asio::awaitable<void> cancel(asio::awaitable<Taken> call) {
        auto executor = co_await asio::this_coro::executor;
        const auto signal = std::make_shared<asio::cancellation_signal>(); // as long as what may never end
        const auto ended = std::make_shared<bool>(false);
        auto when_ended = [signal, ended](const std::exception_ptr&, const Taken&) { *ended = true; };
        asio::co_spawn(executor, std::move(call), asio::bind_cancellation_slot(signal->slot(), when_ended));
        co_await asio::post(executor, asio::use_awaitable);
        signal->emit(asio::cancellation_type::terminal);
        asio::steady_timer timer(executor);
        for (int i = 0; i < 400 && !*ended; ++i) {
            timer.expires_after(std::chrono::milliseconds(5));
            co_await timer.async_wait(asio::use_awaitable);
        }
        ended_ = *ended;
    }

    /// Keeps alive what may never end.
    static asio::awaitable<Taken> cut_short(std::shared_ptr<Running> letters) {
        auto taken = co_await letters->take(simple(1));
        co_return Taken(std::move(taken));
    }

    static asio::awaitable<Taken> cut_short_at_once(std::shared_ptr<Running> letters) {
        if constexpr (BatchDeadLetters<Running>) {
            auto taken = co_await letters->take_all(simple(1, 3));
            co_return Taken(std::move(taken));
        }
        co_return Taken();
    }

    asio::awaitable<void> reopens() {
        auto recipe = make_();
        for (std::uint64_t life = 1; life <= 3; ++life) {
            auto opened = co_await recipe.open(world_);
            expect(opened.has_value(), "A recipe opens again after what it opened is gone.");
            if (!opened) co_return;
            co_await take(*opened, simple(life));
        }
        expect_kept({simple(1), simple(2), simple(3)});
    }

    MakeRecipe make_;
    Read read_;
    World& world_;
    std::shared_ptr<Running> running_;
    bool ended_ = false;
    std::vector<std::string> violations_;
};

/// Holds dead letters against every rule of `RunningDeadLetters`: which they break, as sentences; none if they conform.
///
/// `make()` gives a recipe whose letters go to a place of their own, that is empty. `read()` gives what was kept at the
/// place of the latest recipe, the oldest first; without it, as for letters that go where nobody can look, only what
/// `take` says is judged. For a `DeadLetter` that was kept as it is, `read_letter(letter_line(letter, now))` makes a
/// `KeptLetter`.
template <std::invocable MakeRecipe>
    requires DeadLetters<std::invoke_result_t<MakeRecipe&>>
[[nodiscard]] asio::awaitable<std::vector<std::string>>
check_dead_letters(MakeRecipe make, World& world, std::function<std::vector<KeptLetter>()> read = nullptr) {
    DeadLettersConformance<MakeRecipe> suite(std::move(make), std::move(read), world);
    co_return co_await suite.check();
}

} // namespace sluice
