#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/write_outcome.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/dynamodb_chunks.hpp>
#include <sluice/storage/lease.hpp>
#include <sluice/storage/store_log.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Who has a store in a table of DynamoDB, by the store's own item: that has an owner, a lease, and a version.
///
/// Every transaction replaces it in the version that was seen last, by one that is used once: what somebody else did,
/// or a request that arrives late, is never overwritten. It tells which sequences count, so that a write of it makes
/// all that was written before it part of the store, or no part. Names of owners grow from one to the next.
///
/// A lease has a length and no end: each side measures it by its own steady clock, the owner from before a write, and
/// whoever waits from after he saw it.
class DynamoDbOwner {
public:
    /// `lease`: how long the store is this one's after each write; up to an hour.
    DynamoDbOwner(World& world, std::shared_ptr<dynamodb::Client> client, std::string table, std::string_view name,
                  std::chrono::milliseconds lease)
        : world_(&world), client_(std::move(client)), table_(std::move(table)), keys_(name),
          log_("storage " + keys_.root() + " in table " + table_ + ": ", world.log()), lease_(lease) {}

    [[nodiscard]] bool lost() const noexcept { return lost_.failed(); }

protected:
    /// Waits until nobody has the store, and gives what there is of it. At most for the length of one lease, and
    /// `storage_locked` if that is renewed meanwhile; `operation_aborted` if the producer is to end.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::optional<StoreItem>>> wait_until_free(LeaseWatch& watch) {
        auto& clock = world_->clock();
        for (bool told_so = false;; told_so = true) {
            auto found = co_await find_store_or_nothing();
            if (!found || !*found) co_return found;
            const auto& store = **found;
            switch (watch.judge(store.version, store.lease, clock.steady())) {
            case LeaseWatch::Verdict::free: co_return found;
            case LeaseWatch::Verdict::renewed: co_return refuse(store);
            case LeaseWatch::Verdict::wait: break;
            }
            if (!told_so) {
                log_.info("another one (", store.owner, ") has it; waiting for the end of its lease, ",
                          store.lease.count(), " ms");
            }
            if (const auto failure = co_await clock.async_wait_until(watch.next_look())) co_return failure;
            if (world_->is_leaving()) co_return error_code(asio::error::operation_aborted);
        }
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::optional<StoreItem>>> find_store() {
        const dynamodb::GetItem request(table_, keys_.store());
        const auto found = co_await client_->call(request);
        if (!found) co_return log_.told(found.error());
        if (!found->item) co_return std::optional<StoreItem>();
        auto store = read_store(*found->item);
        if (store) co_return std::optional<StoreItem>(*std::move(store));
        log_.tell(store.error() == error::storage_foreign ? "its item is not of this sluice" : "its item is damaged");
        co_return store.error();
    }

    /// Chunks without their store are not taken for those of a new one, which would remove them.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::optional<StoreItem>>> find_store_or_nothing() {
        auto found = co_await find_store();
        if (!found || *found) co_return found;
        const auto items = co_await count_of_first_page();
        if (!items) co_return items.error();
        if (*items == 0) co_return found;
        found = co_await find_store(); // somebody else is making it just now?
        if (!found || *found) co_return found;
        log_.tell("its own item is gone, but not its chunks");
        co_return error::storage_corrupt;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::size_t>> count_of_first_page() {
        auto query = keys_.all(table_);
        query.limit = 1;
        const auto some = co_await client_->call(query);
        if (!some) co_return log_.told(some.error());
        co_return some->items.size();
    }

    error_code refuse(const StoreItem& store) {
        log_.tell("another one (", store.owner, ") has it, and keeps its lease");
        return error::storage_locked;
    }

