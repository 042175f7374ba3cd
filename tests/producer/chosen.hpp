#pragma once

#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>
#include <sluice/compression/gzip.hpp>
#include <sluice/compression/none.hpp>
#include <sluice/compression/zstd.hpp>
#include <sluice/partitioning/field.hpp>
#include <sluice/partitioning/random.hpp>
#include <sluice/storage/memory.hpp>
#include <sluice/storage/sqlite.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Policies that are chosen at run time: a file of tests then has one type of producer, and compiles it once.

/// `Collect`, or `Aggregate`.
class ChosenBatching {
public:
    using policy_kind = sluice::kind::batching;

    ChosenBatching(sluice::Collect batching) : batching_(batching) {}
    ChosenBatching(sluice::Aggregate batching) : batching_(batching) {}

    [[nodiscard]] sluice::Horizon horizon(const sluice::RequestLimits& limits, std::size_t shards) const {
        return std::visit([&](const auto& its) { return its.horizon(limits, shards); }, batching_);
    }
    [[nodiscard]] sluice::Plan plan(std::span<sluice::Candidate> candidates, const sluice::RequestLimits& limits) const {
        return std::visit([&](const auto& its) { return its.plan(candidates, limits); }, batching_);
    }
    [[nodiscard]] std::vector<sluice::Entry> assemble(std::span<const std::span<const sluice::Candidate>> entries,
                                                      std::deque<std::string>& texts) const {
        return std::visit([&](const auto& its) { return its.assemble(entries, texts); }, batching_);
    }
    [[nodiscard]] std::size_t entry_room(const sluice::RequestLimits& limits) const {
        return std::visit([&](const auto& its) { return its.entry_room(limits); }, batching_);
    }
    [[nodiscard]] bool goes_by_shard() const {
        return std::visit([](const auto& its) { return its.goes_by_shard(); }, batching_);
    }
    [[nodiscard]] bool carries_headers() const {
        return std::visit([](const auto& its) { return its.carries_headers(); }, batching_);
    }

private:
    std::variant<sluice::Collect, sluice::Aggregate> batching_;
};

/// `NoCompression`, `Gzip` or `Zstd`.
class ChosenCompression {
public:
    using policy_kind = sluice::kind::compression;

    template <sluice::Compression C>
    ChosenCompression(C compression) : compression_(std::move(compression)) {}

    [[nodiscard]] sluice::result<std::string_view> compress(std::string_view data, std::string& scratch) {
        return std::visit([&](auto& its) { return its.compress(data, scratch); }, compression_);
    }
    [[nodiscard]] sluice::Scope scope() const {
        return std::visit([](const auto& its) { return its.scope(); }, compression_);
    }

private:
    std::variant<sluice::NoCompression, sluice::Gzip, sluice::Zstd> compression_;
};

/// `RandomKey`, or `FieldKey`.
class ChosenPartitioning {
public:
    using policy_kind = sluice::kind::partitioning;

    ChosenPartitioning(sluice::RandomKey partitioning) : partitioning_(partitioning) {}
    ChosenPartitioning(sluice::FieldKey partitioning) : partitioning_(std::move(partitioning)) {}

    [[nodiscard]] sluice::error_code key(const sluice::RecordView& record, std::uint64_t random, std::string& key) {
        return std::visit([&](auto& its) { return its.key(record, random, key); }, partitioning_);
    }

private:
    std::variant<sluice::RandomKey, sluice::FieldKey> partitioning_;
};

/// The bodies of chunks that a producer gave to its storage, or got from it, and has not let go of.
class Bodies {
public:
    void see(const std::vector<sluice::Chunk>& chunks) {
        for (const auto& chunk : chunks) seen_.emplace_back(chunk.body);
        most = std::max(most, bytes());
    }

    std::size_t most = 0;       ///< Bytes at a time.
    sluice::error_code failure; ///< Why they cannot be read, if so.

private:
    std::size_t bytes() {
        std::erase_if(seen_, [](const auto& body) { return body.expired(); });
        std::size_t sum = 0;
        for (const auto& body : seen_) {
            if (const auto alive = body.lock()) sum += alive->size();
        }
        return sum;
    }

    std::vector<std::weak_ptr<const std::string>> seen_;
};

/// `MemoryStorage`, or `SqliteStorage`, and what of it is in memory.
class ChosenStorage {
public:
    using policy_kind = sluice::kind::storage;

    ChosenStorage(std::optional<sluice::SqliteStorage> file, std::shared_ptr<Bodies> bodies)
        : file_(std::move(file)), bodies_(std::move(bodies)) {}

    class Running {
    public:
        template <class Storage>
        Running(Storage storage, std::shared_ptr<Bodies> bodies)
            : storage_(std::move(storage)), bodies_(std::move(bodies)) {}

        boost::asio::awaitable<sluice::result<void>> append(std::vector<sluice::Chunk> chunks) {
            bodies_->see(chunks);
            return std::visit([&](auto& its) { return its.append(std::move(chunks)); }, storage_);
        }
        boost::asio::awaitable<sluice::result<std::vector<sluice::Chunk>>> read(std::string stream, std::uint64_t after,
                                                                                std::size_t max) {
            auto reading = std::visit([&](auto& its) { return its.read(stream, after, max); }, storage_);
            auto chunks = co_await std::move(reading);
            if (bodies_->failure) co_return bodies_->failure;
            if (chunks) bodies_->see(*chunks);
            co_return std::move(chunks);
        }
        boost::asio::awaitable<sluice::result<void>> settle(std::vector<sluice::Settlement> changes) {
            return std::visit([&](auto& its) { return its.settle(std::move(changes)); }, storage_);
        }
        boost::asio::awaitable<sluice::result<std::vector<std::string>>> streams() {
            return std::visit([](auto& its) { return its.streams(); }, storage_);
        }
        boost::asio::awaitable<sluice::result<sluice::StoreUsage>> usage() {
            return std::visit([](auto& its) { return its.usage(); }, storage_);
        }
        boost::asio::awaitable<sluice::result<void>> clear() {
            return std::visit([](auto& its) { return its.clear(); }, storage_);
        }
        [[nodiscard]] sluice::StoreIdentity identity() const {
            return std::visit([](const auto& its) { return its.identity(); }, storage_);
        }
        [[nodiscard]] std::size_t max_chunk_bytes() const {
            return std::visit([](const auto& its) { return its.max_chunk_bytes(); }, storage_);
        }
        [[nodiscard]] bool persistent() const {
            return std::visit([](const auto& its) { return its.persistent(); }, storage_);
        }

    private:
        std::variant<sluice::MemoryStorage::Running, sluice::SqliteStorage::Running> storage_;
        std::shared_ptr<Bodies> bodies_;
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const {
        if (file_) {
            auto running = co_await file_->open(world);
            if (!running) co_return running.error();
            co_return Running(*std::move(running), bodies_);
        }
        const sluice::MemoryStorage memory;
        auto running = co_await memory.open(world);
        if (!running) co_return running.error();
        co_return Running(*std::move(running), bodies_);
    }

private:
    std::optional<sluice::SqliteStorage> file_;
    std::shared_ptr<Bodies> bodies_;
};
