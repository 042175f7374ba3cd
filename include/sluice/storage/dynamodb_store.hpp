#pragma once

#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/item_size.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/change_batches.hpp>
#include <sluice/storage/chunk.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/chunk_index.hpp>
#include <sluice/storage/dynamodb_chunks.hpp>
#include <sluice/storage/dynamodb_owner.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a storage keeps in a table of DynamoDB: one call at a time, each to its end, on the strand of its world.
///
/// The pieces of bodies are written before what they are of counts, each by itself, under names that have their writer
/// in them. A chunk that has no live records stays, as no part of the store, until its pieces are gone.
class DynamoDbStore : private DynamoDbOwner {
public:
    using DynamoDbOwner::DynamoDbOwner;
    using DynamoDbOwner::lost;

    /// Takes the store, or makes it with the id of `fresh`. While somebody else has the lease it waits, at most for the
    /// length of one: `storage_locked` if that is renewed.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreIdentity>> open(StoreIdentity fresh) {
        LeaseWatch watch;
        for (int tries = 0; tries < most_tries; ++tries) {
            const auto found = co_await wait_until_free(watch);
            if (!found) co_return found.error();
            const auto taken = co_await acquire(*found, fresh);
            if (taken) {
                const auto identity = co_await begin();
                if (!identity) (void)co_await release(); // or else the next opening waits for this one's lease
                co_return identity;
            }
            if (taken.error() != error::conflict) co_return taken.error();
        }
        log_.tell("others were faster each time");
        co_return error::storage_locked;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        if (chunks.empty()) co_return result<void>();
        auto after = store_.its;
        std::vector<StoredChunk> stored;
        // Of each call another one: a request that arrives late is not about what a later call wrote.
        const auto writer = store_.owner + '.' + padded(++appends_, 20);
        for (const auto& chunk : chunks) {
            if (const auto refused = check(chunk, after.next)) co_return refused;
            after.next = chunk.first + chunk.count;
            if (chunk.live > 0) stored.emplace_back(chunk).writer = writer;
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
        const auto query = keys_.pieces(table_, stream, page.front().head.first, page.back().head.first);
        const auto add = [&](const dynamodb::Item& item) { bodies.add(item); };
        if (const auto failure = co_await for_each(query, add)) co_return failure;
        for (std::size_t i = 0; i < page.size(); ++i) {
            auto body = bodies.take(i);
            found.push_back(page[i].head);
            if (!page[i].damaged && page[i].is_body(body)) {
                found.back().body = std::make_shared<const std::string>(std::move(body));
                continue;
            }
            // Damage must not hold up what comes after it; but another owner may have removed this.
            if (const auto owns = co_await check_owner(); !owns) co_return owns.error();
            log_.error("the body of chunk ", page[i].head.first, " of stream ", stream,
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
        if (const auto written = co_await say(after); !written) co_return written;
        for (auto& chunk : index_.take_all()) scrap(std::move(chunk));
        const auto swept = co_await sweep();
        error_code failure = swept ? error_code() : swept.error();
        for (auto stream = known_.begin(); !failure && stream != known_.end(); ++stream) {
            failure = co_await remove_strays_around(*stream);
        }
        co_return result<void>();
    }

    /// Keeps the lease, unless it was kept just now.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> renew() {
        if (const auto ready = co_await look(); !ready) co_return ready;
        const auto failure = co_await keep_lease();
        co_return failure ? result<void>(failure) : result<void>();
    }

    /// Gives the lease back, so that nobody needs to wait for its end. What there is it does not need to know.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> release() {
        if (const auto known = co_await secure(); !known) co_return known;
        lease_ = std::chrono::milliseconds(0);
        co_return co_await say(store_.its);
    }

private:
    using Batches = ChangeBatches<dynamodb::Write>;

    static constexpr int most_tries = 16;
    static constexpr std::size_t most_pieces = 2; ///< Of one request: 0.8 MB, in time on slow lines.

    // --- what there is -------------------------------------------------------------------------------------------

