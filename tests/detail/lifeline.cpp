#include <sluice/detail/lifeline.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace asio = boost::asio;

namespace {

class Tied final : public sluice::detail::Lifeline {
public:
    explicit Tied(const asio::any_io_executor& executor, std::function<void()> then = [] {})
        : Lifeline(executor), then_(std::move(then)) {}

    int ends = 0;

private:
    void context_ends() noexcept override {
        ++ends;
        const auto then = std::move(then_); // which may be the end of this object
        then();
    }

    std::function<void()> then_;
};

/// Notes, when it is destroyed, what a lifeline says then.
class LastLook {
public:
    LastLook(const Tied& tied, std::optional<bool>& seen) : tied_(&tied), seen_(&seen) {}
    LastLook(LastLook&& other) noexcept : tied_(std::exchange(other.tied_, nullptr)), seen_(other.seen_) {}
    ~LastLook() {
        if (tied_ != nullptr) *seen_ = tied_->holds();
    }

    void operator()() const {}

private:
    const Tied* tied_;
    std::optional<bool>* seen_;
};

} // namespace

TEST_CASE("a lifeline holds until its context is destroyed, and may be asked for ever") {
    std::optional<Tied> tied;
    {
        asio::io_context context;
        tied.emplace(context.get_executor());
        CHECK(tied->holds());
        context.run();
        context.stop(); // it may be restarted: what is posted is not lost
        CHECK(tied->holds());
        CHECK(tied->ends == 0);
    }
    CHECK_FALSE(tied->holds());
    CHECK(tied->ends == 1);
}

TEST_CASE("a lifeline is tied to the context under its executor, and to no other") {
    asio::thread_pool pool(1);
    Tied pooled(pool.get_executor());
    std::optional<Tied> on_strand, on_tracked;
    {
        asio::io_context context;
        on_strand.emplace(asio::make_strand(asio::any_io_executor(context.get_executor())));
        on_tracked.emplace(asio::require(context.get_executor(), asio::execution::outstanding_work.tracked));
        // The executors themselves must not outlive the context; a lifeline keeps none.
    }
    CHECK_FALSE(on_strand->holds());
    CHECK_FALSE(on_tracked->holds());
    CHECK(pooled.holds());
    pool.join();
    CHECK(pooled.holds());
}

TEST_CASE("every lifeline is told once, and one that is gone before is not") {
    asio::io_context other;
    Tied elsewhere(other.get_executor());
    std::optional<Tied> first, second, third;
    {
        asio::io_context context;
        first.emplace(context.get_executor());
        second.emplace(context.get_executor());
        third.emplace(context.get_executor());
        second.reset();
    }
    CHECK(first->ends == 1);
    CHECK(third->ends == 1);
    CHECK(elsewhere.ends == 0);
}

TEST_CASE("whoever is told may destroy itself and others") {
    int told = 0;
    std::unique_ptr<Tied> first, second, third;
    {
        asio::io_context context;
        third = std::make_unique<Tied>(context.get_executor(), [&] {
            ++told;
            third.reset();
        });
        first = std::make_unique<Tied>(context.get_executor(), [&] {
            ++told;
            second.reset();
        });
        second = std::make_unique<Tied>(context.get_executor(), [&] {
            ++told;
            first.reset();
        });
    }
    CHECK(told == 2); // one of the two that end each other, and the third
    CHECK_FALSE(third);
}

TEST_CASE("handlers that are destroyed with their queue find their context dead already") {
    std::optional<bool> queued, on_strand;
    std::optional<Tied> tied;
    {
        asio::io_context context;
        const auto strand = asio::make_strand(context); // first, as in a producer: what is older dies later
        tied.emplace(strand);
        asio::post(context, LastLook(*tied, queued));
        asio::post(strand, LastLook(*tied, on_strand));
        CHECK_FALSE(queued);
    }
    CHECK(queued == false);
    CHECK(on_strand == false);
}

TEST_CASE("handlers of a queue that dies while the context can still destroy what is posted may post") {
    // The timers' service is younger than the lifeline's, and is shut down first: its handlers find the context alive.
    // What they post then must be destroyed all the same.
    bool destroyed = false;
    {
        asio::io_context context;
        const auto tied = std::make_shared<Tied>(context.get_executor());
        asio::steady_timer timer(context, std::chrono::hours(1));
        const auto flag = std::shared_ptr<bool>(&destroyed, [](bool* it) { *it = true; });
        const auto post_later = [&context, tied, flag](void*) {
            if (tied->holds()) asio::post(context, [flag] {});
        };
        timer.async_wait([guard = std::unique_ptr<void, std::function<void(void*)>>(&destroyed, post_later)](auto) {});
    }
    CHECK(destroyed);
}
