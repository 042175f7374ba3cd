#include <sluice/detail/group_commit.hpp>

#include "run.hpp"

#include <boost/asio/co_spawn.hpp>

#include <stdexcept>

using namespace sluice;
using namespace sluice::detail;

namespace {

/// What a `FakeStore` did.
class Journal {
public:
    std::vector<int> committed;
    int commits = 0;
    int rollbacks = 0;
    int maintained = 0;
    int recovered_together = 0;
    int recovered_alone = 0;
    int recoveries = 0; ///< So many times work is worth trying again.
    bool closed = false;
    error_code begin_failure;
    int failing_commits = 0; ///< So many commits still fail.
};

class FakeStore {
public:
    explicit FakeStore(Journal& journal) : journal_(journal) {}
    FakeStore(const FakeStore&) = delete;
    FakeStore& operator=(const FakeStore&) = delete;
    ~FakeStore() { journal_.closed = true; }

    result<void> begin(wall_time) {
        if (journal_.begin_failure) return journal_.begin_failure;
        return {};
    }

    result<void> commit() {
        if (journal_.failing_commits > 0) {
            --journal_.failing_commits;
            return error::storage_full;
        }
        ++journal_.commits;
        journal_.committed.insert(journal_.committed.end(), written.begin(), written.end());
        written.clear();
        return {};
    }

    void rollback(error_code why, wall_time) {
        ++journal_.rollbacks;
        written.clear();
        remark_ = why.message();
    }

    bool recover(bool alone, int round) {
        if (round >= journal_.recoveries) return false;
        (alone ? journal_.recovered_alone : journal_.recovered_together) += 1;
        remark_.clear();
        return true;
    }

    void maintain() { ++journal_.maintained; }
    std::string take_remark() { return std::exchange(remark_, {}); }

    std::vector<int> written;

private:
    Journal& journal_;
    std::string remark_;
};

/// Writes a number, or fails where it is negative, or throws where it is zero.
class Write {
public:
    explicit Write(int its_number) : number(its_number) {}

    result<int> operator()(FakeStore& store) const {
        if (number == 0) throw std::runtime_error("zero");
        if (number < 0) return error::malformed;
        store.written.push_back(number);
        return number;
    }

    int number;
};

/// Starts a write of each number at once; the outcomes in the order of the completions.
std::vector<result<int>> write_all(Journal& journal, const std::vector<int>& numbers, std::string* logged = nullptr) {
    std::vector<result<int>> outcomes;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        const auto log = std::make_shared<const Log>([&](LogLevel, std::string_view line) {
            if (logged) *logged += line;
        });
        GroupCommit<FakeStore> commits(context.get_executor(), context.get_executor(), log, journal);
        for (const auto number : numbers) {
            asio::co_spawn(context, commits.perform<int>({}, Write(number)),
                           [&](std::exception_ptr, result<int> outcome) { outcomes.push_back(outcome); });
        }
        while (outcomes.size() < numbers.size()) co_await asio::post(asio::use_awaitable);
        CHECK(!journal.closed);
    });
    CHECK(journal.closed);
    return outcomes;
}

} // namespace

TEST_CASE("calls that wait at the same time share one commit, in their order") {
    Journal journal;
    const auto outcomes = write_all(journal, {1, 2, 3, 4, 5});
    CHECK(journal.committed == std::vector<int>{1, 2, 3, 4, 5});
    CHECK(journal.commits == 1);
    CHECK(journal.maintained == 1);
    for (std::size_t i = 0; i < 5; ++i) CHECK(outcomes[i].value() == static_cast<int>(i) + 1);
}

TEST_CASE("a call that fails or throws fails alone, and leaves its neighbours in order") {
    Journal journal;
    const auto outcomes = write_all(journal, {1, -2, 3, 0, 5});
    CHECK(journal.committed == std::vector<int>{1, 3, 5});
    CHECK(outcomes[0].value() == 1);
    CHECK(outcomes[1].error() == error::malformed);
    CHECK(outcomes[2].value() == 3);
    CHECK(outcomes[3].error() == error::storage_failed);
    CHECK(outcomes[4].value() == 5);
}

TEST_CASE("a commit that fails is tried call by call") {
    Journal journal;
    journal.failing_commits = 2;
    const auto outcomes = write_all(journal, {1, 2, 3});
    CHECK(outcomes[0].error() == error::storage_full);
    CHECK(outcomes[1].value() == 2);
    CHECK(outcomes[2].value() == 3);
    CHECK(journal.committed == std::vector<int>{2, 3});
}

TEST_CASE("work is tried again as often as the store can make room for it, together and then alone") {
    std::string logged;
    Journal together;
    together.recoveries = 2;
    together.failing_commits = 2;
    auto outcomes = write_all(together, {1, 2, 3}, &logged);
    CHECK(together.recovered_together == 2);
    CHECK(together.recovered_alone == 0);
    CHECK(together.commits == 1);
    CHECK(logged.empty()); // Nobody was refused.

    Journal alone;
    alone.recoveries = 2;
    alone.failing_commits = 3 + 2 + 3;
    outcomes = write_all(alone, {1, 2, 3}, &logged);
    CHECK(alone.recovered_together == 2);
    CHECK(alone.recovered_alone == 4);
    CHECK(outcomes[0].error() == error::storage_full);
    CHECK(outcomes[1].value() == 2);
    CHECK(outcomes[2].value() == 3);
    CHECK(alone.committed == std::vector<int>{2, 3});
    CHECK(logged == error_code(error::storage_full).message());
}

