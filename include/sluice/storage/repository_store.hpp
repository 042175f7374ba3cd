#pragma once

#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/storage/change_batches.hpp>
#include <sluice/storage/chunk.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/chunk_index.hpp>
#include <sluice/storage/store_log.hpp>
#include <sluice/storage/store_rules.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a storage keeps in documents of a repository: one call at a time, each to its end, on one strand.
///
/// One document says which store it is and who its owner is; another is the owner's, and every write replaces that, if
/// it is there. Whoever opens the store removes it in the version that was read, and adds one of its own: from then on
/// nothing is written that the older owner wants to write.
///
/// A chunk is a small document, and its body pieces in others. The owner's document tells which sequences count, so
/// that a write of it alone makes all that was written before it part of the store, or no part. What is no part is
/// removed, the chunk's document after its pieces, so that none of these is forgotten.
template <repository::Documents D>
class RepositoryStore {
public:
    RepositoryStore(D documents, std::string_view name, Log log)
        : documents_(std::move(documents)), names_(name),
          log_("storage " + names_.root() + " in a repository: ", std::move(log)) {}

    /// Takes the store over, or makes it with the id of `fresh`.
    [[nodiscard]] asio::awaitable<result<StoreIdentity>> open(StoreIdentity fresh) {
        error_code race;
        for (int tries = 0; tries < most_tries; ++tries) {
            const auto taken = co_await take_over(fresh);
            if (taken) {
                const auto loaded = co_await load();
                if (!loaded) co_return loaded.error();
                const auto swept = co_await sweep();
                if (!swept) co_return swept.error();
                co_return StoreIdentity(store_.id, its_.next);
            }
            race = taken.error();
            if (!is_obstacle(race)) co_return log_.told(race);
        }
        // Who else writes without a pause is there; what is missing each time is gone.
        if (race == error::conflict) co_return error::storage_locked;
        log_.tell("the document ", names_.owner(store_.owner), " is not as it should be");
        co_return error::storage_corrupt;
    }

    [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        if (chunks.empty()) co_return result<void>();
        auto after = its_;
        for (const auto& chunk : chunks) {
            if (const auto refused = check(chunk, after.next)) co_return refused;
            after.next = chunk.first + chunk.count;
        }
        Batches batches;
        std::vector<StoredChunk> stored;
        for (const auto& chunk : chunks) {
            if (chunk.live > 0) add(stored.emplace_back(chunk), chunk.body, batches);
        }
        auto writes = std::move(batches).take();
        if (writes.empty()) writes.emplace_back();
        for (auto& changes : writes) {
            const bool last = &changes == &writes.back();
            const auto written = co_await write(std::move(changes), last ? after : its_);
            if (!written) co_return written;
        }
        for (auto& chunk : stored) index_.put(std::move(chunk));
        co_return result<void>();
    }

    [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                   std::size_t max) {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        std::vector<Chunk> found;
        for (const auto& chunk : index_.page(stream, after, max)) {
            auto body = co_await read_body(chunk);
            if (!body) co_return body.error();
            found.push_back(chunk.head);
            found.back().body = *std::move(body);
        }
        co_return found;
    }

    [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        Batches batches;
        auto after = index_.settled_by(changes);
        for (auto& chunk : after) settle(chunk, batches);
        for (auto& writes : std::move(batches).take()) {
            const auto written = co_await write(std::move(writes), its_);
            if (!written) co_return written;
        }
        for (auto& chunk : after) {
            index_.put(chunk);
            if (chunk.head.live == 0 && !is_removed_at_once(chunk)) debris_.push_back(std::move(chunk));
        }
        co_return result<void>();
    }

    [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        co_return index_.streams();
    }

    [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
        if (const auto ready = co_await look(); !ready) co_return ready.error();
        co_return index_.usage();
    }

    [[nodiscard]] asio::awaitable<result<void>> clear() {
        if (const auto ready = co_await prepare(); !ready) co_return ready;
        auto after = its_;
        after.cleared = its_.next;
        Changes none;
        const auto written = co_await write(std::move(none), after);
        if (!written) co_return written;
        debris_ = index_.take_all();
        // What of it remains is no part of the store, and the next call goes on.
        (void)co_await sweep();
        co_return result<void>();
    }

private:
    using Changes = std::vector<repository::Change>;
    using Batches = ChangeBatches<repository::Change>;

    static constexpr int most_tries = 32;

    /// Whether a document was not as it was expected.
    [[nodiscard]] static bool is_obstacle(error_code why) {
        return why == error::not_found || why == error::already_exists || why == error::conflict;
    }

    // --- the owner -----------------------------------------------------------------------------------------------

