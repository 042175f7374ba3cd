// What does it cost to learn where partition keys lie, many at once, and one after the other?

#include "harness.hpp"
#include "one_processor.hpp"

#include <sluice/aws/digest.hpp>
#include <sluice/aws/md5_lanes.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Nanoseconds for each text, all at once and one after the other.
class Hashing {
public:
    Hashing(std::size_t bytes, std::size_t count) : sums_(count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto text = std::to_string(i * 7'919);
            text.resize(bytes, 'k');
            texts_.push_back(std::move(text));
        }
        views_.assign(texts_.begin(), texts_.end());
    }

    double together() {
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        sluice::aws::md5_all(views_, sums_);
        return watch.nanoseconds() / static_cast<double>(sums_.size());
    }

    double alone() {
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = sluice::aws::md5(views_[i]);
        return watch.nanoseconds() / static_cast<double>(sums_.size());
    }

private:
    std::vector<std::string> texts_;
    std::vector<std::string_view> views_;
    std::vector<sluice::aws::Md5> sums_;
};

void measure(bench::Table& table, std::string_view what, std::size_t bytes, std::size_t count, std::string_view goal) {
    Hashing hashing(bytes, count);
    bench::Series ours, floor;
    bench::repeat(9, [&](bool counts) {
        const auto its = hashing.together();
        const auto least = hashing.alone();
        if (!counts) return;
        ours.add(its);
        floor.add(least);
    });
    table.row(what, " ns", ours, floor, goal);
}

} // namespace

int main() {
    const bench::OneProcessor pinned;
    bench::Table table("Hashing",
                       "CPU time of an MD5 among many that are made together, as of partition keys and aggregates. "
                       "The yardstick is OpenSSL, one text after the other.");
    measure(table, "MD5 of a key of 16 B, among others: CPU", 16, 20'000, "<= 0.25 of OpenSSL's");
    measure(table, "MD5 of 64 KiB, among others: CPU", 65'536, 64, "<= 0.3 of OpenSSL's");
}
