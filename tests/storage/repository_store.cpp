#include <sluice/storage/repository_store.hpp>

#include "run.hpp"
#include "storage/store_calls.hpp"

#include <sluice/repository/memory_documents.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using asio::awaitable;
using boost::json::object;
using repository::Change;
using repository::Document;
using repository::DocumentPage;

/// What goes wrong with one write.
enum class Fault {
    refused,    ///< It is not made.
    unanswered, ///< It is made, and nobody is told.
};

/// A collection, what was written into it, and what is to go wrong.
class Shelf {
public:
    repository::MemoryDocuments documents;
    int writes = 0;                 ///< Made or not.
    std::size_t most_changes = 0;   ///< Of one write.
    std::size_t most_bytes = 0;     ///< The same, of the texts of its documents.
    std::size_t largest = 0;        ///< The largest document.
    int fault_at = 0;               ///< Which write; none.
    bool stays = false;             ///< Those after it, too.
    Fault fault = Fault::refused;
    std::optional<error> get_error; ///< Of each `get`.
    std::function<void()> before_write;

    /// All of it, by id.
    [[nodiscard]] std::vector<Document> all() const { return documents.find(Query()).value().documents; }

    [[nodiscard]] std::vector<std::string> chunk_ids() const {
        std::vector<std::string> ids;
        for (const auto& document : all()) {
            if (document.id.find("/chunks/") != std::string::npos) ids.push_back(document.id);
        }
        return ids;
    }

    void change(Change change) {
        std::vector<Change> one;
        one.push_back(std::move(change));
        REQUIRE(documents.write(std::move(one)).has_value());
    }
};

class ShelfDocuments {
public:
    explicit ShelfDocuments(std::shared_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {}

    awaitable<result<Document>> get(std::string id) {
        if (shelf_->get_error) co_return *shelf_->get_error;
        co_return shelf_->documents.get(id);
    }

    awaitable<result<void>> write(std::vector<Change> changes) {
        if (shelf_->before_write) std::exchange(shelf_->before_write, nullptr)();
        auto& its = *shelf_;
        ++its.writes;
        std::size_t bytes = 0;
        for (const auto& change : changes) {
            const auto size = change.document ? boost::json::serialize(*change.document).size() : 0;
            its.largest = std::max(its.largest, size);
            bytes += size;
        }
        its.most_changes = std::max(its.most_changes, changes.size());
        its.most_bytes = std::max(its.most_bytes, bytes);
        const bool fails = its.writes == its.fault_at || (its.stays && its.fault_at > 0 && its.writes > its.fault_at);
        if (fails && its.fault == Fault::refused) co_return error::throttled;
        const auto written = its.documents.write(std::move(changes));
        if (fails && written) co_return error::timed_out;
        co_return written;
    }

    awaitable<result<DocumentPage>> find(Query query) { co_return shelf_->documents.find(query); }

    awaitable<result<void>> watch(std::shared_ptr<repository::Watcher> watcher) {
        shelf_->documents.watch(watcher);
        co_return result<void>();
    }

private:
    std::shared_ptr<Shelf> shelf_;
};

static_assert(repository::Documents<ShelfDocuments>);

using Store = detail::RepositoryStore<ShelfDocuments>;

/// A shelf, and what was logged by the stores on it.
class Place {
public:
    std::shared_ptr<Shelf> shelf = std::make_shared<Shelf>();
    std::string log;

    [[nodiscard]] std::unique_ptr<Store> store() {
        auto sink = [this](LogLevel, std::string_view line) { (log += line) += '\n'; };
        return std::make_unique<Store>(ShelfDocuments(shelf), "buffer", Log(std::move(sink)));
    }

    awaitable<std::unique_ptr<Store>> open() {
        auto made = store();
        StoreIdentity fresh;
        fresh.id.fill(7);
        const auto identity = co_await made->open(fresh);
        REQUIRE_MESSAGE(identity.has_value(), log);
        CHECK(identity->id == fresh.id);
        next = identity->next_sequence;
        co_return made;
    }