    /// Fails with an obstacle if somebody else does the same at the same time, or writes.
    asio::awaitable<result<void>> take_over(StoreIdentity fresh) {
        Changes changes;
        const auto store = co_await documents_.get(names_.store());
        if (store) {
            const auto record = read_store(*store->body);
            if (!record) co_return refuse(record.error(), names_.store());
            store_ = *record;
            const auto owner = co_await documents_.get(names_.owner(store_.owner));
            if (!owner) co_return owner.error();
            const auto its = read_owner(*owner->body);
            if (!its) co_return refuse(its.error(), owner->id);
            its_ = *its;
            changes.push_back(repository::Change::remove(owner->id, owner->version));
            ++store_.owner;
            changes.push_back(repository::Change::replace(store->id, store_document(store_), store->version));
        } else {
            if (store.error() != error::not_found) co_return store.error();
            if (const auto orphans = co_await look_for_orphans()) co_return orphans;
            store_ = StoreRecord();
            store_.id = fresh.id;
            its_ = OwnerRecord();
            changes.push_back(repository::Change::add(names_.store(), store_document(store_)));
        }
        changes.push_back(repository::Change::add(names_.owner(store_.owner), owner_document(its_)));
        co_return co_await documents_.write(std::move(changes));
    }

    /// Chunks without their store are not taken for debris of a new one: `storage_corrupt`.
    asio::awaitable<error_code> look_for_orphans() {
        Query query(Field("chunk_of") == names_.root());
        query.limit(100);
        bool found = false;
        do {
            const auto page = co_await documents_.find(query);
            if (!page) co_return page.error();
            for (const auto& document : page->documents) found = found || names_.read_chunk(document.id);
            query.after(page->next);
        } while (!found && !query.token().empty());
        if (!found) co_return error_code();
        const auto store = co_await documents_.get(names_.store());
        if (store) co_return error::conflict; // somebody else has made it just now
        if (store.error() != error::not_found) co_return store.error();
        log_.tell("its first document is gone, but not its chunks");
        co_return error::storage_corrupt;
    }

    /// Makes some changes, and says what counts after them; if this is still the owner.
    asio::awaitable<result<void>> write(Changes changes, OwnerRecord after) {
        changes.push_back(repository::Change::replace(names_.owner(store_.owner), owner_document(after)));
        const auto written = co_await documents_.write(std::move(changes));
        if (written) {
            its_ = after;
            log_.settle();
            co_return written;
        }
        doubtful_ = true;
        const auto why = written.error();
        if (!is_obstacle(why)) co_return log_.told(why);
        if (const auto owns = co_await check_owner(); !owns) co_return owns;
        if (why == error::conflict) co_return log_.told(why);
        log_.tell("documents of it were changed by others");
        co_return error::storage_corrupt;
    }

    /// `storage_locked`, now and for ever, if another one has taken the store over; `storage_corrupt` if it is gone.
    asio::awaitable<result<void>> check_owner() {
        const auto owner = co_await documents_.get(names_.owner(store_.owner));
        if (owner) co_return result<void>();
        if (owner.error() != error::not_found) co_return log_.told(owner.error());
        const auto store = co_await documents_.get(names_.store());
        if (!store && store.error() != error::not_found) co_return log_.told(store.error());
        log_.tell(store ? "another one has taken it over" : "its documents are gone");
        lost_ = store ? error::storage_locked : error::storage_corrupt;
        co_return lost_;
    }

    // --- what there is -------------------------------------------------------------------------------------------

    /// Sees to it that the index is right: after a write that failed nobody knows what there is.
    asio::awaitable<result<void>> look() {
        if (lost_) co_return lost_;
        if (!doubtful_) co_return result<void>();
        if (const auto owns = co_await check_owner(); !owns) co_return owns;
        const auto loaded = co_await load();
        doubtful_ = !loaded;
        co_return loaded;
    }

    /// The same before something is written: what is no part of the store is gone then.
    asio::awaitable<result<void>> prepare() {
        const auto looked = co_await look();
        if (!looked) co_return looked;
        co_return co_await sweep();
    }

    asio::awaitable<result<void>> load() {
        index_ = ChunkIndex();
        debris_.clear();
        Query query(Field("chunk_of") == names_.root());
        query.limit(100);
        do {
            const auto page = co_await documents_.find(query);
            if (!page) co_return log_.told(page.error());
            for (const auto& document : page->documents) note(document);
            query.after(page->next);
        } while (!query.token().empty());
        co_return result<void>();
    }

    void note(const repository::Document& document) {
        auto name = names_.read_chunk(document.id);
        if (!name) return log_.warning("the document ", document.id, " is not one of it, and is left alone");
        auto chunk = detail::read_chunk(std::move(name->first), name->second, *document.body);
        const bool counts = chunk.head.first >= its_.cleared && chunk.head.first < its_.next && chunk.head.live > 0;
        if (chunk.damaged && counts) {
            log_.error("the document ", document.id, " is damaged; it stays where it is, and is not sent");
        }
        if (counts) index_.put(std::move(chunk));
        else debris_.push_back(std::move(chunk));
    }

