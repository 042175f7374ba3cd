#pragma once

#include "../run.hpp"
#include "../world.hpp"

#include <sluice/dead_letters/dead_letters.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A letter of the stream "clicks".
inline sluice::DeadLetter letter(std::string data, std::uint64_t sequence = 1,
                                 sluice::error why = sluice::error::expired) {
    sluice::Record record("key", std::move(data));
    record.stream = "clicks";
    return sluice::DeadLetter(sluice::RecordId({}, sequence), std::move(record), why);
}

/// So many of them, whose data and sequence are their numbers.
inline std::vector<sluice::DeadLetter> numbered(std::uint64_t first, std::uint64_t count) {
    std::vector<sluice::DeadLetter> letters;
    for (auto i = first; i < first + count; ++i) letters.push_back(letter(std::to_string(i), i));
    return letters;
}

/// Opens a recipe and does something with what runs then; gives the error of either.
template <class Recipe, class Work>
sluice::error_code with(const Recipe& recipe, Work work, std::string* log = nullptr) {
    sluice::error_code failure;
    run([&](boost::asio::io_context& context) -> boost::asio::awaitable<void> {
        sluice::Options options{"stream"};
        options.log = sluice::Log([log](sluice::LogLevel, std::string_view line) {
            if (log) log->append(line).append("\n");
        });
        TestWorld test(context.get_executor(), options);
        auto opened = co_await recipe.open(test.world);
        if (!opened) failure = opened.error();
        if (!failure) failure = co_await work(*opened);
        co_await boost::asio::post(boost::asio::use_awaitable); // what is logged comes after what it is about
    });
    return failure;
}

/// Has a recipe take letters, one after the other; the first failure ends it.
template <class Recipe>
sluice::error_code take(const Recipe& recipe, std::vector<sluice::DeadLetter> letters, std::string* log = nullptr) {
    auto work = [&](auto& running) -> boost::asio::awaitable<sluice::error_code> {
        for (auto& next : letters) {
            const auto taken = co_await running.take(std::move(next));
            if (!taken) co_return taken.error();
        }
        co_return sluice::error_code();
    };
    return with(recipe, work, log);
}

/// The same, all at once.
template <class Recipe>
sluice::error_code take_all(const Recipe& recipe, std::vector<sluice::DeadLetter> letters, std::string* log = nullptr) {
    auto work = [&](auto& running) -> boost::asio::awaitable<sluice::error_code> {
        const auto taken = co_await running.take_all(std::move(letters));
        co_return taken ? sluice::error_code() : taken.error();
    };
    return with(recipe, work, log);
}

/// Has a recipe take a letter, and does not wait for it.
template <class Recipe>
void leave_behind(const Recipe& recipe, sluice::DeadLetter letter) {
    using boost::asio::awaitable;
    boost::asio::io_context context;
    TestWorld test(context.get_executor());
    std::optional<sluice::running_t<Recipe>> running;
    auto open = [&]() -> awaitable<void> {
        auto opened = co_await recipe.open(test.world);
        REQUIRE(opened.has_value());
        running.emplace(std::move(*opened));
    };
    boost::asio::co_spawn(context, open, boost::asio::detached);
    context.run();
    REQUIRE(running.has_value());
    auto take = [&]() -> awaitable<void> { (void)co_await running->take(std::move(letter)); };
    boost::asio::co_spawn(context, take, boost::asio::detached);
    context.restart();
    context.poll(); // it begins; the end of `running` waits for the disk
    running.reset();
}
