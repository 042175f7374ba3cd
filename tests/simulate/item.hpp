#pragma once

#include "clock.hpp"

#include <sluice/error.hpp>
#include <sluice/record.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulate {

using sluice::error;
using sluice::error_code;

/// What the caller knows of a record that he put.
enum class Standing {
    asked,    ///< The put is under way.
    accepted, ///< It will have one outcome.
    durable,  ///< The same, whatever happens to the process.
    refused,  ///< It must never be seen.
    unsure,   ///< Withdrawn, or lost in a crash before anybody was told: it may be seen or not.
    gone,     ///< Its store ended with the process.
};

/// One record of a history, and all that became of it.
class Item {
public:
    Item(std::uint64_t its_id, std::string its_stream, std::string its_key, std::size_t size)
        : id(its_id), stream(std::move(its_stream)), key(std::move(its_key)), data(make_data(id, size)) {}

    [[nodiscard]] sluice::Record record() const {
        sluice::Record made(key, data);
        made.stream = stream;
        if (time_to_live.count() > 0) made.time_to_live = time_to_live;
        return made;
    }

    [[nodiscard]] bool has_outcome() const { return taken > 0 || letters > 0 || cleared; }

    /// The record that data belong to; 0: none that was ever put.
    [[nodiscard]] static std::uint64_t id_of(std::string_view data) {
        std::uint64_t id = 0;
        const auto read = std::from_chars(data.data(), data.data() + data.size(), id);
        return read.ec == std::errc() && read.ptr != data.data() + data.size() && *read.ptr == '|' ? id : 0;
    }

    std::uint64_t id; ///< In the order of the puts.
    std::string stream;
    std::string key;
    std::string data;
    std::chrono::milliseconds time_to_live{0};
    bool poison = false; ///< The service refuses every request with it.

    std::size_t life = 0; ///< In which it was put.
    steady_time put;
    std::chrono::nanoseconds steps_before{0}; ///< How far the calendar had been set forward by then.
    Standing standing = Standing::asked;
    std::uint64_t mark = 0; ///< Its place in the order in which callers were told that records are accepted.
    bool quiet = false;   ///< Put by `try_put`: nobody waits for its commit.
    bool cancelled = false; ///< Whoever put it tried to take it back.
    bool shaky = false;   ///< Put quietly while the storage failed: it may not have been committed.

    bool flying = false;         ///< In a request.
    unsigned sent = 0;           ///< Requests with it.
    unsigned taken = 0;          ///< Answers that said so.
    std::size_t taken_in = 0;    ///< The life of the last of these.
    steady_time taken_at;
    bool doubtful = false;       ///< Taken in an aggregate while shards came and went: it may be sent again.
    unsigned own_failures = 0;
    unsigned throttles = 0;
    steady_time failed_at;       ///< When its last own failure, or throttling, was answered.
    bool failed_last = false;    ///< Its last answer was its own failure.
    unsigned arrivals = 0;       ///< How often the service has it.
    unsigned letters = 0;
    std::size_t letter_in = 0;
    bool letter_refused = false; ///< One was offered when nobody took any.
    error_code reason;           ///< Of the last letter.
    bool cleared = false;        ///< A clear may have removed it.
    bool surely_cleared = false; ///< It did.
    std::vector<std::pair<std::string, std::string>> places; ///< Shard and sequence number of each answer that took it.

private:
    static std::string make_data(std::uint64_t id, std::size_t size) {
        auto text = std::to_string(id) + "|";
        for (auto at = text.size(); at < size; ++at) text += static_cast<char>('a' + (id + at) % 26);
        return text;
    }
};

} // namespace simulate
