// What does try_put cost the thread that calls it?

#include "harness.hpp"
#include "null_destination.hpp"
#include "records.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <thread>

namespace {

thread_local std::size_t allocated_here = 0;
std::atomic<std::size_t> allocated{0};

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocated_here;
    allocated.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

constexpr std::size_t record_count = 400'000;

/// The yardstick: no queue can do less than lock, and copy what it is given.
class Arena {
public:
    Arena() { bytes_.reserve(size); }

    void put(const sluice::RecordView& record) {
        const std::lock_guard lock(mutex_);
        if (bytes_.size() + record.partition_key->size() + record.data.size() > size) bytes_.clear();
        bytes_.append(*record.partition_key).append(record.data);
    }

private:
    static constexpr std::size_t size = 1U << 20U;

    std::mutex mutex_;
    std::string bytes_;
};

/// What a call costs the thread that makes it.
class Cost {
public:
    double nanoseconds = 0;
    double allocations = 0;
};

/// Calls `put` in bursts of so many, and lets `between` follow each, which does not count.
template <class Put, class Between>
Cost cost_of(Put put, std::size_t burst, Between between) {
    Cost cost;
    for (std::size_t done = 0; done < record_count; done += burst) {
        const auto before = allocated_here;
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (std::size_t i = 0; i < burst; ++i) put(i);
        cost.nanoseconds += watch.nanoseconds() / static_cast<double>(record_count);
        cost.allocations += static_cast<double>(allocated_here - before) / static_cast<double>(record_count);
        between();
    }
    return cost;
}

template <class Put>
double time_of(Put put) {
    return cost_of(put, record_count, [] {}).nanoseconds;
}

/// The same while another thread does it, too.
template <class Put>
double contended_time_of(Put put) {
    std::atomic<bool> done{false};
    std::atomic<bool> ready{false};
    std::thread rival([&] {
        for (std::size_t i = 0; !done && i < record_count; ++i) {
            put(i);
            ready = true;
        }
    });
    while (!ready) std::this_thread::yield();
    const auto time = time_of(put);
    done = true;
    rival.join();
    return time;
}

sluice::Options options() {
    sluice::Options options("benchmark");
    options.buffer_bytes = std::size_t{1} << 30U;
    return options;
}

} // namespace

int main() {
    const bench::Records records(1'024, 100);
    sluice::BlockingProducer producer(options(), bench::NullDestination(),
                                      sluice::StaticCredentials("nobody", sluice::Secret("nothing")));
    const auto drain = [&] { static_cast<void>(producer.flush()); };
    const auto try_put = [&](std::size_t i) {
        if (producer.try_put(records[i])) std::abort();
    };
    Arena arena;
    const auto copy = [&](std::size_t i) { arena.put(records[i]); };

    bench::Series steady, allocations, flood, together, whole, all_allocations, arena_alone, arena_together;
    bench::repeat(9, [&](bool counts) {
        const auto everywhere = allocated.load();
        const bench::Stopwatch process(bench::Stopwatch::process);
        const auto in_bursts = cost_of(try_put, 10'000, drain);
        const auto all = process.nanoseconds() / static_cast<double>(record_count);
        const auto anybody = static_cast<double>(allocated - everywhere) / static_cast<double>(record_count);
        const auto copied = time_of(copy);
        const auto at_once = time_of(try_put);
        drain();
        const auto two = contended_time_of(try_put);
        drain();
        const auto copied_by_two = contended_time_of(copy);
        if (!counts) return;
        steady.add(in_bursts.nanoseconds);
        allocations.add(in_bursts.allocations);
        flood.add(at_once);
        together.add(two);
        whole.add(all);
        all_allocations.add(anybody);
        arena_alone.add(copied);
        arena_together.add(copied_by_two);
    });

    bench::Table table("A put, on the thread that calls",
                       "Nanoseconds of that thread for each record; a destination takes everything at once. The "
                       "yardstick is a lock and a copy of key and data, which no queue can do without.");
    table.row("try_put, 100 B, the queue short: thread CPU", " ns", steady, arena_alone, "<= 60 ns");
    table.row("the same, the queue growing to 400,000", " ns", flood, arena_alone, "");
    table.row("the same, from two threads at once", " ns", together, arena_together, "");
    table.row("allocations a try_put, on its thread", "", allocations, {}, "none in steady state");
    table.row("put to outcome, 100 B, no I/O: process CPU", " ns", whole, arena_alone, "");
    table.row("allocations a record, all threads", "", all_allocations, {}, "");
}
