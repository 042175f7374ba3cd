#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/remark.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/write_outcome.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/dynamodb_chunks.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

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
class DynamoDbOwner {
public:
    /// `lease`: how long the store is this one's after each write.
    DynamoDbOwner(World& world, std::shared_ptr<dynamodb::Client> client, std::string table, std::string_view name,
                  std::chrono::nanoseconds lease)
        : world_(&world), client_(std::move(client)), table_(std::move(table)), keys_(name), lease_(lease) {}

    [[nodiscard]] bool lost() const noexcept { return lost_.failed(); }

protected:
    /// This machine's clock, put right only by what a service has shown of it.
    [[nodiscard]] wall_time now() const { return world_->service_time(); }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::optional<StoreItem>>> find_store() {
        const dynamodb::GetItem request(table_, keys_.store());
        const auto found = co_await client_->call(request);
        if (!found) co_return told(found.error());
        if (!found->item) co_return std::optional<StoreItem>();
        auto store = read_store(*found->item);
        if (store) co_return std::optional<StoreItem>(*std::move(store));
        tell(store.error() == error::storage_foreign ? "its item is not of this sluice" : "its item is damaged");
        co_return store.error();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::size_t>> count_of_first_page() {
        auto query = keys_.all(table_);
        query.limit = 1;
        const auto some = co_await client_->call(query);
        if (!some) co_return told(some.error());
        co_return some->items.size();
    }

    error_code refuse_lease(const StoreItem& store, std::chrono::nanoseconds left) {
        tell("another one (", store.owner, ") has it, for ",
             std::chrono::duration_cast<std::chrono::milliseconds>(left).count(), " ms more");
        return error::storage_locked;
    }

    /// `conflict` if somebody else was faster.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> take(std::optional<StoreItem> found, StoreIdentity fresh) {
        StoreItem mine = found ? *found : StoreItem();
        if (!found) mine.id = fresh.id;
        tried_ = std::max(tried_, mine.version) + 1;
        mine.version = tried_;
        mine.owner = padded(mine.version, 20) + padded(world_->clock().random(), 20);
        mine.until = now() + to_wall(lease_);
        std::vector<dynamodb::Write> one;
        auto condition = found ? unchanged(*found) : nothing_there();
        one.emplace_back(dynamodb::PutItem(table_, store_item(keys_, mine), std::move(condition)));
        const auto outcome = co_await client_->write(std::move(one));
        if (outcome.error && !is_done(outcome, mine)) {
            co_return outcome.error == error::conflict ? outcome.error : told(outcome.error);
        }
        store_ = std::move(mine);
        written_ = world_->clock().steady();
        co_return result<void>();
    }

    /// Makes some writes, and says what counts after them; if nobody else has written since this did.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> write(std::vector<dynamodb::Write> writes, OwnerRecord its) {
        auto after = store_;
        after.its = its;
        tried_ = std::max(tried_, store_.version) + 1;
        after.version = tried_;
        after.until = now() + to_wall(lease_);
        writes.insert(writes.begin(), dynamodb::PutItem(table_, store_item(keys_, after), unchanged(store_)));
        const auto begun = world_->clock().steady();
        const auto outcome = co_await client_->write(std::move(writes));
        if (!outcome.error || is_done(outcome, after)) {
            store_ = std::move(after);
            written_ = begun;
            remark_.settle();
            co_return error_code();
        }
        doubtful_ = true;
        if (outcome.error == error::conflict) {
            if (const auto owns = co_await check_owner(); !owns) co_return owns.error();
        }
        co_return told(outcome.error);
    }

    /// What counts from now on.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> say(OwnerRecord its) {
        std::vector<dynamodb::Write> none;
        const auto failure = co_await write(std::move(none), its);
        co_return failure ? result<void>(failure) : result<void>();
    }

    /// Whether a write that met its own result was made by an attempt before, whose answer was lost.
    [[nodiscard]] static bool is_done(const dynamodb::WriteOutcome& outcome, const StoreItem& mine) {
        if (!outcome.doubtful || outcome.culprit != std::size_t{0} || !outcome.found) return false;
        const auto there = read_store(*outcome.found);
        return there && there->owner == mine.owner && there->version == mine.version;
    }

    /// `storage_locked`, now and for ever, if another one has taken the store; `storage_corrupt` if it is gone.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreItem>> check_owner() {
        auto found = co_await find_store();
        if (!found) co_return found.error();
        if (*found && (*found)->owner == store_.owner) co_return **std::move(found);
        tell(*found ? "another one has taken it over" : "its items are gone");
        lost_ = *found ? error::storage_locked : error::storage_corrupt;
        co_return lost_;
    }

    [[nodiscard]] std::string about() const { return "storage " + keys_.root() + " in table " + table_ + ": "; }

    /// Each thing once, until something was written again.
    template <class... Parts>
    void tell(const Parts&... parts) {
        auto words = about();
        (append_loggable(words, parts), ...);
        remark_ = std::move(words);
        if (const auto news = remark_.take(); !news.empty()) world_->log().error(news);
    }

    /// What a storage does not say is for the log.
    error_code told(error_code why) {
        const auto known = told_by_storage(why);
        if (known != why) tell(why);
        return known;
    }

    [[nodiscard]] static wall_time::duration to_wall(std::chrono::nanoseconds time) {
        return std::chrono::duration_cast<wall_time::duration>(time);
    }

    World* world_;
    std::shared_ptr<dynamodb::Client> client_;
    std::string table_;
    StoreKeys keys_;
    std::chrono::nanoseconds lease_;
    StoreItem store_;     ///< As it was written last.
    std::uint64_t tried_ = 0; ///< The last version that was to be written: none is used twice.
    steady_time written_; ///< When that was begun.
    bool doubtful_ = false; ///< A write failed, and nothing was read since.
    error_code lost_;       ///< Why it is not ours any more.
    Remark remark_;
};

} // namespace sluice::detail
