#include <sluice/detail/short_lock.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::detail::ShortLock;

/// So many threads, each of which does something so often.
template <class Do>
void in_threads(std::size_t threads, int times, Do once) {
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
        running.emplace_back([&] {
            for (int time = 0; time < times; ++time) once();
        });
    }
    for (auto& thread : running) thread.join();
}

} // namespace

TEST_CASE("a short lock lets one in at a time") {
    ShortLock lock;
    int inside = 0;
    int count = 0;
    bool alone = true;
    in_threads(4, 20'000, [&] {
        const std::lock_guard held(lock);
        alone = alone && ++inside == 1;
        ++count;
        --inside;
    });
    CHECK(alone);
    CHECK(count == 80'000);
}

TEST_CASE("whoever falls asleep over a short lock is woken, however many they are") {
    ShortLock lock;
    int count = 0;
    in_threads(6, 20, [&] {
        const std::lock_guard held(lock);
        ++count;
        std::this_thread::sleep_for(200us);
    });
    CHECK(count == 120);
    CHECK(lock.try_lock());
    lock.unlock();
}

TEST_CASE("a short lock that is taken is not taken again") {
    ShortLock lock;
    CHECK(lock.try_lock());
    CHECK_FALSE(lock.try_lock());
    lock.unlock();
    lock.lock();
    CHECK_FALSE(lock.try_lock());
    lock.unlock();
    CHECK(lock.try_lock());
    lock.unlock();
}