    /// Null if the body is damaged: that must not hold up what comes after it.
    asio::awaitable<result<SharedBytes>> read_body(const StoredChunk& chunk) {
        const auto id = names_.chunk(chunk.head.stream, chunk.head.first);
        auto body = std::make_shared<std::string>();
        error_code damage = chunk.damaged ? error_code(error::storage_corrupt) : error_code();
        for (std::size_t piece = 0; piece < chunk.pieces() && !damage; ++piece) {
            const auto document = co_await documents_.get(names_.piece(id, piece));
            if (!document && !is_damage(document.error())) co_return log_.told(document.error());
            const auto bytes = document ? read_piece(*document->body) : result<std::string>(document.error());
            if (bytes) *body += *bytes;
            else damage = bytes.error();
        }
        if (!damage && chunk.is_body(*body)) co_return SharedBytes(std::move(body));
        if (const auto owns = co_await check_owner(); !owns) co_return owns.error();
        log_.error("the body of ", id, " is damaged; it stays where it is");
        co_return SharedBytes();
    }

    [[nodiscard]] static bool is_damage(error_code why) {
        return why == error::not_found || why == error::item_invalid;
    }

    // --- changes -------------------------------------------------------------------------------------------------

    [[nodiscard]] error_code check(const Chunk& chunk, std::uint64_t next) {
        if (chunk.body && chunk.body->size() > StoredChunk::largest_body) return error::record_too_large;
        const auto words = unfit_sequence(chunk, next);
        const auto id = names_.piece(names_.chunk(chunk.stream, chunk.first), 0);
        if (words.empty() && !repository::check_id(id)) return {};
        log_.tell(words.empty() ? "the name of a stream is too long for an id" : words);
        return error::storage_failed;
    }

    /// What a document counts in a write, besides its texts.
    static constexpr std::size_t small = 4'096;

    [[nodiscard]] static std::size_t size_of(const StoredChunk& chunk) {
        return small + aws::base64_size(chunk.head.settled.bytes().size()) +
               aws::base64_size(chunk.head.attempts.size());
    }

    [[nodiscard]] static std::size_t size_of_piece(const StoredChunk& chunk, std::size_t piece) {
        return small + aws::base64_size(chunk.piece_size(piece));
    }

    /// The chunk's document first: by it its pieces are found.
    void add(const StoredChunk& chunk, const SharedBytes& body, Batches& batches) const {
        const auto id = names_.chunk(chunk.head.stream, chunk.head.first);
        batches.add(repository::Change::add(id, chunk_document(names_, chunk)), size_of(chunk));
        for (std::size_t piece = 0; piece < chunk.pieces(); ++piece) {
            batches.add(repository::Change::add(names_.piece(id, piece), piece_document(chunk, *body, piece)),
                        size_of_piece(chunk, piece));
        }
    }

    [[nodiscard]] static bool is_removed_at_once(const StoredChunk& chunk) {
        return Batches::fit(1 + chunk.pieces(), size_to_remove(chunk));
    }

    /// What is removed counts as what is written: a transaction may look at it.
    [[nodiscard]] static std::size_t size_to_remove(const StoredChunk& chunk) {
        return small + chunk.pieces() * small + aws::base64_size(chunk.body_bytes) + 4 * chunk.pieces();
    }

    /// A large chunk without live records stays until its pieces are gone.
    void settle(const StoredChunk& chunk, Batches& batches) const {
        if (chunk.head.live == 0 && is_removed_at_once(chunk)) {
            return batches.add(removal_of(chunk), size_to_remove(chunk));
        }
        auto id = names_.chunk(chunk.head.stream, chunk.head.first);
        batches.add(repository::Change::replace(std::move(id), chunk_document(names_, chunk)), size_of(chunk));
    }

    /// The pieces first.
    [[nodiscard]] Changes removal_of(const StoredChunk& chunk) const {
        Changes changes;
        const auto id = names_.chunk(chunk.head.stream, chunk.head.first);
        for (std::size_t piece = 0; piece < chunk.pieces(); ++piece) {
            changes.push_back(repository::Change::remove_if_there(names_.piece(id, piece)));
        }
        changes.push_back(repository::Change::remove_if_there(id));
        return changes;
    }

    /// Removes what is no part of the store.
    asio::awaitable<result<void>> sweep() {
        Batches batches;
        for (const auto& chunk : debris_) {
            for (auto& change : removal_of(chunk)) {
                batches.add(std::move(change), small + aws::base64_size(StoredChunk::piece_bytes));
            }
        }
        for (auto& changes : std::move(batches).take()) {
            const auto written = co_await write(std::move(changes), its_);
            if (!written) co_return written;
        }
        debris_.clear();
        co_return result<void>();
    }

    error_code refuse(error_code why, const std::string& id) {
        if (why == error::storage_foreign) log_.tell("the document ", id, " is not of this sluice");
        else log_.tell("the document ", id, " is damaged");
        return why;
    }

    D documents_;
    StoreNames names_;
    StoreLog log_;
    StoreRecord store_;
    OwnerRecord its_; ///< As it was written last.
    ChunkIndex index_;
    std::vector<StoredChunk> debris_; ///< What is there, and no part of the store.
    bool doubtful_ = false;           ///< A write failed, and nothing was read since.
    error_code lost_;                 ///< Why it is not ours any more.
};

} // namespace sluice::detail
