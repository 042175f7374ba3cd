#include "run.hpp"
#include "storage/temporary.hpp"
#include "world.hpp"

#include <sluice/storage/conformance.hpp>
#include <sluice/storage/memory.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;

namespace {

/// One suite a model: it takes the compiler a while.
template <Storage Model>
std::vector<std::string> violations(std::function<Model()> make) {
    std::vector<std::string> found;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        found = co_await check_storage(make, world.world);
    });
    return found;
}

/// Recipes for a model, each for a store of its own.
template <class Model>
class Maker;

template <>
class Maker<MemoryStorage> {
public:
    MemoryStorage operator()() { return MemoryStorage(); }
};

template <>
class Maker<SqliteStorage> {
public:
    SqliteStorage operator()() { return SqliteStorage(directory_ / std::to_string(++made_)); }

private:
    TemporaryDirectory directory_;
    int made_ = 0;
};

/// What a storage can do wrong; each must be noticed.
enum class Fault {
    drops_settle,
    settles_without_deleting,
    reads_unordered,
    reuses_sequences,
    ignores_max,
    gives_nothing_above_max,
    forgets_attempts,
    forgets_bits,
    cuts_bodies_at_nul,
    folds_case,
    reads_from_after,
    appends_the_good_ones,
    counts_the_settled,
    makes_what_it_settles,
    clears_one_stream,
    forgets_the_oldest,
    delays_settle,
    count, ///< Nothing wrong.
};

class Broken {
public:
    using policy_kind = kind::storage;

    explicit Broken(Fault fault) : fault_(fault) {}

    class Running {
    public:
        Running(Fault fault, MemoryStorage::Running whole) : fault_(fault), whole_(std::move(whole)) {}

        asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
            for (auto& chunk : chunks) {
                settled_ += chunk.count;
                if (fault_ == Fault::forgets_attempts) chunk.attempts.clear();
                if (fault_ == Fault::forgets_bits) chunk.settled = SettledBits(chunk.count);
                if (fault_ == Fault::forgets_the_oldest) chunk.oldest_put = {};
                if (fault_ == Fault::folds_case && chunk.stream == "Stream") chunk.stream = "stream";
                if (fault_ == Fault::cuts_bodies_at_nul) {
                    chunk.body = std::make_shared<const std::string>(chunk.body->c_str());
                }
            }
            if (fault_ != Fault::appends_the_good_ones) co_return co_await whole_.append(std::move(chunks));
            result<void> last;
            for (auto& chunk : chunks) {
                std::vector<Chunk> one(1, std::move(chunk));
                last = co_await whole_.append(std::move(one));
            }
            co_return last;
        }

        asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after, std::size_t max) {
            if (fault_ == Fault::ignores_max) max = std::size_t{1} << 40U;
            if (fault_ == Fault::reads_from_after && after > 0) --after;
            auto found = co_await whole_.read(stream, after, max);
            if (fault_ == Fault::reads_unordered) std::reverse(found->begin(), found->end());
            if (fault_ == Fault::gives_nothing_above_max && !found->empty() && found->front().body->size() > max) {
                found->clear();
            }
            co_return found;
        }

        asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
            if (fault_ == Fault::drops_settle) co_return result<void>();
            for (auto& change : changes) {
                if (fault_ == Fault::settles_without_deleting && change.live == 0) change.live = 1;
                if (fault_ == Fault::forgets_attempts) change.attempts.clear();
                if (fault_ == Fault::makes_what_it_settles) co_await make(change);
            }
            if (fault_ == Fault::delays_settle) {
                for (int i = 0; i < 100; ++i) co_await asio::post(asio::use_awaitable);
            }
            co_return co_await whole_.settle(std::move(changes));
        }

        asio::awaitable<result<std::vector<std::string>>> streams() { return whole_.streams(); }

        asio::awaitable<result<StoreUsage>> usage() {
            auto all = co_await whole_.usage();
            if (fault_ == Fault::counts_the_settled) all->records = settled_;
            co_return all;
        }

        asio::awaitable<result<void>> clear() {
            if (fault_ != Fault::clears_one_stream) co_return co_await whole_.clear();
            const auto names = co_await whole_.streams();
            for (std::size_t i = 0; i + 1 < names->size(); ++i) {
                auto chunks = co_await whole_.read((*names)[i], 0, std::size_t{1} << 40U);
                std::vector<Settlement> changes(chunks->begin(), chunks->end());
                for (auto& change : changes) change.live = 0;
                (void)co_await whole_.settle(std::move(changes));
            }
            co_return result<void>();
        }

        StoreIdentity identity() const {
            auto identity = whole_.identity();
            if (fault_ == Fault::reuses_sequences) identity.id.fill(1);
            return identity;
        }

        std::size_t max_chunk_bytes() const { return 1U << 20U; }
        bool persistent() const { return false; }

    private:
        asio::awaitable<void> make(Settlement change) {
            const auto there = co_await whole_.read(change.stream, change.first - 1, 1);
            if (!there->empty()) co_return;
            Chunk made(change.stream, change.first, 1, std::make_shared<const std::string>());
            std::vector<Chunk> one(1, std::move(made));
            (void)co_await whole_.append(std::move(one));
        }

        Fault fault_;
        MemoryStorage::Running whole_;
        std::uint64_t settled_ = 0;
    };

    asio::awaitable<result<Running>> open(World& world) const {
        auto whole = co_await MemoryStorage().open(world);
        co_return Running(fault_, std::move(*whole));
    }