    std::uint64_t next = 0; ///< As of the last opening.
};

} // namespace

TEST_CASE("no write has more than a repository takes, and no document either") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        std::vector<Chunk> many;
        for (std::uint64_t i = 1; i <= 250; ++i) many.push_back(chunk(i));
        many.push_back(chunk(251, 20'000'000));
        auto odd = chunk(252, 300'000, 50'000);
        odd.attempts.assign(50'000, 1);
        many.push_back(odd);
        std::vector<Settlement> all;
        for (const auto& each : many) all.push_back(gone(each));
        const auto failed = co_await append(*store, std::move(many));
        CHECK_FALSE(failed);
        const auto kept = co_await sequences(*store);
        CHECK(kept.size() == 252);
        const auto settled = co_await settle(*store, std::move(all));
        CHECK_FALSE(settled);
        const auto cleared = co_await store->clear(); // what was too much for one write is gone with the next call
        CHECK(cleared.has_value());
        CHECK(place.shelf->chunk_ids().empty());
        CHECK(place.shelf->most_changes <= 100);
        CHECK(place.shelf->most_bytes <= 4'000'000);
        CHECK(place.shelf->largest <= 400'000);
    });
}

TEST_CASE("a small append is one write, and a small settlement, too") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        const auto before = place.shelf->writes;
        const auto failed = co_await append(*store, chunk(1, 1U << 20U));
        CHECK_FALSE(failed);
        CHECK(place.shelf->writes == before + 1);
        CHECK(place.shelf->chunk_ids().size() == 5);
        const auto settled = co_await remove(*store, chunk(1, 1U << 20U));
        CHECK_FALSE(settled);
        CHECK(place.shelf->writes == before + 2);
        CHECK(place.shelf->chunk_ids().empty());
    });
}

TEST_CASE("an append that stops anywhere stores all or nothing, and a reopened store has no rest of it") {
    run([](asio::io_context&) -> awaitable<void> {
        for (const auto fault : {Fault::refused, Fault::unanswered}) {
            for (int stops_at = 1; stops_at <= 5; ++stops_at) {
                CAPTURE(stops_at);
                Place place;
                auto store = co_await place.open();
                const auto kept = co_await append(*store, chunk(1));
                CHECK_FALSE(kept);
                place.shelf->fault = fault;
                place.shelf->fault_at = place.shelf->writes + stops_at;
                place.shelf->stays = true; // the process does no more
                std::vector<Chunk> large{chunk(2, 5'000'000), chunk(3), chunk(4, 3'000'000)};
                const auto failed = co_await append(*store, std::move(large));
                const bool last = place.shelf->writes == place.shelf->fault_at && stops_at == 4;
                CHECK(failed == (stops_at > 4 ? error_code() : error_code(error::storage_failed)));
                place.shelf->fault_at = 0;
                auto again = co_await place.open();
                const auto found = co_await sequences(*again);
                const bool all = stops_at > 4 || (last && fault == Fault::unanswered);
                CHECK(found == (all ? Firsts{1, 2, 3, 4} : Firsts{1}));
                CHECK(place.next == (all ? 5 : 2));
                const auto left = place.shelf->chunk_ids().size();
                CHECK(left == (all ? 4 + 1 + 1 + 19 + 12 : 2));
            }
        }
    });
}

TEST_CASE("after an append that failed the store goes on, and has nothing of it") {
    run([](asio::io_context&) -> awaitable<void> {
        for (const auto fault : {Fault::refused, Fault::unanswered}) {
            for (int fails_at = 1; fails_at <= 3; ++fails_at) {
                CAPTURE(fails_at);
                Place place;
                auto store = co_await place.open();
                place.shelf->fault = fault;
                place.shelf->fault_at = place.shelf->writes + fails_at;
                std::vector<Chunk> large{chunk(1, 5'000'000), chunk(2), chunk(3, 1'000'000)};
                const auto failed = co_await append(*store, large);
                CHECK(failed == error::storage_failed);
                CHECK(place.log.find(fault == Fault::refused ? "slow down" : "No answer came") != std::string::npos);
                const auto none = co_await sequences(*store);
                CHECK(none.empty());
                const auto usage = co_await store->usage();
                CHECK(usage->records == 0);
                const auto later = co_await append(*store, chunk(4));
                CHECK_FALSE(later);
                const auto some = co_await sequences(*store);
                CHECK(some == Firsts{4});
                CHECK(place.shelf->chunk_ids().size() == 2);
                auto again = co_await place.open();
                CHECK(place.next == 5);
                const auto same = co_await sequences(*again);
                CHECK(same == Firsts{4});
            }
        }
    });
}

