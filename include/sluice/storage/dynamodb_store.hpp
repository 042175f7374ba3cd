#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/remark.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/item_size.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/write_outcome.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/change_batches.hpp>
#include <sluice/storage/chunk.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/chunk_index.hpp>
#include <sluice/storage/dynamodb_chunks.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a storage keeps in a table of DynamoDB: one call at a time, each to its end, on the strand of its world.
///
/// The store's own item has an owner, a lease, and a version, and every transaction replaces it in the version that was
/// seen last: what somebody else did, or a request that arrives late, is never overwritten. It tells which sequences
/// count, so that a write of it makes all that was written before it part of the store, or no part.
///
/// The pieces of bodies are written before, each by itself, under names that have their writer in them. A chunk that
/// has no live records stays, as no part of the store, until its pieces are gone.
class DynamoDbStore {
public:
    /// `lease`: how long the store is this one's after each write.
    DynamoDbStore(World& world, std::shared_ptr<dynamodb::Client> client, std::string table, std::string_view name,
                  std::chrono::nanoseconds lease)
        : world_(&world), client_(std::move(client)), table_(std::move(table)), keys_(name), lease_(lease) {}

    /// Takes the store, or makes it with the id of `fresh`. While somebody else has the lease it waits, at most for the
    /// length of one: `storage_locked` if that is renewed.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreIdentity>> open(StoreIdentity fresh) {
        std::optional<std::uint64_t> waited; // for the lease of this version
        for (int tries = 0; tries < most_tries; ++tries) {
            auto found = co_await find_store();
            if (!found) co_return found.error();
            const auto left = *found ? (*found)->until - now() : std::chrono::nanoseconds(0);
            if (left > std::chrono::nanoseconds(0)) {
                const bool renewed = waited && *waited != (*found)->version;
                if (renewed || left > lease_) co_return refuse_lease(**found, left);
                waited = (*found)->version;
                auto& clock = world_->clock();
                if (const auto failure = co_await clock.async_wait_until(clock.steady() + left)) co_return failure;
                continue;
            }
            const auto taken = co_await take(*found, fresh);
            if (taken) co_return co_await begin();
            if (taken.error() != error::conflict) co_return taken.error();
        }
        co_return error::storage_locked;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        if (chunks.empty()) co_return result<void>();
        auto after = store_.its;
        std::vector<StoredChunk> stored;
        for (const auto& chunk : chunks) {
            if (const auto refused = check(chunk, after.next)) co_return refused;
            after.next = chunk.first + chunk.count;
            if (chunk.live > 0) stored.emplace_back(chunk).writer = store_.owner;
        }
        auto failure = co_await put_pieces(chunks, stored);
        if (!failure) failure = co_await put_heads(stored, after);
        for (auto& chunk : stored) {
            if (failure) scrap(std::move(chunk));
            else keep(std::move(chunk));
        }
        co_return failure ? result<void>(failure) : result<void>();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                   std::size_t max) {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        std::vector<Chunk> found;
        const auto page = index_.page(stream, after, max);
        if (page.empty()) co_return found;
        BodiesOf bodies(page);
        auto query = keys_.pieces(table_, stream, page.front().head.first, page.back().head.first);
        do {
            auto some = co_await client_->call(query);
            if (!some) co_return told(some.error());
            for (const auto& item : some->items) bodies.add(item);
            query.start = std::move(some->last);
        } while (!query.start.empty());
        for (std::size_t i = 0; i < page.size(); ++i) {
            auto body = bodies.take(i);
            found.push_back(page[i].head);
            if (!page[i].damaged && page[i].is_body(body)) {
                found.back().body = std::make_shared<const std::string>(std::move(body));
                continue;
            }
            // Damage must not hold up what comes after it; but another owner may have removed this.
            if (const auto owns = co_await check_owner(); !owns) co_return owns.error();
            world_->log().error(about(), "the body of chunk ", page[i].head.first, " of stream ", stream,
                                " is damaged; it stays where it is");
        }
        co_return found;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        auto after = index_.settled_by(changes);
        if (const auto failure = co_await put_heads(after, store_.its)) co_return failure;
        for (auto& chunk : after) keep(std::move(chunk));
        (void)co_await sweep(); // or else the next call does
        co_return result<void>();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        co_return index_.streams();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        co_return index_.usage();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> clear() {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        auto after = store_.its;
        after.cleared = after.next;
        std::vector<dynamodb::Write> none;
        if (const auto failure = co_await write(std::move(none), after)) co_return failure;
        for (auto& chunk : index_.take_all()) scrap(std::move(chunk));
        (void)co_await sweep();
        co_return result<void>();
    }

    /// Keeps the lease, unless it was kept just now.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> renew() {
        if (const auto ready = co_await look(); !ready) co_return ready;
        if (world_->clock().steady() - written_ < lease_ / 4) co_return result<void>();
        std::vector<dynamodb::Write> none;
        const auto failure = co_await write(std::move(none), store_.its);
        co_return failure ? result<void>(failure) : result<void>();
    }

    /// Gives the lease back, so that nobody needs to wait for its end.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> release() {
        if (lost_) co_return lost_;
        std::vector<dynamodb::Write> none;
        lease_ = std::chrono::nanoseconds(0);
        const auto failure = co_await write(std::move(none), store_.its);
        co_return failure ? result<void>(failure) : result<void>();
    }

    [[nodiscard]] bool lost() const noexcept { return lost_.failed(); }

