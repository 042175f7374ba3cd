#pragma once

#include "clock.hpp"

#include <sluice/storage/memory.hpp>
#include <sluice/storage/sqlite.hpp>
#include <sluice/storage/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace simulate {

using sluice::Chunk;
using sluice::Settlement;

/// A running storage, whichever it is.
class AnyStorage {
public:
    virtual ~AnyStorage() = default;
    virtual asio::awaitable<sluice::result<void>> append(std::vector<Chunk> chunks) = 0;
    virtual asio::awaitable<sluice::result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                     std::size_t max) = 0;
    virtual asio::awaitable<sluice::result<void>> settle(std::vector<Settlement> changes) = 0;
    virtual asio::awaitable<sluice::result<std::vector<std::string>>> streams() = 0;
    virtual asio::awaitable<sluice::result<sluice::StoreUsage>> usage() = 0;
    virtual asio::awaitable<sluice::result<void>> clear() = 0;
    [[nodiscard]] virtual sluice::StoreIdentity identity() const = 0;
    [[nodiscard]] virtual std::size_t max_chunk_bytes() const = 0;
    [[nodiscard]] virtual bool persistent() const = 0;
};

/// Shows a running storage as `AnyStorage`.
template <sluice::RunningStorage S>
class StorageBox final : public AnyStorage {
public:
    explicit StorageBox(S storage) : storage_(std::move(storage)) {}

    asio::awaitable<sluice::result<void>> append(std::vector<Chunk> chunks) override {
        return storage_.append(std::move(chunks));
    }
    asio::awaitable<sluice::result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                             std::size_t max) override {
        return storage_.read(std::move(stream), after, max);
    }
    asio::awaitable<sluice::result<void>> settle(std::vector<Settlement> changes) override {
        return storage_.settle(std::move(changes));
    }
    asio::awaitable<sluice::result<std::vector<std::string>>> streams() override { return storage_.streams(); }
    asio::awaitable<sluice::result<sluice::StoreUsage>> usage() override { return storage_.usage(); }
    asio::awaitable<sluice::result<void>> clear() override { return storage_.clear(); }
    [[nodiscard]] sluice::StoreIdentity identity() const override { return storage_.identity(); }
    [[nodiscard]] std::size_t max_chunk_bytes() const override { return storage_.max_chunk_bytes(); }
    [[nodiscard]] bool persistent() const override { return storage_.persistent(); }

private:
    S storage_;
};

/// What is wrong with a storage on purpose.
class StorageMutation {
public:
    bool settles_early = false;   ///< A chunk is settled in the file as soon as it was appended.
    bool forgets_on_close = false; ///< What is left when the storage is let go in good order is lost.
    bool to_be_forgotten = false;
};

/// Which storage a simulated producer has, as a policy: one type for all, so that one simulation compiles once.
class SimulatedStorage {
public:
    using policy_kind = sluice::kind::storage;

    class Running {
    public:
        Running(std::unique_ptr<AnyStorage> storage, sluice::AnyClock& clock, Dice dice, bool slow,
                std::shared_ptr<StorageMutation> mutation)
            : storage_(std::move(storage)), clock_(&clock), dice_(dice), slow_(slow), mutation_(std::move(mutation)) {}

        Running(Running&&) = default;
        Running& operator=(Running&&) = default;

        ~Running() {
            if (storage_) mutation_->to_be_forgotten = true;
        }

        asio::awaitable<sluice::result<void>> append(std::vector<Chunk> chunks) {
            std::vector<Settlement> all;
            for (const auto& chunk : chunks) {
                auto& settled = all.emplace_back(chunk);
                settled.live = 0;
            }
            auto done = co_await storage_->append(std::move(chunks));
            if (done && mutation_->settles_early) (void)co_await storage_->settle(std::move(all));
            co_await linger();
            co_return done;
        }

        asio::awaitable<sluice::result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                 std::size_t max) {
            auto chunks = co_await storage_->read(std::move(stream), after, max);
            co_await linger();
            co_return std::move(chunks);
        }

        asio::awaitable<sluice::result<void>> settle(std::vector<Settlement> changes) {
            auto done = co_await storage_->settle(std::move(changes));
            co_await linger();
            co_return done;
        }

        asio::awaitable<sluice::result<std::vector<std::string>>> streams() { return storage_->streams(); }
        asio::awaitable<sluice::result<sluice::StoreUsage>> usage() { return storage_->usage(); }

        asio::awaitable<sluice::result<void>> clear() {
            auto done = co_await storage_->clear();
            co_await linger();
            co_return done;
        }

        [[nodiscard]] sluice::StoreIdentity identity() const { return storage_->identity(); }
        [[nodiscard]] std::size_t max_chunk_bytes() const { return storage_->max_chunk_bytes(); }
        [[nodiscard]] bool persistent() const { return storage_->persistent(); }

    private:
        /// A slow disk: the answer comes late, the effect does not.
        asio::awaitable<void> linger() {
            if (!slow_ || dice_.chance(50)) co_return;
            (void)co_await clock_->async_wait_until(clock_->steady() + dice_.time(1ms, 150ms));
        }

        std::unique_ptr<AnyStorage> storage_;
        sluice::AnyClock* clock_;
        Dice dice_;
        bool slow_;
        std::shared_ptr<StorageMutation> mutation_;
    };

    SimulatedStorage(bool slow, std::uint64_t seed, std::shared_ptr<StorageMutation> mutation)
        : slow_(slow), seed_(seed), mutation_(std::move(mutation)) {}

    /// The same with a file; without it records wait in memory.
    [[nodiscard]] SimulatedStorage in(sluice::SqliteStorage file) const {
        auto changed = *this;
        changed.file_ = std::make_shared<sluice::SqliteStorage>(std::move(file));
        return changed;
    }

    [[nodiscard]] asio::awaitable<sluice::result<Running>> open(sluice::World& world) const {
        return open(*this, world);
    }

private:
    static asio::awaitable<sluice::result<Running>> open(SimulatedStorage recipe, sluice::World& world) {
        std::unique_ptr<AnyStorage> box;
        if (recipe.file_) {
            auto running = co_await recipe.file_->open(world);
            if (!running) co_return running.error();
            box = std::make_unique<StorageBox<sluice::SqliteStorage::Running>>(std::move(*running));
        } else {
            sluice::MemoryStorage memory;
            auto running = co_await memory.open(world);
            if (!running) co_return running.error();
            box = std::make_unique<StorageBox<sluice::MemoryStorage::Running>>(std::move(*running));
        }
        if (std::exchange(recipe.mutation_->to_be_forgotten, false) && recipe.mutation_->forgets_on_close) {
            (void)co_await box->clear();
        }
        co_return Running(std::move(box), world.clock(), Dice(recipe.seed_), recipe.slow_, recipe.mutation_);
    }

    std::shared_ptr<sluice::SqliteStorage> file_;
    bool slow_;
    std::uint64_t seed_;
    std::shared_ptr<StorageMutation> mutation_;
};

static_assert(sluice::Storage<SimulatedStorage>);

} // namespace simulate
