#pragma once

#include <sluice/error.hpp>
#include <sluice/storage/chunk.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What the tests of stores put into them, and how they call them.

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

using Firsts = std::vector<std::uint64_t>;

/// Bodies have one letter, another one for each `first`.
inline sluice::Chunk chunk(std::uint64_t first, std::size_t size = 10, std::uint32_t count = 1,
                           std::string stream = "stream") {
    auto body = std::make_shared<const std::string>(size, static_cast<char>('a' + first % 26));
    sluice::Chunk made(std::move(stream), first, count, std::move(body));
    made.live_bytes = size;
    return made;
}

inline sluice::Settlement gone(const sluice::Chunk& chunk) {
    sluice::Settlement change(chunk);
    change.live = 0;
    return change;
}

template <class Store>
sluice::asio::awaitable<sluice::error_code> append(Store& store, std::vector<sluice::Chunk> chunks) {
    const auto stored = co_await store.append(std::move(chunks));
    co_return stored ? sluice::error_code() : stored.error();
}

template <class Store>
sluice::asio::awaitable<sluice::error_code> append(Store& store, sluice::Chunk chunk) {
    std::vector<sluice::Chunk> one(1, std::move(chunk));
    return append(store, std::move(one));
}

template <class Store>
sluice::asio::awaitable<sluice::error_code> settle(Store& store, std::vector<sluice::Settlement> changes) {
    const auto settled = co_await store.settle(std::move(changes));
    co_return settled ? sluice::error_code() : settled.error();
}

template <class Store>
sluice::asio::awaitable<sluice::error_code> remove(Store& store, sluice::Chunk chunk) {
    std::vector<sluice::Settlement> one(1, gone(chunk));
    return settle(store, std::move(one));
}

/// The sequences that a store has, if their bodies are whole.
template <class Store>
sluice::asio::awaitable<Firsts> sequences(Store& store) {
    const auto found = co_await store.read("stream", 0, no_limit);
    REQUIRE(found.has_value());
    Firsts firsts;
    for (const auto& each : *found) {
        const auto want = chunk(each.first, each.live_bytes);
        if (each.body && *each.body == *want.body) firsts.push_back(each.first);
    }
    co_return firsts;
}