private:
    using Batches = ChangeBatches<dynamodb::Write>;

    static constexpr int most_tries = 16;
    static constexpr std::size_t most_pieces = 8; ///< Of one request: 3.2 MB.

    /// As the services count, which all owners have in common.
    [[nodiscard]] wall_time now() const { return world_->service_time(); }

    // --- the store's own item ------------------------------------------------------------------------------------

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
        mine.owner = padded(world_->clock().random(), 20);
        ++mine.version;
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
        ++after.version;
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

    // --- what there is -------------------------------------------------------------------------------------------

    /// What remains of an owner before is removed.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreIdentity>> begin() {
        if (const auto loaded = co_await load(); !loaded) co_return loaded.error();
        for (const auto& stream : known_) {
            const auto failure = co_await remove_strays(stream);
            if (failure) co_return failure;
        }
        if (const auto swept = co_await sweep(); !swept) co_return swept.error();
        co_return StoreIdentity(store_.id, store_.its.next);
    }

    /// Sees to it that the index is right: after a write that failed nobody knows what there is.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> look() {
        if (lost_) co_return lost_;
        if (!doubtful_) co_return result<void>();
        const auto there = co_await check_owner();
        if (!there) co_return there.error();
        store_.version = there->version;
        if (there->its != store_.its) {
            // A call was done all the same that was told to have failed.
            std::vector<dynamodb::Write> none;
            if (const auto failure = co_await write(std::move(none), store_.its)) co_return failure;
        }
        const auto loaded = co_await load();
        doubtful_ = !loaded;
        co_return loaded;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> prepare() {
        const auto looked = co_await look();
        if (!looked) co_return looked;
        co_return co_await sweep();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> load() {
        index_ = ChunkIndex();
        auto query = keys_.all(table_);
        do {
            auto some = co_await client_->call(query);
            if (!some) co_return told(some.error());
            for (const auto& item : some->items) note(item);
            query.start = std::move(some->last);
        } while (!query.start.empty());
        co_return result<void>();
    }

    void note(const dynamodb::Item& item) {
        const auto place = StoreKeys::place_of(item);
        if (auto stream = StoreKeys::read_stream(place)) known_.insert(*std::move(stream));
        auto name = StoreKeys::read_chunk(place);
        if (!name) return;
        auto chunk = read_chunk(std::move(name->first), name->second, item);
        const auto& its = store_.its;
        const bool counts = chunk.head.first >= its.cleared && chunk.head.first < its.next && chunk.head.live > 0;
        if (!counts) return scrap(std::move(chunk));
        if (chunk.damaged) {
            world_->log().error(about(), "the item ", place, " is damaged; it stays where it is, and is not sent");
        }
        index_.put(std::move(chunk));
    }

    /// Pieces of chunks that were never appended: nobody knows their names.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> remove_strays(std::string stream) {
        auto query = keys_.pieces(table_, stream, store_.its.next, largest_stored_number);
        query.projection = query.filter.name(StoreKeys::partition) + ", " + query.filter.name(StoreKeys::place);
        std::vector<dynamodb::Item> strays;
        do {
            auto some = co_await client_->call(query);
            if (!some) co_return told(some.error());
            for (auto& item : some->items) strays.push_back(std::move(item));
            query.start = std::move(some->last);
        } while (!query.start.empty());
        co_return co_await remove(std::move(strays));
    }

    // --- changes -------------------------------------------------------------------------------------------------

    [[nodiscard]] error_code check(const Chunk& chunk, std::uint64_t next) {
        if (chunk.body && chunk.body->size() > StoredChunk::largest_body) return error::record_too_large;
        const auto words = unfit_sequence(chunk, next);
        if (words.empty() && keys_.has_room(chunk.stream)) return {};
        tell(words.empty() ? "the name of a stream is too long for a key" : words);
        return error::storage_failed;
    }

    /// The streams are noted before anything of them is written, and found by that.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> put_pieces(const std::vector<Chunk>& chunks,
                                                         const std::vector<StoredChunk>& stored) {
        std::set<std::string> unknown;
        for (const auto& chunk : stored) {
            if (!known_.contains(chunk.head.stream)) unknown.insert(chunk.head.stream);
        }
        std::vector<dynamodb::Item> items;
        for (const auto& stream : unknown) items.push_back(keys_.stream(stream));
        auto failure = co_await put(items);
        if (failure) co_return failure;
        known_.merge(unknown);
        auto at = stored.begin();
        for (const auto& chunk : chunks) {
            if (chunk.live == 0) continue;
            for (std::size_t piece = 0; piece < at->pieces(dynamodb_piece_bytes); ++piece) {
                items.push_back(piece_item(keys_, *at, *chunk.body, piece));
                if (items.size() == most_pieces) failure = co_await put(items);
                if (failure) co_return failure;
            }
            ++at;
        }
        co_return co_await put(items);
    }

    /// Puts these items, and leaves none.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> put(std::vector<dynamodb::Item>& items) {
        auto some = std::exchange(items, {});
        if (some.empty()) co_return error_code();
        const auto done = co_await client_->write_batch(table_, std::move(some));
        co_return done ? error_code() : told(done.error());
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> remove(std::vector<dynamodb::Item> keys) {
        std::vector<dynamodb::Item> none;
        const auto done = co_await client_->write_batch(table_, std::move(none), std::move(keys));
        co_return done ? error_code() : told(done.error());
    }

    /// What counts after it is told with the last of them.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> put_heads(const std::vector<StoredChunk>& chunks, OwnerRecord after) {
        Batches batches;
        for (const auto& chunk : chunks) {
            auto item = chunk_item(keys_, chunk);
            const auto size = dynamodb::item_size(item);
            batches.add(dynamodb::PutItem(table_, std::move(item)), size);
        }
        auto all = std::move(batches).take();
        if (all.empty() && after.next != store_.its.next) all.emplace_back();
        for (auto& writes : all) {
            const bool last = &writes == &all.back();
            if (const auto failure = co_await write(std::move(writes), last ? after : store_.its)) co_return failure;
        }
        co_return error_code();
    }

    /// What was written counts.
    void keep(StoredChunk chunk) {
        index_.put(chunk);
        if (chunk.head.live == 0) scrap(std::move(chunk));
    }

    /// What is no part of the store is to be removed.
    void scrap(StoredChunk chunk) {
        auto place = StoreKeys::place_of(keys_.chunk(chunk.head.stream, chunk.head.first));
        debris_.insert_or_assign(std::move(place), std::move(chunk));
    }

    /// The pieces first, then the items by which they are known.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> sweep() {
        if (debris_.empty()) co_return result<void>();
        std::vector<dynamodb::Item> pieces;
        Batches batches;
        for (const auto& [place, chunk] : debris_) {
            for (std::size_t piece = 0; piece < chunk.pieces(dynamodb_piece_bytes); ++piece) {
                pieces.push_back(keys_.piece(chunk, piece));
            }
            batches.add(dynamodb::DeleteItem(table_, keys_.chunk(chunk.head.stream, chunk.head.first)), small);
        }
        if (const auto failure = co_await remove(std::move(pieces))) co_return failure;
        for (auto& writes : std::move(batches).take()) {
            if (const auto failure = co_await write(std::move(writes), store_.its)) co_return failure;
        }
        debris_.clear();
        co_return result<void>();
    }

    // --- words ---------------------------------------------------------------------------------------------------

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

    /// What a removal counts in a transaction that may look at what it removes.
    static constexpr std::size_t small = 32'768;

    [[nodiscard]] static wall_time::duration to_wall(std::chrono::nanoseconds time) {
        return std::chrono::duration_cast<wall_time::duration>(time);
    }

    World* world_;
    std::shared_ptr<dynamodb::Client> client_;
    std::string table_;
    StoreKeys keys_;
    std::chrono::nanoseconds lease_;
    StoreItem store_;     ///< As it was written last.
    steady_time written_; ///< When that was begun.
    ChunkIndex index_;
    std::set<std::string> known_; ///< The streams that the table knows of.
    std::map<std::string, StoredChunk> debris_; ///< What is there, and no part of the store, by its place.
    bool doubtful_ = false; ///< A write failed, and nothing was read since.
    error_code lost_;       ///< Why it is not ours any more.
    Remark remark_;
};

} // namespace sluice::detail