TEST_CASE("the sequences of an append that failed may be used again") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        place.shelf->fault = Fault::unanswered;
        place.shelf->fault_at = place.shelf->writes + 1;
        const auto failed = co_await append(*store, chunk(1));
        CHECK(failed == error::storage_failed);
        const auto again = co_await append(*store, chunk(1, 20));
        CHECK_FALSE(again);
        const auto found = co_await sequences(*store);
        CHECK(found == Firsts{1});
    });
}

TEST_CASE("a settlement that fails anywhere may be repeated, and loses nothing that is live") {
    run([](asio::io_context&) -> awaitable<void> {
        for (const auto fault : {Fault::refused, Fault::unanswered}) {
            for (int fails_at = 1; fails_at <= 4; ++fails_at) {
                CAPTURE(fails_at);
                Place place;
                auto store = co_await place.open();
                std::vector<Chunk> chunks{chunk(1, 5'000'000), chunk(2, 1'000'000), chunk(3, 1'000'000, 2),
                                          chunk(5, 1'000'000), chunk(6), chunk(7)};
                const auto failed = co_await append(*store, chunks);
                CHECK_FALSE(failed);
                std::vector<Settlement> changes;
                for (const auto& each : chunks) changes.push_back(gone(each));
                changes[2].live = 1;
                changes.pop_back();
                place.shelf->fault = fault;
                place.shelf->fault_at = place.shelf->writes + fails_at;
                error_code settled;
                for (int tries = 0; tries == 0 || (settled && tries < 3); ++tries) {
                    settled = co_await settle(*store, changes);
                    const auto found = co_await sequences(*store);
                    for (const auto first : {3, 7}) CHECK(std::count(found.begin(), found.end(), first) == 1);
                    if (!settled) CHECK(found == Firsts{3, 7});
                }
                CHECK_FALSE(settled);
                place.shelf->fault_at = 0;
                auto again = co_await place.open();
                const auto usage = co_await again->usage();
                CHECK(usage->records == 2);
                CHECK(place.shelf->chunk_ids().size() == 1 + 4 + 1 + 1);
            }
        }
    });
}

TEST_CASE("of two changes of one chunk the latter counts, and a chunk that is gone stays so") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        std::vector<Chunk> chunks{chunk(1, 10, 9), chunk(10, 10, 9)};
        const auto failed = co_await append(*store, chunks);
        CHECK_FALSE(failed);
        std::vector<Settlement> changes;
        for (std::uint32_t live = 8; live > 6; --live) {
            chunks[0].live = live;
            changes.emplace_back(chunks[0]);
        }
        changes.push_back(gone(chunks[1]));
        changes.emplace_back(chunks[1]);
        const auto settled = co_await settle(*store, changes);
        CHECK_FALSE(settled);
        const auto found = co_await store->read("stream", 0, no_limit);
        REQUIRE(found->size() == 1);
        CHECK(found->front().live == 7);
    });
}

