// What does it cost to put user records into an aggregate?

#include "harness.hpp"
#include "one_processor.hpp"
#include "records.hpp"

#include <sluice/aws/digest.hpp>
#include <sluice/batching/batching.hpp>
#include <sluice/kinesis/aggregate_size.hpp>
#include <sluice/kinesis/aggregate_writer.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::size_t allocations = 0;

} // namespace

// NOLINTBEGIN: counted, for it is part of the question
// Out of line, or g++ takes free() for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* room = std::malloc(size == 0 ? 1 : size)) return room;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }
// NOLINTEND

namespace {

/// Aggregates of one size, one after another, from records of 100 bytes.
class Aggregation {
public:
    Aggregation(std::size_t most, std::size_t keys, int count) : lines_(20'000, 100), most_(most), count_(count) {
        for (std::size_t i = 0; i < 20'000; ++i) records_.emplace_back(*lines_[i % keys].partition_key, lines_[i].data);
    }

    /// Nanoseconds for each user record.
    double ours() {
        const auto before = allocations;
        std::size_t added = 0, next = 0;
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (int i = 0; i < count_; ++i) {
            size_.clear();
            writer_.clear();
            while (add(records_[next])) {
                if (++next == records_.size()) next = 0;
            }
            out_.clear();
            writer_.append_to(out_);
            added += writer_.records();
        }
        const auto time = watch.nanoseconds();
        allocated_ = static_cast<double>(allocations - before) / count_;
        in_each_ = static_cast<double>(added) / count_;
        return time / static_cast<double>(added);
    }

    /// The yardstick: all data copied together from where they lie, as many bytes as an aggregate has digested, and
    /// nothing else.
    double floor() {
        copy_.resize(out_.size());
        std::size_t next = 0;
        int sum = 0;
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (int i = 0; i < count_; ++i) {
            char* to = copy_.data();
            for (auto left = static_cast<std::size_t>(in_each_); left > 0; --left) {
                const auto data = records_[next].data;
                std::memcpy(to, data.data(), data.size());
                to += data.size();
                if (++next == records_.size()) next = 0;
            }
            sum += sluice::aws::md5(copy_)[0];
        }
        const auto time = watch.nanoseconds();
        if (sum < 0) std::puts("");
        return time / (count_ * in_each_);
    }

    [[nodiscard]] double allocated() const { return allocated_; }
    [[nodiscard]] double in_each() const { return in_each_; }
    [[nodiscard]] double bytes() const { return static_cast<double>(out_.size()) / in_each_; }

private:
    class Line {
    public:
        Line(std::string_view its_key, std::string_view its_data) : key(its_key), data(its_data) {}

        std::string_view key;
        std::string_view data;
    };

    /// Adds a record as a batching does, which plans and writes; false if the aggregate is full.
    bool add(const Line& line) {
        const sluice::Candidate record(line.key, {}, line.data);
        const auto fit = size_.fit(record);
        if (fit.whole > most_) return false;
        size_.add(record, fit);
        writer_.add(record, fit.key.index);
        return true;
    }

    bench::Records lines_;
    std::vector<Line> records_;
    std::size_t most_;
    int count_;
    sluice::kinesis::AggregateSize size_;
    sluice::kinesis::AggregateWriter writer_;
    std::string out_;
    std::string copy_;
    double allocated_ = 0;
    double in_each_ = 0;
};

void measure(bench::Table& table, std::string_view what, std::size_t most, std::size_t keys, int count) {
    Aggregation aggregation(most, keys, count);
    bench::Series ours, floor, framing;
    bench::repeat(9, [&](bool counts) {
        const auto its = aggregation.ours();
        const auto least = aggregation.floor();
        if (!counts) return;
        ours.add(its);
        floor.add(least);
        framing.add(its - least);
    });
    std::fprintf(stderr, "%.0f records of %.1f B in each; %.1f ns a record above the yardstick; %.1f allocations\n",
                 aggregation.in_each(), aggregation.bytes(), framing.median(), aggregation.allocated());
    table.row(what, " ns", ours, floor, "ratio <= 1.2");
}

} // namespace

int main() {
    const bench::OneProcessor pinned;
    bench::Table table("Aggregating",
                       "CPU time to put a user record into an aggregate, the aggregate's own digest included. The "
                       "yardstick copies the data together, and digests as many bytes, with OpenSSL.");
    measure(table, "aggregate 100 B to 50 KiB, random keys: CPU", 51'200, 20'000, 200);
    measure(table, "aggregate 100 B to 50 KiB, one key: CPU", 51'200, 1, 200);
    measure(table, "aggregate 100 B to 1 MiB, random keys: CPU", 1U << 20U, 20'000, 10);
}