    /// What remains of an owner before is removed.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StoreIdentity>> begin() {
        if (const auto loaded = co_await load(); !loaded) co_return loaded.error();
        for (const auto& stream : known_) {
            if (const auto failure = co_await remove_strays_around(stream)) co_return failure;
        }
        if (const auto ready = co_await prepare(); !ready) co_return ready.error();
        co_return StoreIdentity(store_.id, store_.its.next);
    }

    /// Sees to it that the store is this one's, and the index right: after a write that failed nobody knows what there
    /// is, and after the end of a lease whose it is.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> look() {
        if (const auto known = co_await secure(); !known) co_return known;
        if (!doubtful_ && has_lease()) co_return result<void>();
        // What was told to have failed may be done already, or arrive yet: after this it cannot, and does not count.
        if (const auto fenced = co_await say(store_.its); !fenced) co_return fenced;
        if (!doubtful_) co_return result<void>();
        const auto loaded = co_await load();
        doubtful_ = !loaded;
        co_return loaded;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> prepare() {
        const auto looked = co_await look();
        if (!looked) co_return looked;
        const auto swept = co_await sweep();
        co_return swept || is_in_the_way() ? swept : result<void>();
    }

    /// Whether what was not removed has to be, before something is written: else it would come to count.
    [[nodiscard]] bool is_in_the_way() const {
        const auto counts_later = [&](const auto& each) { return each.second.head.first >= store_.its.next; };
        return doubtful_ || std::any_of(debris_.begin(), debris_.end(), counts_later);
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> load() {
        index_ = ChunkIndex();
        const auto its = [this](const dynamodb::Item& item) { note(item); };
        const auto failure = co_await for_each(keys_.all(table_), its);
        co_return failure ? result<void>(failure) : result<void>();
    }

    /// Page after page; keeps the lease meanwhile.
    template <class Function>
    [[nodiscard]] asio::awaitable<error_code> for_each(dynamodb::Query query, const Function& function) {
        do {
            if (const auto failure = co_await keep_lease()) co_return failure;
            auto some = co_await client_->call(query);
            if (!some) co_return log_.told(some.error());
            for (const auto& item : some->items) function(item);
            query.start = std::move(some->last);
        } while (!query.start.empty());
        co_return error_code();
    }

    /// Whether an owner after this one wrote it, whom this one has not noticed yet.
    [[nodiscard]] bool is_later(std::string_view writer) const {
        return writer.substr(0, store_.owner.size()) > store_.owner;
    }

    void note(const dynamodb::Item& item) {
        const auto place = StoreKeys::place_of(item);
        if (auto stream = StoreKeys::read_stream(place)) known_.insert(*std::move(stream));
        auto name = StoreKeys::read_chunk(place);
        if (!name) return;
        auto chunk = read_chunk(std::move(name->first), name->second, item);
        if (is_later(chunk.writer)) return;
        const auto& its = store_.its;
        const bool counts = chunk.head.first >= its.cleared && chunk.head.first < its.next && chunk.head.live > 0;
        if (!counts) return scrap(std::move(chunk));
        if (chunk.damaged) {
            log_.error("the item ", place, " is damaged; it stays where it is, and is not sent");
        }
        index_.put(std::move(chunk));
    }

    /// Pieces whose names nobody knows, of chunks that were never appended, or are damaged.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> remove_strays(std::string stream, std::uint64_t from, std::uint64_t to) {
        auto query = keys_.pieces(table_, stream, from, to);
        query.projection = query.filter.name(StoreKeys::partition) + ", " + query.filter.name(StoreKeys::place);
        std::vector<dynamodb::Item> strays;
        const auto its = [&](const dynamodb::Item& item) {
            if (!is_later(StoreKeys::writer_of(item))) strays.push_back(item);
        };
        if (const auto failure = co_await for_each(query, its)) co_return failure;
        co_return co_await remove(std::move(strays));
    }

    /// Those before the oldest chunk of a stream, and after the newest: between them it would read all the bodies.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> remove_strays_around(std::string stream) {
        const auto range = index_.range(stream);
        if (!range) co_return co_await remove_strays(stream, 0, largest_stored_number);
        const auto before = std::max<std::uint64_t>(range->first, 1) - 1;
        if (const auto failure = co_await remove_strays(stream, 0, before)) co_return failure;
        co_return co_await remove_strays(stream, range->second + 1, largest_stored_number);
    }

    // --- changes -------------------------------------------------------------------------------------------------

    [[nodiscard]] error_code check(const Chunk& chunk, std::uint64_t next) {
        if (chunk.body && chunk.body->size() > StoredChunk::largest_body) return error::record_too_large;
        const auto words = unfit_sequence(chunk, next);
        if (words.empty() && keys_.has_room(chunk.stream)) return {};
        log_.tell(words.empty() ? "the name of a stream is too long for a key" : words);
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
        std::vector<dynamodb::Item> none;
        return write_batch(std::move(some), std::move(none));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> remove(std::vector<dynamodb::Item> keys) {
        std::vector<dynamodb::Item> none;
        return write_batch(std::move(none), std::move(keys));
    }

    /// Each on its own; keeps the lease meanwhile.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> write_batch(std::vector<dynamodb::Item> puts,
                                                          std::vector<dynamodb::Item> removals) {
        if (puts.empty() && removals.empty()) co_return error_code();
        if (const auto failure = co_await keep_lease()) co_return failure;
        const auto between = [this] { return keep_lease(); };
        const auto done = co_await client_->write_batch(table_, std::move(puts), std::move(removals), between);
        co_return done ? error_code() : log_.told(done.error());
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
            const auto first = chunk.head.first;
            if (chunk.damaged) {
                if (const auto failure = co_await remove_strays(chunk.head.stream, first, first)) co_return failure;
            }
            for (std::size_t piece = 0; piece < chunk.pieces(dynamodb_piece_bytes); ++piece) {
                pieces.push_back(keys_.piece(chunk, piece));
            }
            const auto size = chunk.damaged ? dynamodb::max_item_size : dynamodb::item_size(chunk_item(keys_, chunk));
            batches.add(dynamodb::DeleteItem(table_, keys_.chunk(chunk.head.stream, first)), size);
        }
        if (const auto failure = co_await remove(std::move(pieces))) co_return failure;
        for (auto& writes : std::move(batches).take()) {
            if (const auto failure = co_await write(std::move(writes), store_.its)) co_return failure;
        }
        debris_.clear();
        co_return result<void>();
    }

    ChunkIndex index_;
    std::uint64_t appends_ = 0; ///< Of this owner.
    std::set<std::string> known_; ///< The streams that the table knows of.
    std::map<std::string, StoredChunk> debris_; ///< What is there, and no part of the store, by its place.
};

} // namespace sluice::detail