TEST_CASE("what was cleared is gone at once and for good, whatever fails") {
    run([](asio::io_context&) -> awaitable<void> {
        for (int fails_at = 1; fails_at <= 4; ++fails_at) {
            CAPTURE(fails_at);
            Place place;
            auto store = co_await place.open();
            std::vector<Chunk> chunks;
            for (std::uint64_t i = 1; i <= 150; ++i) chunks.push_back(chunk(i, i == 75 ? 2'000'000 : 10));
            const auto failed = co_await append(*store, std::move(chunks));
            CHECK_FALSE(failed);
            place.shelf->fault_at = place.shelf->writes + fails_at;
            place.shelf->stays = true;
            const auto cleared = co_await store->clear();
            CHECK(cleared.has_value() == (fails_at > 1));
            const auto left = co_await sequences(*store);
            CHECK(left.size() == (fails_at > 1 ? 0 : 150));
            place.shelf->fault_at = 0;
            auto again = co_await place.open();
            const auto same = co_await sequences(*again);
            CHECK(same == left);
            CHECK(place.next == 151);
            CHECK(place.shelf->chunk_ids().empty() == (fails_at > 1));
        }
    });
}

TEST_CASE("who opens a store takes it over, and the one before can do nothing any more, not even harm") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto first = co_await place.open();
        const auto stored = co_await append(*first, chunk(1));
        CHECK_FALSE(stored);
        auto second = co_await place.open();
        CHECK(place.next == 2);
        const auto late = co_await append(*first, chunk(2));
        CHECK(late == error::storage_locked);
        CHECK(place.log.find("another one has taken it over") != std::string::npos);
        const auto new_one = co_await append(*second, chunk(2, 50));
        CHECK_FALSE(new_one);
        const auto settled = co_await remove(*first, chunk(2));
        CHECK(settled == error::storage_locked);
        const auto cleared = co_await first->clear();
        CHECK(cleared.error() == error::storage_locked);
        const auto read = co_await first->read("stream", 0, no_limit);
        CHECK(read.error() == error::storage_locked);
        const auto names = co_await first->streams();
        CHECK(names.error() == error::storage_locked);
        const auto usage = co_await first->usage();
        CHECK(usage.error() == error::storage_locked);
        const auto found = co_await sequences(*second);
        CHECK(found == Firsts{1, 2});
    });
}

TEST_CASE("a store that was taken over finds out by what is missing") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto first = co_await place.open();
        const auto stored = co_await append(*first, chunk(1));
        CHECK_FALSE(stored);
        auto second = co_await place.open();
        const auto settled = co_await remove(*second, chunk(1));
        CHECK_FALSE(settled);
        const auto read = co_await first->read("stream", 0, no_limit);
        CHECK(read.error() == error::storage_locked);
    });
}

TEST_CASE("of two that open a store at the same time both may have it, one after the other, and no sequence twice") {
    run([](asio::io_context&) -> awaitable<void> {
        for (const bool there : {false, true}) {
            Place place;
            std::unique_ptr<Store> before;
            if (there) before = co_await place.open();
            // Between what the first one reads and what it writes, the second one opens, and appends.
            auto between = place.store();
            StoreIdentity fresh;
            fresh.id.fill(7);
            place.shelf->before_write = [&] {
                asio::io_context inner;
                auto work = [&]() -> awaitable<void> {
                    const auto opened = co_await between->open(fresh);
                    REQUIRE(opened.has_value());
                    const auto stored = co_await append(*between, chunk(1));
                    CHECK_FALSE(stored);
                };
                asio::co_spawn(inner, work(), [](std::exception_ptr thrown) { CHECK_FALSE(thrown); });
                inner.run();
            };
            auto store = co_await place.open();
            CHECK(place.next == 2);
            const auto found = co_await sequences(*store);
            CHECK(found == Firsts{1});
            const auto late = co_await append(*between, chunk(2));
            CHECK(late == error::storage_locked);
        }
    });
}

TEST_CASE("who never gets to take a store over, since its owner writes without a pause, is told that it has one") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto owner = co_await place.open();
        const auto id = detail::StoreNames("buffer").owner(1);
        const auto body = *place.shelf->documents.get(id)->body;
        std::function<void()> writes = [&] {
            place.shelf->change(Change::replace(id, body));
            place.shelf->before_write = writes;
        };
        place.shelf->before_write = writes;
        auto second = place.store();
        const auto opened = co_await second->open(StoreIdentity());
        CHECK(opened.error() == error::storage_locked);
        place.shelf->before_write = nullptr;
        const auto stored = co_await append(*owner, chunk(1));
        CHECK_FALSE(stored);
    });
}

