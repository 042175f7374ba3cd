#pragma once

#include <sluice/storage/storage.hpp>
#include <sluice/world.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// The rules of `RunningStorage`, one member each, and which of them a storage broke. See `check_storage`.
template <class MakeRecipe>
class StorageConformance {
public:
    using Recipe = std::invoke_result_t<MakeRecipe&>;
    using Running = running_t<Recipe>;

    StorageConformance(MakeRecipe make, World& world) : make_(std::move(make)), world_(world) {}

    [[nodiscard]] asio::awaitable<std::vector<std::string>> check() {
        using Rule = asio::awaitable<void> (StorageConformance::*)(Running&);
        for (const Rule rule :
             {&StorageConformance::starts_empty, &StorageConformance::returns_what_it_took,
              &StorageConformance::reads_in_order, &StorageConformance::reads_pages,
              &StorageConformance::appends_all_or_nothing, &StorageConformance::takes_the_largest_chunk,
              &StorageConformance::overwrites_on_settle, &StorageConformance::deletes_what_is_settled,
              &StorageConformance::ignores_unknown_chunks, &StorageConformance::keeps_any_stream_name,
              &StorageConformance::sums_usage, &StorageConformance::clears, &StorageConformance::keeps_call_order,
              &StorageConformance::reads_its_own_writes}) {
            auto recipe = make_();
            auto storage = co_await recipe.open(world_);
            expect(storage.has_value(), "A recipe opens.");
            if (storage) co_await (this->*rule)(*storage);
        }
        co_await reopens();
        co_return std::move(violations_);
    }

private:
    void expect(bool kept, const char* rule) {
        if (!kept && (violations_.empty() || violations_.back() != rule)) violations_.emplace_back(rule);
    }

    static SharedBytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

