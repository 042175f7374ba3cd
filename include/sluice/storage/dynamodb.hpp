#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/table_name.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/dynamodb_chunks.hpp>
#include <sluice/storage/dynamodb_store.hpp>
#include <sluice/storage/lease.hpp>
#include <sluice/storage/leased_store.hpp>
#include <sluice/storage/storage.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// Records wait in a table of Amazon DynamoDB, and survive the machine: `DynamoDbStorage("buffers")`.
///
/// A table has any number of storages, each with a name; its key is `store` and `place`, both text. Bodies are kept in
/// items of up to 400 KB, which are written before the chunk that they are of, and read by one query; a small item for
/// each chunk has the rest. Opening reads no bodies.
///
/// One producer has a storage at a time, by a lease, which it keeps as long as it is there, and gives back at its end.
/// Another one that opens the storage waits until the lease is given back, or was not renewed for its whole length, as
/// that of a process that was killed; if it is renewed, that is `storage_locked`. Who lost his lease, since the table
/// was out of reach for so long, and somebody else took the storage, has every call fail with `storage_locked` from
/// then on; what he has read he may still send. So may who was suspended with his machine, until he looks. No clocks
/// are compared. An attempt of a request takes no longer than a sixth of a lease, or a second: who has a slow line, or
/// a table that is throttled for long, wants a longer lease.
///
/// Errors of the opening: `table_not_found`, `table_unfit` (its key is another one), those of the endpoint, and of a
/// storage. What the service says of a failure is in the log; unless that is an error of a storage, it is
/// `storage_failed`. A chunk whose items are damaged is told there, too, stays where it is, and holds up no other.
///
/// Permissions: `dynamodb:DescribeTable`, `GetItem`, `PutItem`, `DeleteItem`, `BatchWriteItem`, `Query`, and
/// `CreateTable` to make the table.
class DynamoDbStorage {
public:
    using policy_kind = kind::storage;

    class Running {
    public:
        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
            return store_->perform<void>([chunks = std::move(chunks)](Store& store) mutable {
                return store.append(std::move(chunks));
            });
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                       std::size_t max) {
            auto work = [stream = std::move(stream), after, max](Store& store) mutable {
                return store.read(std::move(stream), after, max);
            };
            return store_->perform<std::vector<Chunk>>(std::move(work));
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
            return store_->perform<void>([changes = std::move(changes)](Store& store) mutable {
                return store.settle(std::move(changes));
            });
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
            return store_->perform<std::vector<std::string>>([](Store& store) { return store.streams(); });
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
            return store_->perform<StoreUsage>([](Store& store) { return store.usage(); });
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> clear() {
            return store_->perform<void>([](Store& store) { return store.clear(); });
        }

        [[nodiscard]] StoreIdentity identity() const { return identity_; }

        /// Gives the lease back.
        template <class...>
        [[nodiscard]] asio::awaitable<void> close() {
            return store_->close();
        }

        /// 64 MiB: a limit, not a size to aim at.
        [[nodiscard]] std::size_t max_chunk_bytes() const { return detail::StoredChunk::largest_body; }

        [[nodiscard]] bool persistent() const { return true; }

    private:
        friend class DynamoDbStorage;

        using Store = detail::DynamoDbStore;

        Running(std::unique_ptr<detail::LeasedStore<Store>> leased, StoreIdentity identity)
            : store_(std::move(leased)), identity_(identity) {}

        std::unique_ptr<detail::LeasedStore<Store>> store_;
        StoreIdentity identity_;
    };

    /// The table exists, unless `create_table` is asked for. Throws `std::invalid_argument` for what cannot be the name
    /// of a table, and for a name of the storage that is empty or has more than 200 bytes.
    explicit DynamoDbStorage(std::string table, std::string name = "buffer")
        : table_(std::move(table)), name_(std::move(name)) {
        dynamodb::require_table_name(table_);
        if (name_.empty() || name_.size() > 200) {
            throw std::invalid_argument("sluice: the name of a DynamoDbStorage has 1 to 200 bytes");
        }
    }

    /// The same storage at another endpoint than the region's: `http://127.0.0.1:8000`.
    [[nodiscard]] DynamoDbStorage at(std::string endpoint) const {
        auto changed = *this;
        changed.endpoint_ = std::move(endpoint);
        return changed;
    }

    /// The same storage, which makes its table if it is not there: paid by request.
    [[nodiscard]] DynamoDbStorage create_table() const {
        auto changed = *this;
        changed.creates_ = true;
        return changed;
    }

    /// The same storage with leases of this length, in place of 30 s. Throws `std::invalid_argument` unless that is
    /// 1 s to 1 h.
    [[nodiscard]] DynamoDbStorage lease(std::chrono::seconds length) const {
        if (length < std::chrono::seconds(1) || length > detail::StoreItem::longest_lease) {
            throw std::invalid_argument("sluice: a lease has 1 second to 1 hour");
        }
        auto changed = *this;
        changed.lease_ = length;
        return changed;
    }

    /// The same storage on a machine that knows other settings, for tests.
    [[nodiscard]] DynamoDbStorage on_machine(aws::Machine machine) const {
        auto changed = *this;
        changed.machine_ = std::move(machine);
        return changed;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        return open_table(*this, world);
    }

private:
    static constexpr std::chrono::seconds patience{300};

    template <class...>
    static asio::awaitable<result<Running>> open_table(DynamoDbStorage recipe, World& world) {
        auto made = dynamodb::Client::open(world, recipe.endpoint_, recipe.machine_);
        if (!made) co_return made.error();
        const auto client = std::make_shared<dynamodb::Client>(*std::move(made));
        const detail::LeaseTimes times(recipe.lease_);
        client->set_timeout(std::min(times.attempt(), world.options().request_timeout));
        if (const auto failure = co_await look_for_table(recipe, client)) co_return failure;
        auto store = std::make_shared<detail::DynamoDbStore>(world, client, recipe.table_, recipe.name_, recipe.lease_);
        const auto identity = co_await store->open(StoreIdentity::fresh(world.clock()));
        if (!identity) co_return identity.error();
        using Leased = detail::LeasedStore<detail::DynamoDbStore>;
        auto leased = std::make_unique<Leased>(world, std::move(store), times.interval());
        co_return Running(std::move(leased), *identity);
    }

    template <class...>
    static asio::awaitable<error_code> look_for_table(DynamoDbStorage recipe,
                                                      std::shared_ptr<dynamodb::Client> client) {
        const dynamodb::DescribeTable question(recipe.table_);
        auto table = co_await client->call(question);
        bool waits = table && !table->active();
        if (!table && table.error() == error::table_not_found && recipe.creates_) {
            const auto request = detail::store_table(recipe.table_);
            const auto made = co_await client->call(request);
            // Somebody else may be making it.
            if (!made && made.error() != error::resource_in_use) co_return made.error();
            waits = true;
        }
        if (waits) table = co_await client->wait_until_active(recipe.table_, patience);
        if (!table) co_return table.error();
        co_return detail::is_store_table(*table) ? error_code() : error_code(error::table_unfit);
    }

    std::string table_;
    std::string name_;
    std::string endpoint_;
    bool creates_ = false;
    std::chrono::milliseconds lease_ = std::chrono::seconds(30);
    aws::Machine machine_ = aws::this_machine();
};

static_assert(Storage<DynamoDbStorage>);

} // namespace sluice