TEST_CASE("a damaged chunk holds up no other, is told in the log, and stays where it is") {
    run([](asio::io_context&) -> awaitable<void> {
        const detail::StoreNames names("buffer");
        const auto spoil_head = [&](Shelf& shelf) {
            shelf.change(Change::replace(names.chunk("stream", 2), object{{"chunk_of", "buffer"}}));
        };
        const auto lose_piece = [&](Shelf& shelf) {
            shelf.change(Change::remove(detail::StoreNames::piece(names.chunk("stream", 2), 1)));
        };
        const auto spoil_piece = [&](Shelf& shelf) {
            const auto id = detail::StoreNames::piece(names.chunk("stream", 2), 0);
            shelf.change(Change::replace(id, object{{"piece", "YQ=="}}));
        };
        const auto no_piece = [&](Shelf& shelf) {
            const auto id = detail::StoreNames::piece(names.chunk("stream", 2), 0);
            shelf.change(Change::replace(id, object{{"piece", 1}}));
        };
        for (const auto& spoil :
             std::vector<std::function<void(Shelf&)>>{spoil_head, lose_piece, spoil_piece, no_piece}) {
            Place place;
            auto store = co_await place.open();
            std::vector<Chunk> chunks{chunk(1), chunk(2, 400'000), chunk(3)};
            const auto failed = co_await append(*store, std::move(chunks));
            CHECK_FALSE(failed);
            spoil(*place.shelf);
            auto again = co_await place.open();
            CHECK(place.next == 4);
            const auto found = co_await sequences(*again);
            CHECK(found == Firsts{1, 3});
            const auto all = co_await again->read("stream", 0, no_limit);
            REQUIRE(all->size() == 3);
            CHECK((*all)[1].first == 2);
            CHECK((*all)[1].body == nullptr);
            CHECK(place.log.find("damaged; it stays where it is") != std::string::npos);
            const auto usage = co_await again->usage();
            CHECK(usage->records == 3);
            CHECK(place.shelf->documents.get(names.chunk("stream", 2)).has_value());
            const auto cleared = co_await again->clear();
            CHECK(cleared.has_value());
        }
    });
}

TEST_CASE("a chunk that is damaged beyond its name is not settled") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        const auto failed = co_await append(*store, chunk(1));
        CHECK_FALSE(failed);
        const auto id = detail::StoreNames("buffer").chunk("stream", 1);
        place.shelf->change(Change::replace(id, object{{"chunk_of", "buffer"}}));
        auto again = co_await place.open();
        const auto settled = co_await remove(*again, chunk(1));
        CHECK_FALSE(settled);
        CHECK(place.shelf->documents.get(id).has_value());
    });
}

TEST_CASE("a document that only looks like one of the store's is left alone") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        place.shelf->change(Change::add("mine", object{{"chunk_of", "buffer"}}));
        auto store = co_await place.open();
        CHECK(place.log.find("mine is not one of it") != std::string::npos);
        const auto names = co_await store->streams();
        CHECK(names->empty());
        CHECK(place.shelf->documents.get("mine").has_value());
    });
}

TEST_CASE("a store whose own documents are damaged, missing or another's does not open, and is left as it is") {
    run([](asio::io_context&) -> awaitable<void> {
        const detail::StoreNames names("buffer");
        const std::vector<std::pair<Change, error>> cases{
            {Change::replace(names.store(), object{{"kind", "order"}}), error::storage_foreign},
            {Change::replace(names.store(), object{{"kind", "sluice storage"}, {"format", 2}}),
             error::storage_foreign},
            {Change::replace(names.store(), object{{"kind", "sluice storage"}, {"format", 1}}),
             error::storage_corrupt},
            {Change::replace(names.owner(1), object{{"next_sequence", "many"}}), error::storage_corrupt},
            {Change::remove(names.owner(1)), error::storage_corrupt}};
        for (const auto& [change, why] : cases) {
            Place place;
            auto store = co_await place.open();
            const auto failed = co_await append(*store, chunk(1));
            CHECK_FALSE(failed);
            place.shelf->change(change);
            const auto before = place.shelf->all().size();
            auto again = place.store();
            const auto opened = co_await again->open(StoreIdentity());
            CHECK(opened.error() == why);
            CHECK(place.log.find("the document buffer/") != std::string::npos);
            CHECK(place.shelf->all().size() == before);
        }
    });
}