    /// `conflict` if somebody else was faster.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> acquire(std::optional<StoreItem> found, StoreIdentity fresh) {
        StoreItem mine = found ? *found : StoreItem();
        if (!found) mine.id = fresh.id;
        mine.version = next_version(mine.version);
        mine.owner = padded(mine.version, 20) + padded(world_->clock().random(), 20);
        mine.lease = lease_;
        const auto begun = world_->clock().steady();
        std::vector<dynamodb::Write> one;
        auto condition = found ? unchanged(*found) : nothing_there();
        one.emplace_back(dynamodb::PutItem(table_, store_item(keys_, mine), std::move(condition)));
        const auto outcome = co_await client_->write(std::move(one));
        if (outcome.error && !is_done(outcome, mine)) {
            co_return outcome.error == error::conflict ? outcome.error : log_.told(outcome.error);
        }
        store_ = std::move(mine);
        written_ = begun;
        co_return result<void>();
    }

    /// Makes some writes, and says what counts after them; if nobody else has written since this did.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> write(std::vector<dynamodb::Write> writes, OwnerRecord its) {
        auto after = store_;
        after.its = its;
        after.version = next_version(store_.version);
        after.lease = lease_;
        writes.insert(writes.begin(), dynamodb::PutItem(table_, store_item(keys_, after), unchanged(store_)));
        const auto begun = world_->clock().steady();
        const auto outcome = co_await client_->write(std::move(writes));
        if (!outcome.error || is_done(outcome, after)) {
            store_ = std::move(after);
            written_ = begun;
            log_.settle();
            co_return error_code();
        }
        doubtful_ = true;
        if (outcome.error == error::conflict) {
            if (const auto owns = co_await check_owner(); !owns) co_return owns.error();
        }
        co_return log_.told(outcome.error);
    }

    /// One that was never tried.
    [[nodiscard]] std::uint64_t next_version(std::uint64_t seen) { return tried_ = std::max(tried_, seen) + 1; }

    /// What counts from now on.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> say(OwnerRecord its) {
        std::vector<dynamodb::Write> none;
        const auto failure = co_await write(std::move(none), its);
        co_return failure ? result<void>(failure) : result<void>();
    }

    /// Whether the lease has not ended: if it has, another one may have the store.
    [[nodiscard]] bool has_lease() const { return world_->clock().steady() - written_ < lease_; }

    /// For the middle of what takes long: keeps the lease, unless it was kept just now.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> keep_lease() {
        if (world_->clock().steady() - written_ < LeaseTimes(lease_).renewal_age()) co_return error_code();
        std::vector<dynamodb::Write> none;
        co_return co_await write(std::move(none), store_.its);
    }

    /// Whether a write that met its own result was made by an attempt before, whose answer was lost.
    [[nodiscard]] static bool is_done(const dynamodb::WriteOutcome& outcome, const StoreItem& mine) {
        if (!outcome.doubtful || outcome.culprit != std::size_t{0} || !outcome.found) return false;
        const auto there = read_store(*outcome.found);
        return there && there->owner == mine.owner && there->version == mine.version;
    }

    /// Sees to it that the next write meets what is there, after one of which nobody knows what became.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> secure() {
        if (lost_) co_return lost_;
        if (!doubtful_) co_return result<void>();
        const auto there = co_await check_owner();
        if (!there) co_return there.error();
        store_.version = there->version;
        co_return result<void>();
    }

    /// `storage_locked`, now and for ever, if another one has taken the store; `storage_corrupt` if it is gone.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreItem>> check_owner() {
        auto found = co_await find_store();
        if (!found) co_return found.error();
        if (*found && (*found)->owner == store_.owner) co_return **std::move(found);
        log_.tell(*found ? "another one has taken it over" : "its items are gone");
        lost_ = *found ? error::storage_locked : error::storage_corrupt;
        co_return lost_;
    }

    World* world_;
    std::shared_ptr<dynamodb::Client> client_;
    std::string table_;
    StoreKeys keys_;
    StoreLog log_;
    std::chrono::milliseconds lease_; ///< Zero: it is given back.
    StoreItem store_;         ///< As it was written last.
    steady_time written_;     ///< When that write was begun.
    std::uint64_t tried_ = 0; ///< The last version that was to be written.
    bool doubtful_ = false; ///< A write failed, and nothing was read since.
    error_code lost_;       ///< Why it is not ours any more.
};

} // namespace sluice::detail