    static wall_time at(int seconds) { return wall_time(std::chrono::seconds(1'700'000'000 + seconds)); }

    /// A chunk of `count` records which counts ten bytes a record, put so many seconds after an epoch.
    static Chunk chunk(std::string stream, std::uint64_t first, std::uint32_t count = 1, int seconds = 0) {
        auto body = "body of " + std::to_string(first);
        Chunk made(std::move(stream), first, count, bytes(std::move(body)));
        made.live_bytes = count * std::uint64_t{10};
        made.oldest_put = at(seconds);
        return made;
    }

    static Settlement settled(const Chunk& chunk) {
        Settlement change(chunk);
        change.live = 0;
        change.live_bytes = 0;
        for (std::uint32_t i = 0; i < chunk.count; ++i) change.settled.set(i);
        return change;
    }

    static bool same(const Chunk& a, const Chunk& b) {
        const auto text = [](const SharedBytes& body) { return body ? std::string_view(*body) : std::string_view(); };
        return a.stream == b.stream && a.first == b.first && a.count == b.count && a.live == b.live &&
               a.live_bytes == b.live_bytes && a.oldest_put == b.oldest_put && a.settled == b.settled &&
               a.attempts == b.attempts && text(a.body) == text(b.body);
    }

    static bool same(const std::vector<Chunk>& a, const std::vector<Chunk>& b) {
        if (a.size() != b.size()) return false;
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (!same(a[i], b[i])) return false;
        }
        return true;
    }

    asio::awaitable<void> store(Running& storage, std::vector<Chunk> chunks) {
        const auto stored = co_await storage.append(std::move(chunks));
        expect(stored.has_value(), "`append` takes chunks with new sequences.");
    }

    asio::awaitable<void> store(Running& storage, Chunk chunk) {
        std::vector<Chunk> one(1, std::move(chunk));
        co_await store(storage, std::move(one));
    }

    asio::awaitable<void> settle(Running& storage, std::vector<Settlement> changes) {
        const auto done = co_await storage.settle(std::move(changes));
        expect(done.has_value(), "`settle` succeeds.");
    }

    asio::awaitable<std::vector<Chunk>> read(Running& storage, std::string stream, std::uint64_t after = 0,
                                             std::size_t max = std::size_t{1} << 30U) {
        auto found = co_await storage.read(std::move(stream), after, max);
        expect(found.has_value(), "`read` succeeds.");
        if (!found) co_return std::vector<Chunk>();
        co_return std::move(*found);
    }

    asio::awaitable<StoreUsage> usage(Running& storage) {
        const auto found = co_await storage.usage();
        expect(found.has_value(), "`usage` succeeds.");
        co_return found ? *found : StoreUsage();
    }

    asio::awaitable<std::vector<std::string>> streams(Running& storage) {
        auto found = co_await storage.streams();
        expect(found.has_value(), "`streams` succeeds.");
        if (!found) co_return std::vector<std::string>();
        std::sort(found->begin(), found->end());
        co_return std::move(*found);
    }

    asio::awaitable<void> starts_empty(Running& storage) {
        const auto names = co_await streams(storage);
        const auto all = co_await usage(storage);
        const auto found = co_await read(storage, "stream");
        expect(names.empty() && found.empty(), "A new store has no streams and no chunks.");
        expect(all.records == 0 && all.bytes == 0 && all.oldest == wall_time::max(), "A new store's usage is zero.");
        expect(storage.identity().next_sequence > 0, "Sequences begin above zero, since `read` begins after it.");
        expect(storage.max_chunk_bytes() >= (1U << 20U), "`max_chunk_bytes` is at least 1 MiB.");
        auto other_recipe = make_();
        const auto other = co_await other_recipe.open(world_);
        expect(other && other->identity().id != storage.identity().id, "Every new store has an id of its own.");
    }

    asio::awaitable<void> returns_what_it_took(Running& storage) {
        const auto first = storage.identity().next_sequence;
        auto plain = chunk("stream", first, 9, 3);
        auto odd = chunk("stream", first + 9, 300, 4);
        std::string every;
        for (int i = 0; i < 512; ++i) every += static_cast<char>(i);
        odd.body = bytes(every);
        odd.live = 298;
        odd.live_bytes = (std::uint64_t{1} << 40U) + 1;
        odd.oldest_put += std::chrono::microseconds(123'456);
        odd.settled.set(0);
        odd.settled.set(299);
        odd.attempts.assign(300, 0);
        odd.attempts[7] = 255;
        auto empty = chunk("stream", first + 400, 1, 5);
        empty.body = bytes("");
        const std::vector<Chunk> all{plain, odd, empty};
        co_await store(storage, all);
        const auto found = co_await read(storage, "stream");
        expect(same(found, all), "`read` gives back exactly what `append` took: any body, bits, attempts, times.");
    }

    asio::awaitable<void> reads_in_order(Running& storage) {
        const auto first = storage.identity().next_sequence;
        for (std::uint64_t i = 0; i < 12; ++i) {
            auto one = chunk(i % 3 == 0 ? "a" : "b", first + 300 * i, 300);
            co_await store(storage, std::move(one));
        }
        const auto a = co_await read(storage, "a");
        const auto b = co_await read(storage, "b");
        expect(a.size() == 4 && b.size() == 8, "`read` gives the chunks of its stream, all of them, and no others.");
        for (const auto* found : {&a, &b}) {
            for (std::size_t i = 1; i < found->size(); ++i) {
                expect((*found)[i - 1].first < (*found)[i].first, "`read` gives the oldest first.");
            }
        }
        const auto later = co_await read(storage, "b", first + 300 * 4);
        expect(later.size() == 5 && later.front().first == first + 300 * 5, "`read` begins after `after`.");
        const auto between = co_await read(storage, "b", first + 300 * 4 - 1);
        expect(between.size() == 6, "`after` need not be a chunk's sequence.");
        const auto none = co_await read(storage, "b", first + 300 * 11);
        expect(none.empty(), "Nothing comes after the last chunk.");
    }

    asio::awaitable<void> reads_pages(Running& storage) {
        auto next = storage.identity().next_sequence;
        const auto first = next;
        for (int i = 0; i < 10; ++i, ++next) {
            auto one = chunk("stream", next);
            one.body = bytes(std::string(100, static_cast<char>('0' + i)));
            co_await store(storage, std::move(one));
        }
        const auto least = co_await read(storage, "stream", 0, 0);
        expect(least.size() == 1 && least.front().first == first, "`read` gives one chunk at least.");
        std::uint64_t after = 0;
        for (std::size_t seen = 0, pages = 0; seen < 10 && pages < 10; ++pages) {
            const auto page = co_await read(storage, "stream", after, 350);
            expect(!page.empty() && page.front().first == first + seen, "Pages follow one another without gaps.");
            expect(page.size() <= 4, "`read` stops when the bodies exceed `max`.");
            expect(page.size() >= 3 || seen + page.size() == 10, "`read` gives what fits into `max`.");
            if (page.empty()) break;
            seen += page.size();
            after = page.back().first;
        }
    }

    asio::awaitable<void> appends_all_or_nothing(Running& storage) {
        const auto first = storage.identity().next_sequence;
        std::vector<Chunk> good;
        for (std::uint64_t i = 0; i < 5; ++i) good.push_back(chunk(i % 2 == 0 ? "a" : "b", first + i));
        co_await store(storage, good);
        std::vector<Chunk> bad;
        bad.push_back(chunk("a", first + 10));
        bad.push_back(chunk("b", first + 2)); // A sequence that was used.
        const auto refused = co_await storage.append(std::move(bad));
        const auto a = co_await read(storage, "a");
        const auto b = co_await read(storage, "b");
        expect(a.size() + b.size() == (refused ? 7U : 5U), "`append` stores all of its chunks, or none and fails.");
        auto after = chunk("a", first + 20);
        co_await store(storage, std::move(after));
        const auto nothing = co_await storage.append(std::vector<Chunk>());
        expect(nothing.has_value(), "`append` of nothing succeeds.");
        co_await settle(storage, std::vector<Settlement>());
    }

    asio::awaitable<void> takes_the_largest_chunk(Running& storage) {
        auto largest = chunk("stream", storage.identity().next_sequence);
        largest.body = bytes(std::string(storage.max_chunk_bytes(), 'x'));
        co_await store(storage, largest);
        const auto found = co_await read(storage, "stream", 0, 1);
        expect(found.size() == 1 && same(found.front(), largest), "A body may have `max_chunk_bytes`.");
    }

    asio::awaitable<void> overwrites_on_settle(Running& storage) {
        const auto first = storage.identity().next_sequence;
        std::vector<Chunk> all;
        for (std::uint64_t i = 0; i < 3; ++i) all.push_back(chunk("stream", first + 1'000 * i, 1'000));
        co_await store(storage, all);
        for (int round = 0; round < 3; ++round) {
            std::vector<Settlement> changes;
            for (std::size_t i = 0; i < 2; ++i) {
                all[i].live -= 1;
                all[i].live_bytes -= 10;
                all[i].settled.set(static_cast<std::size_t>(round) * 400 + i);
                // The second round has attempts, the third none again.
                all[i].attempts.assign(round == 1 ? 1'000 : 0, static_cast<std::uint8_t>(200 + i));
                changes.emplace_back(all[i]);
            }
            co_await settle(storage, std::move(changes));
            const auto found = co_await read(storage, "stream");
            expect(same(found, all), "`settle` overwrites bits, attempts and live counts, and nothing else.");
        }
    }

    asio::awaitable<void> deletes_what_is_settled(Running& storage) {
        const auto first = storage.identity().next_sequence;
        std::vector<Chunk> all;
        for (std::uint64_t i = 0; i < 4; ++i) all.push_back(chunk("stream", first + 10 * i, 10));
        co_await store(storage, all);
        std::vector<Settlement> changes;
        changes.push_back(settled(all[2]));
        changes.push_back(settled(all[0]));
        changes.emplace_back(all[1]);
        changes.back().live = 4;
        co_await settle(storage, std::move(changes));
        const auto left = co_await read(storage, "stream");
        expect(left.size() == 2 && left[0].first == all[1].first && left[1].first == all[3].first,
               "`settle` deletes the chunks without live records, in any order, and no others.");
        expect(left.empty() || left[0].live == 4, "One `settle` deletes some chunks and changes others.");
        changes.clear();
        changes.push_back(settled(all[1]));
        changes.push_back(settled(all[3]));
        co_await settle(storage, std::move(changes));
        const auto names = co_await streams(storage);
        expect(names.empty(), "A stream without chunks is not among the `streams`.");
    }

    asio::awaitable<void> ignores_unknown_chunks(Running& storage) {
        const auto first = storage.identity().next_sequence;
        const auto known = chunk("stream", first, 10);
        co_await store(storage, known);
        std::vector<Settlement> changes;
        changes.push_back(settled(chunk("stream", first + 50, 10)));
        changes.push_back(settled(chunk("nowhere", first + 60, 10)));
        changes.push_back(settled(chunk("other", first, 10)));
        changes.emplace_back(chunk("stream", first + 70, 10));
        co_await settle(storage, std::move(changes));
        const auto found = co_await read(storage, "stream");
        expect(found.size() == 1 && same(found.front(), known), "`settle` ignores chunks that are not there.");
        const auto names = co_await streams(storage);
        expect(names.size() == 1, "`settle` makes no chunks and no streams.");
    }

    asio::awaitable<void> keeps_any_stream_name(Running& storage) {
        std::vector<std::string> names{"it's",    "\"quoted\"", "a;b--c",  "'); DROP TABLE chunks; --", "%_*?",
                                       "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x8C\x8A", "Stream", "stream", "stream ",
                                       std::string(128, 'x')};
        auto next = storage.identity().next_sequence;
        for (const auto& name : names) {
            auto one = chunk(name, next++);
            co_await store(storage, std::move(one));
        }
        for (const auto& name : names) {
            const auto found = co_await read(storage, name);
            expect(found.size() == 1 && found.front().stream == name, "Stream names are told apart byte by byte.");
        }
        std::sort(names.begin(), names.end());
        const auto listed = co_await streams(storage);
        expect(listed == names, "`streams` names each stream that has chunks, once.");
    }

    asio::awaitable<void> sums_usage(Running& storage) {
        const auto first = storage.identity().next_sequence;
        const auto oldest = chunk("a", first, 5, 10);
        std::vector<Chunk> all{oldest, chunk("b", first + 5, 3, 20), chunk("a", first + 8, 2, 30)};
        co_await store(storage, all);
        auto sum = co_await usage(storage);
        expect(sum.records == 10 && sum.bytes == 100, "`usage` is the sum over all streams.");
        expect(sum.oldest == at(10), "`usage` tells when the oldest record was put.");
        std::vector<Settlement> changes;
        changes.push_back(settled(oldest));
        changes.emplace_back(all[1]);
        changes.back().live = 1;
        changes.back().live_bytes = 7;
        co_await settle(storage, std::move(changes));
        sum = co_await usage(storage);
        expect(sum.records == 3 && sum.bytes == 27 && sum.oldest == at(20), "`usage` follows `settle`.");
    }

    asio::awaitable<void> clears(Running& storage) {
        const auto first = storage.identity().next_sequence;
        std::vector<Chunk> all{chunk("a", first, 5), chunk("b", first + 5, 3)};
        co_await store(storage, all);
        const auto cleared = co_await storage.clear();
        expect(cleared.has_value(), "`clear` succeeds.");
        const auto names = co_await streams(storage);
        const auto sum = co_await usage(storage);
        expect(names.empty() && sum.records == 0 && sum.bytes == 0 && sum.oldest == wall_time::max(),
               "`clear` deletes every chunk.");
        const auto later = chunk("a", first + 8, 5);
        co_await store(storage, later);
        const auto found = co_await read(storage, "a");
        expect(found.size() == 1 && same(found.front(), later), "A store that was cleared goes on.");
    }

    /// Calls that were begun one after the other, none of them awaited by the next.
    class Together {
    public:
        explicit Together(World& world) : executor_(world.executor()), ended_(executor_, steady_time::max()) {}

        void begin(asio::awaitable<result<void>> call) {
            ++left_;
            asio::co_spawn(executor_, std::move(call), [this](std::exception_ptr thrown, result<void> outcome) {
                failed_ = failed_ || thrown || !outcome;
                if (--left_ == 0) ended_.cancel();
            });
        }

        /// Whether all of them succeeded.
        asio::awaitable<bool> end() {
            error_code ignored;
            while (left_ > 0) co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_return !failed_;
        }

    private:
        asio::any_io_executor executor_;
        asio::steady_timer ended_;
        int left_ = 0;
        bool failed_ = false;
    };

    asio::awaitable<void> keeps_call_order(Running& storage) {
        constexpr std::uint64_t count = 40;
        const auto first = storage.identity().next_sequence;
        Together calls(world_);
        for (std::uint64_t i = 0; i < count; ++i) {
            std::vector<Chunk> one(1, chunk("stream", first + i));
            calls.begin(storage.append(std::move(one)));
            if (i == 9) calls.begin(storage.clear());
            if (i % 4 != 3) continue;
            std::vector<Settlement> change(1, settled(chunk("stream", first + i)));
            calls.begin(storage.settle(std::move(change)));
        }
        const auto all_well = co_await calls.end();
        expect(all_well, "Calls may be begun while others are under way.");
        const auto found = co_await read(storage, "stream");
        std::vector<std::uint64_t> wanted;
        for (auto i = std::uint64_t{10}; i < count; ++i) {
            if (i % 4 != 3) wanted.push_back(first + i);
        }
        std::vector<std::uint64_t> sequences;
        for (const auto& one : found) sequences.push_back(one.first);
        expect(sequences == wanted, "Calls take effect in the order in which they began.");
    }

    asio::awaitable<void> reads_its_own_writes(Running& storage) {
        const auto old = chunk("stream", storage.identity().next_sequence);
        co_await store(storage, old);
        const auto young = chunk("stream", old.first + 1);
        std::vector<Chunk> one(1, young);
        std::vector<Settlement> change(1, settled(old));
        const auto found = std::make_shared<std::vector<Chunk>>();
        Together calls(world_);
        calls.begin(storage.append(std::move(one)));
        calls.begin(storage.settle(std::move(change)));
        calls.begin(read_into(storage, found));
        const auto all_well = co_await calls.end();
        expect(all_well && found->size() == 1 && same(found->front(), young),
               "`read` sees what calls that began before it change.");
    }

    static asio::awaitable<result<void>> read_into(Running& storage, std::shared_ptr<std::vector<Chunk>> found) {
        auto all = co_await storage.read("stream", 0, std::size_t{1} << 20U);
        if (!all) co_return all.error();
        *found = std::move(*all);
        co_return result<void>();
    }

    /// Ids are never used twice, however a store was left; what persists is there again.
    asio::awaitable<void> reopens() {
        auto recipe = make_();
        StoreIdentity before;
        std::uint64_t used = 0;
        for (int round = 0; round < 3; ++round) {
            auto storage = co_await recipe.open(world_);
            expect(storage.has_value(), "A recipe opens again after its storage is gone, or closed.");
            if (!storage) co_return;
            const auto now = storage->identity();
            expect(round == 0 || now.id == before.id || !storage->persistent(), "A store that persists keeps its id.");
            expect(round == 0 || now.id != before.id || now.next_sequence > used, "No sequence is used twice.");
            const auto found = co_await read(*storage, "kept");
            expect(!storage->persistent() || found.size() == static_cast<std::size_t>(round),
                   "What persists is there after reopening.");
            std::vector<Chunk> all{chunk("kept", now.next_sequence, 10), chunk("gone", now.next_sequence + 10, 10)};
            co_await store(*storage, all);
            std::vector<Settlement> change(1, settled(all[1]));
            co_await settle(*storage, std::move(change));
            before = now;
            used = now.next_sequence + 19;
            if constexpr (ClosingStorage<Running>) {
                if (round > 0) co_await storage->close();
            }
        }
        co_await reopens_cleared(recipe, used, before);
    }

    asio::awaitable<void> reopens_cleared(Recipe& recipe, std::uint64_t used, StoreIdentity before) {
        {
            auto storage = co_await recipe.open(world_);
            if (!storage) co_return;
            const auto cleared = co_await storage->clear();
            expect(cleared.has_value(), "`clear` succeeds.");
        }
        const auto again = co_await recipe.open(world_);
        expect(again && (again->identity().id != before.id || again->identity().next_sequence > used),
               "Sequences go on after `clear`, reopened or not.");
    }

    MakeRecipe make_;
    World& world_;
    std::vector<std::string> violations_;
};

/// Holds a storage against every rule of `RunningStorage`: which it breaks, as sentences; none if it conforms.
///
/// `make()` gives a recipe for an empty store of its own each time. The recipe is opened several times, one after the
/// other: it must find the same store if that persists. Runs on the world's executor.
template <std::invocable MakeRecipe>
    requires Storage<std::invoke_result_t<MakeRecipe&>>
[[nodiscard]] asio::awaitable<std::vector<std::string>> check_storage(MakeRecipe make, World& world) {
    StorageConformance<MakeRecipe> suite(std::move(make), world);
    co_return co_await suite.check();
}

} // namespace sluice