TEST_CASE("chunks without their store are not taken for those of a new one") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        const auto stored = co_await append(*store, chunk(1));
        CHECK_FALSE(stored);
        store.reset();
        std::vector<Change> changes;
        changes.push_back(Change::remove("buffer/store"));
        CHECK(place.shelf->documents.write(std::move(changes)).has_value());
        const auto before = place.shelf->documents.find(Query()).value().documents.size();
        auto again = place.store();
        const auto opened = co_await again->open(StoreIdentity());
        CHECK(opened.error() == error::storage_corrupt);
        CHECK(place.shelf->documents.find(Query()).value().documents.size() == before);
        CHECK(place.log.find("its first document is gone") != std::string::npos);
    });
}

TEST_CASE("a store whose documents were removed by others is damaged, and one that lost some is, too") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        const auto failed = co_await append(*store, chunk(1, 10, 2));
        CHECK_FALSE(failed);
        const auto id = detail::StoreNames("buffer").chunk("stream", 1);
        place.shelf->change(Change::remove(id));
        auto half = chunk(1, 10, 2);
        half.live = 1;
        std::vector<Settlement> one(1, Settlement(half));
        const auto settled = co_await settle(*store, one);
        CHECK(settled == error::storage_corrupt);
        for (const auto& document : place.shelf->all()) place.shelf->change(Change::remove(document.id));
        const auto stored = co_await append(*store, chunk(3));
        CHECK(stored == error::storage_corrupt);
        CHECK(place.log.find("its documents are gone") != std::string::npos);
    });
}

TEST_CASE("what the repository says is for the log, once, and a storage's own errors are passed on") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        const auto failed = co_await append(*store, chunk(1));
        CHECK_FALSE(failed);
        for (const auto& [said, meant] : {std::pair(error::access_denied, error::storage_failed),
                                          std::pair(error::storage_full, error::storage_full),
                                          std::pair(error::storage_locked, error::storage_locked)}) {
            place.shelf->get_error = said;
            for (int i = 0; i < 3; ++i) {
                const auto read = co_await store->read("stream", 0, no_limit);
                CHECK(read.error() == meant);
            }
            place.shelf->get_error.reset();
            const auto found = co_await sequences(*store);
            CHECK(found == Firsts{1});
        }
        const std::string_view words = "grant it in IAM";
        CHECK(place.log.find(words) != std::string::npos);
        CHECK(place.log.find(words) == place.log.rfind(words));
    });
}

TEST_CASE("what can never be stored is refused, with all that came in the same call") {
    run([](asio::io_context&) -> awaitable<void> {
        Place place;
        auto store = co_await place.open();
        std::vector<Chunk> used{chunk(5, 10, 10), chunk(14)};
        const auto reused = co_await append(*store, std::move(used));
        CHECK(reused == error::storage_failed);
        std::vector<Chunk> huge{chunk(5), chunk(6, detail::StoredChunk::largest_body + 1)};
        const auto large = co_await append(*store, std::move(huge));
        CHECK(large == error::record_too_large);
        const auto ended = co_await append(*store, chunk(std::numeric_limits<std::uint64_t>::max() - 5));
        CHECK(ended == error::storage_failed);
        const auto named = co_await append(*store, chunk(5, 10, 1, std::string(2'048, 'x')));
        CHECK(named == error::storage_failed);
        CHECK(place.shelf->chunk_ids().empty());
        auto empty = chunk(5);
        empty.live = 0;
        const auto nothing = co_await append(*store, std::move(empty));
        CHECK_FALSE(nothing);
        CHECK(place.shelf->chunk_ids().empty());
        auto again = co_await place.open();
        CHECK(place.next == 6);
    });
}
