#include <sluice/detail/strand_of.hpp>

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <utility>

namespace {

namespace asio = boost::asio;
using sluice::detail::strand_of;

/// How many handlers run at once, at most, when many are posted to a strand; and whether all of them ran, in order.
class Crowd {
public:
    explicit Crowd(asio::any_io_executor strand) : strand_(std::move(strand)) {
        for (int i = 0; i < size; ++i) asio::post(strand_, [this, i] { run(i); });
    }

    void check() const {
        CHECK(next_ == size);
        CHECK(in_order_);
        CHECK(alone_);
    }

private:
    static constexpr int size = 1'000;

    void run(int i) {
        if (inside_.exchange(true)) alone_ = false;
        if (next_++ != i) in_order_ = false;
        inside_ = false;
    }

    asio::any_io_executor strand_;
    std::atomic<bool> inside_{false};
    std::atomic<bool> alone_{true};
    bool in_order_ = true;
    int next_ = 0;
};

TEST_CASE("a strand of an io_context is one of its own executor") {
    asio::io_context context;
    const auto strand = strand_of(context.get_executor());
    CHECK(strand.target<asio::strand<asio::io_context::executor_type>>() != nullptr);
    const Crowd crowd(strand);
    context.run();
    crowd.check();
}

TEST_CASE("whatever else there is has a strand, too") {
    asio::thread_pool pool(4);
    const Crowd on_pool(strand_of(pool.get_executor()));
    const Crowd on_strand(strand_of(asio::make_strand(pool.get_executor())));
    pool.join();
    on_pool.check();
    on_strand.check();
}

TEST_CASE("what is at work on a strand keeps its context running") {
    asio::io_context context;
    const asio::any_io_executor tracked =
        asio::prefer(strand_of(context.get_executor()), asio::execution::outstanding_work.tracked);
    CHECK(context.poll() == 0);
    CHECK_FALSE(context.stopped());
}

} // namespace