private:
    Fault fault_;
};

/// Loses at its `close` what it has to keep.
class ForgetsAtClose {
public:
    using policy_kind = kind::storage;

    explicit ForgetsAtClose(SqliteStorage whole) : whole_(std::move(whole)) {}

    class Running : public SqliteStorage::Running {
    public:
        explicit Running(SqliteStorage::Running whole) : SqliteStorage::Running(std::move(whole)) {}

        asio::awaitable<void> close() {
            (void)co_await clear();
        }
    };

    asio::awaitable<result<Running>> open(World& world) const {
        auto whole = co_await whole_.open(world);
        if (!whole) co_return whole.error();
        co_return Running(std::move(*whole));
    }

private:
    SqliteStorage whole_;
};

class NoStorage {
public:
    using policy_kind = kind::storage;
};

class WrongKind : public MemoryStorage {
public:
    using policy_kind = kind::clock;
};

/// Lacks `clear`.
class HalfRunning {
public:
    asio::awaitable<result<void>> append(std::vector<Chunk>);
    asio::awaitable<result<std::vector<Chunk>>> read(std::string, std::uint64_t, std::size_t);
    asio::awaitable<result<void>> settle(std::vector<Settlement>);
    asio::awaitable<result<std::vector<std::string>>> streams();
    asio::awaitable<result<StoreUsage>> usage();
    StoreIdentity identity() const;
    std::size_t max_chunk_bytes() const;
    bool persistent() const;
};

class ClearingRunning : public HalfRunning {
public:
    asio::awaitable<result<void>> clear();
};

static_assert(Storage<MemoryStorage>);
static_assert(Storage<SqliteStorage>);
static_assert(Storage<Broken>);
static_assert(!Storage<NoStorage>);
static_assert(!Storage<WrongKind>);
static_assert(!Storage<int>);
static_assert(RunningStorage<ClearingRunning>);
static_assert(!RunningStorage<HalfRunning>);
static_assert(!RunningStorage<MemoryStorage>, "a recipe does not run");

} // namespace

TEST_CASE_TEMPLATE("a storage keeps every rule of its concept", Model, MemoryStorage, SqliteStorage) {
    Maker<Model> maker;
    const auto found = violations<Model>([&] { return maker(); });
    for (const auto& rule : found) FAIL_CHECK(rule);
    CHECK(found.empty());
}

TEST_CASE("SqliteStorage keeps every rule on an executor of the user's, even on the strand itself") {
    Maker<SqliteStorage> maker;
    asio::thread_pool pool(2);
    const auto on_pool = violations<SqliteStorage>([&] { return maker().on(pool.get_executor()); });
    for (const auto& rule : on_pool) FAIL_CHECK(rule);
    std::vector<std::string> on_strand;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        std::function<SqliteStorage()> make = [&] { return maker().on(context.get_executor()); };
        on_strand = co_await check_storage(make, world.world);
    });
    for (const auto& rule : on_strand) FAIL_CHECK(rule);
    CHECK(on_pool.size() + on_strand.size() == 0);
}

TEST_CASE("the conformance suite closes what can be closed, and looks what became of it") {
    Maker<SqliteStorage> maker;
    const auto found = violations<ForgetsAtClose>([&] { return ForgetsAtClose(maker()); });
    CHECK(found == std::vector<std::string>{"What persists is there after reopening."});
}

TEST_CASE("the conformance suite notices every storage that is broken") {
    for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
        CAPTURE(fault);
        CHECK(!violations<Broken>([&] { return Broken(static_cast<Fault>(fault)); }).empty());
    }
    CHECK(violations<Broken>([] { return Broken(Fault::count); }).empty());
}