TEST_CASE("what a call throws is in the log, once an attempt") {
    Journal journal;
    std::string logged;
    write_all(journal, {0}, &logged);
    CHECK(logged.find("threw: zero") != std::string::npos);
}

TEST_CASE("a store that cannot begin fails every call and says why in the log") {
    Journal journal;
    journal.begin_failure = error::storage_locked;
    std::string logged;
    const auto outcomes = write_all(journal, {1, 2}, &logged);
    for (const auto& outcome : outcomes) CHECK(outcome.error() == error::storage_locked);
    CHECK(logged.find(error_code(error::storage_locked).message()) == 0);
}

TEST_CASE("with a thread of its own, the destructor waits for what was begun and closes the store") {
    Journal journal;
    int completed = 0;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        const auto log = std::make_shared<const Log>();
        {
            GroupCommit<FakeStore> commits(context.get_executor(), {}, log, journal);
            for (int i = 1; i <= 100; ++i) {
                asio::co_spawn(context, commits.perform<int>({}, Write(i)),
                               [&](std::exception_ptr, result<int> outcome) { completed += outcome ? 1 : 0; });
            }
            co_await asio::post(asio::use_awaitable);
            co_await asio::post(asio::use_awaitable);
        }
        CHECK(journal.closed);
        CHECK(journal.committed.size() == 100);
    });
    CHECK(completed == 100);
}

TEST_CASE("a patient call begins by itself, and with whatever is submitted in the same breath") {
    for (const bool company : {false, true}) {
        Journal journal;
        int completed = 0;
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            const auto log = std::make_shared<const Log>();
            GroupCommit<FakeStore> commits(context.get_executor(), {}, log, journal);
            const auto count = [&](std::exception_ptr, result<int> outcome) { completed += outcome ? 1 : 0; };
            asio::co_spawn(context, commits.perform<int>({}, Write(1), true), count);
            asio::co_spawn(context, commits.perform<int>({}, Write(2), true), count);
            if (company) asio::co_spawn(context, commits.perform<int>({}, Write(3)), count);
            while (completed < (company ? 3 : 2)) co_await asio::post(asio::use_awaitable);
        });
        CHECK(journal.commits == 1);
        CHECK(journal.committed.size() == (company ? 3U : 2U));
    }
}

TEST_CASE("the destructor waits for patient calls, too") {
    for (const bool own_thread : {false, true}) {
        Journal journal;
        int completed = 0;
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            const auto log = std::make_shared<const Log>();
            const asio::any_io_executor home = context.get_executor();
            {
                GroupCommit<FakeStore> commits(home, own_thread ? asio::any_io_executor() : home, log, journal);
                asio::co_spawn(context, commits.perform<int>({}, Write(1), true),
                               [&](std::exception_ptr, result<int> outcome) { completed += outcome ? 1 : 0; });
                co_await asio::post(asio::use_awaitable);
            }
            CHECK((journal.closed || !own_thread));
        });
        CHECK(journal.closed);
        CHECK(journal.committed == std::vector<int>{1});
        CHECK(completed == 1);
    }
}

TEST_CASE("with an executor, what was queued is done there after the destructor") {
    Journal journal;
    int completed = 0;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        const auto log = std::make_shared<const Log>();
        {
            auto commits = std::make_unique<GroupCommit<FakeStore>>(context.get_executor(), context.get_executor(),
                                                                    log, journal);
            asio::co_spawn(context, commits->perform<int>({}, Write(1)),
                           [&](std::exception_ptr, result<int> outcome) { completed += outcome ? 1 : 0; });
            while (journal.committed.empty() && completed == 0) {
                auto moved = std::make_unique<GroupCommit<FakeStore>>(std::move(*commits));
                commits = std::move(moved);
                co_await asio::post(asio::use_awaitable);
            }
        }
    });
    CHECK(completed == 1);
    CHECK(journal.closed);
}

TEST_CASE("handlers that wait when their context ends are destroyed, and whatever they own") {
    Journal journal;
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = owned;
    {
        asio::io_context context;
        const auto log = std::make_shared<const Log>();
        auto waiting = [](asio::io_context& its_context, Journal& its_journal, std::shared_ptr<const Log> its_log,
                          std::shared_ptr<int>) -> asio::awaitable<void> {
            // It owns the queue that its own handler waits in.
            GroupCommit<FakeStore> commits(its_context.get_executor(), its_context.get_executor(), its_log,
                                           its_journal);
            (void)co_await commits.perform<int>({}, Write(1));
        };
        asio::co_spawn(context, waiting(context, journal, log, std::move(owned)), [](std::exception_ptr) {});
        context.poll_one();
        CHECK(!watched.expired());
    }
    CHECK(watched.expired());
    CHECK(journal.closed);
    CHECK(journal.committed.empty());
}
