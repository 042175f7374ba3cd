#pragma once

#include "dice.hpp"

#include <sluice/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simulate {

using namespace std::chrono_literals;

/// How a process ends.
enum class Ending {
    close,   ///< `async_close`.
    destroy, ///< The destructor, with work pending.
    kill,    ///< `kill -9`: the operating system has what was written.
    power,   ///< Of what was written only that is sure which was synced.
};

[[nodiscard]] inline const char* to_string(Ending ending) {
    switch (ending) {
    case Ending::close: return "close";
    case Ending::destroy: return "destroy";
    case Ending::kill: return "kill";
    case Ending::power: return "power loss";
    }
    return "";
}

/// One life of the process.
class Life {
public:
    Ending ending = Ending::close;
    std::chrono::milliseconds duration{0};
    unsigned actions = 0;
    unsigned faults = 0;
    unsigned storage_faults = 0;
    unsigned letter_faults = 0;
    std::uint64_t handlers_after = 0; ///< A crash comes so many handlers after the end of the duration.
    std::uint64_t writes_after = 0;   ///< If not zero, it comes in the middle of a commit, after so many writes.
};

/// What the seed decides of a history before it begins.
class Scenario {
public:
    explicit Scenario(std::uint64_t seed) : dice(seed * 2'654'435'761U + 1) {
        persistent = dice.chance(65);
        syncs = dice.chance(50);
        slow_storage = dice.chance(30);
        draw_streams();
        draw_options();
        draw_traffic();
        draw_lives();
        aggregates = Dice(seed).chance(50);
        aggregate_bytes = Dice(seed + 1).one_of<std::size_t>(64, 300, 5'000, 51'200, 51'200);
    }

    Dice dice;

    bool persistent = false;  ///< SqliteStorage, else MemoryStorage.
    bool syncs = false;       ///< With `Durability::full`.
    bool slow_storage = false;
    sluice::Options options;
    std::vector<std::string> streams;
    std::vector<unsigned> shards; ///< Of each stream, when it is made; 0: it does not exist until later.
    bool limited = false;         ///< Whether shards have the service's limits.
    unsigned keys = 1;            ///< Of each stream.
    std::size_t largest = 100;    ///< Bytes of a payload.
    unsigned burst = 1;           ///< Puts of one action, at most.
    bool poison = false;          ///< Some records are larger than the service takes.
    std::vector<Life> lives;
    bool aggregates = false;  ///< `Aggregate` batching, else `Collect`.
    std::size_t aggregate_bytes = 0;
    bool neighbours = false; ///< One shard is throttled for a long time, and nothing else goes wrong.

private:
    void draw_streams() {
        const auto count = dice.chance(50) ? 1 : dice.number(2, 4);
        for (std::uint64_t i = 0; i < count; ++i) {
            streams.push_back("stream-" + std::to_string(i));
            shards.push_back(static_cast<unsigned>(dice.chance(8) ? 0 : dice.number(1, 5)));
        }
        limited = dice.chance(50);
        neighbours = dice.chance(12);
        for (auto& open : shards) {
            if (neighbours) open = static_cast<unsigned>(dice.number(2, 5));
        }
    }

    void draw_options() {
        options.stream = streams.front();
        options.region = "eu-west-1";
        options.endpoint = "http://localhost:4567";
        options.wire = dice.one_of(sluice::Wire::json, sluice::Wire::cbor);
        options.linger = dice.one_of(0ms, 5ms, 100ms, 100ms, 1'000ms);
        options.ordering = dice.one_of(sluice::Ordering::none, sluice::Ordering::per_key);
        options.lanes = dice.one_of<std::size_t>(1, 3, 64, 1'024, 1'024);
        options.requests_in_flight = dice.one_of<std::size_t>(1, 2, 4, 4, 16);
        options.request_records = dice.one_of<std::size_t>(1, 3, 25, 500, 500);
        if (dice.chance(20)) options.request_bytes = dice.number(200, 20'000);
        options.commit_interval = dice.one_of(0ms, 10ms, 10ms, 200ms);
        options.attempts = dice.one_of(0U, 1U, 2U, 3U, 10U);
        options.throttles_spend_attempts = dice.chance(10);
        if (dice.chance(30)) options.time_to_live = dice.time(50ms, 60s);
        options.back_off = dice.one_of(10ms, 100ms, 100ms, 500ms);
        options.longest_back_off = options.back_off * dice.one_of(1, 10, 200);
        options.request_timeout = dice.one_of(500ms, 5'000ms, 30'000ms);
        options.auto_flush = dice.chance(92);
        if (dice.chance(35)) options.window_bytes = dice.number(1'000, 200'000);
        options.when_full = dice.one_of(sluice::WhenFull::wait, sluice::WhenFull::wait, sluice::WhenFull::fail,
                                        sluice::WhenFull::drop_oldest);
        if (dice.chance(50)) options.buffer_bytes = dice.number(2'000, 100'000);
        if (dice.chance(30)) options.buffer_records = dice.number(1, 300);
        options.max_streams = dice.chance(10) ? dice.number(1, 3) : 64;
    }

    void draw_traffic() {
        keys = static_cast<unsigned>(dice.one_of(1U, 5U, 40U, 400U));
        largest = dice.one_of(16U, 100U, 100U, 1'000U, 5'000U);
        burst = static_cast<unsigned>(dice.one_of(1U, 5U, 30U, 200U));
        poison = dice.chance(12);
        if (poison) options.max_payload = 2U << 20U;
        if (neighbours) make_room();
    }

    /// Nothing but the throttling shall hold a record back.
    void make_room() {
        options.ordering = sluice::Ordering::none;
        options.time_to_live = 0ms;
        options.auto_flush = true;
        options.buffer_bytes = 64U << 20U;
        options.buffer_records = 1'000'000;
        options.throttles_spend_attempts = false;
        options.window_bytes = 64U << 20U;
        options.max_streams = 64;
        poison = false;
        limited = false;
        keys = 40;
        largest = 100;
        burst = 5;
    }

    void draw_lives() {
        if (neighbours) return draw_quiet_life();
        const auto count = dice.chance(40) ? 1 : dice.number(2, 4);
        for (std::uint64_t i = 0; i < count; ++i) {
            auto& life = lives.emplace_back();
            life.ending = dice.one_of(Ending::close, Ending::destroy, Ending::kill, Ending::kill, Ending::power);
            life.duration = dice.one_of(dice.time(100ms, 2s), dice.time(2s, 30s), dice.time(30s, 10min));
            life.actions = static_cast<unsigned>(dice.number(2, 40));
            life.faults = static_cast<unsigned>(dice.chance(80) ? dice.number(1, 8) : 0);
            if (persistent && dice.chance(20)) life.storage_faults = static_cast<unsigned>(dice.number(1, 3));
            if (dice.chance(10)) life.letter_faults = static_cast<unsigned>(dice.number(1, 2));
            life.handlers_after = dice.number(0, 300);
            if (persistent && dice.chance(40)) life.writes_after = dice.number(1, 60);
        }
    }

    void draw_quiet_life() {
        auto& life = lives.emplace_back();
        life.ending = dice.one_of(Ending::close, Ending::destroy);
        life.duration = 3min;
        life.actions = 150;
    }
};

} // namespace simulate
