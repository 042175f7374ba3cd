// How evenly does each partitioning fill the shards, and which keys are hot?

#include "harness.hpp"

#include <sluice/detail/hot_keys.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/partitioning/composite.hpp>
#include <sluice/partitioning/distribution.hpp>
#include <sluice/partitioning/field.hpp>
#include <sluice/partitioning/hash.hpp>
#include <sluice/partitioning/random.hpp>
#include <sluice/partitioning/round_robin.hpp>
#include <sluice/partitioning/sticky_shard.hpp>
#include <sluice/partitioning/time_window.hpp>
#include <sluice/stats.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::size_t shards = 16;
constexpr std::size_t records = 200'000;
constexpr auto rate = 2'000; // records a second, so that all of them take 100 s

/// Clicks of ten thousand users, of whom the n-th clicks once for every n clicks of the first.
std::vector<std::string> clicks() {
    std::vector<double> weights;
    for (int user = 1; user <= 10'000; ++user) weights.push_back(1.0 / user);
    std::mt19937_64 dice(42);
    std::discrete_distribution<int> users(weights.begin(), weights.end());
    std::vector<std::string> all;
    all.reserve(records);
    for (std::size_t i = 0; i < records; ++i) {
        all.push_back(R"({"user":{"id":"user-)" + std::to_string(users(dice)) + R"("},"page":"/p)" +
                      std::to_string(dice() % 500) + R"(","n":)" + std::to_string(i) + "}");
    }
    return all;
}

class Spread {
public:
    explicit Spread(const std::vector<std::string>& data) : data_(data) {}

    template <class Policy>
    void of(bench::Table& table, std::string_view name, Policy policy, std::string_view goal) {
        sluice::StreamStats stats;
        stats.shards = shards;
        sluice::detail::HotKeys hot;
        std::vector<std::uint64_t> counts(shards);
        std::mt19937_64 dice(7);
        std::string key;
        for (now = 0; now < data_.size(); ++now) {
            key.clear();
            if (policy.key(sluice::RecordView(data_[now]), dice(), key)) continue;
            ++counts[sluice::kinesis::hash_of(key).high() / (~std::uint64_t{0} / shards + 1)];
            hot.sample(1, [&](std::uint32_t) { hot.see(key); });
        }
        for (std::size_t i = 0; i < shards; ++i) {
            stats.delivered_by_shard[std::to_string(i)] = counts[i];
            bench::plot("spread", name, std::to_string(i), static_cast<double>(counts[i]));
        }
        tell(table, name, stats.skew(), goal);
        warn(name, hot.hottest());
    }

    /// Tells the hot keys, below the table.
    void print_warnings() const {
        std::printf("\nKeys that alone fill half of a shard or more, which would hold %.1f %% of the records if all were "
                    "even:\n\n%s",
                    100.0 / shards, warnings_.c_str());
    }

    std::size_t now = 0; ///< The record whose turn it is.

private:
    void tell(bench::Table& table, std::string_view name, double skew, std::string_view goal) {
        bench::Series ours, dice;
        ours.add(skew);
        if (even_ == 0) even_ = skew;
        dice.add(even_);
        table.row(name, "", ours, dice, goal);
    }

    void warn(std::string_view name, const std::vector<sluice::HotKey>& hottest) {
        std::string keys;
        std::size_t told = 0;
        for (const auto& its : hottest) {
            if (its.share * shards < 0.5 || ++told > 4) break;
            char share[32];
            std::snprintf(share, sizeof share, " (%.0f %%)", 100 * its.share);
            ((keys += keys.empty() ? "`" : ", `") += its.key + '`') += share;
        }
        if (!keys.empty()) ((((warnings_ += "- ") += name) += ": ") += keys) += '\n';
    }

    const std::vector<std::string>& data_;
    double even_ = 0;
    std::string warnings_;
};

} // namespace

int main() {
    const auto data = clicks();
    Spread spread(data);
    const auto begin = std::chrono::system_clock::time_point(1'767'225'600s);
    const auto time = [&] { return begin + std::chrono::milliseconds(1'000 * spread.now / rate); };
    bench::Table table("Spread",
                       "What the busiest of 16 shards took, beside the mean of all: 1 is even, 16 is all on one. Two "
                       "hundred thousand clicks of ten thousand users in 100 s, some users far busier than others. The "
                       "yardstick is a random key for each record.");
    spread.of(table, "RandomKey", sluice::RandomKey(), "<= 1.1");
    spread.of(table, "StickyShard", sluice::StickyShard(), "");
    spread.of(table, "RoundRobinKey{16}", sluice::RoundRobinKey(16), "");
    spread.of(table, "RoundRobinKey{1600}", sluice::RoundRobinKey(1'600), "<= 1.5");
    spread.of(table, "FieldKey{\"user.id\"}", sluice::FieldKey("user.id"), "");
    spread.of(table, "HashKey{\"user.id\"}", sluice::HashKey("user.id"), "");
    spread.of(table, "CompositeKey{\"user.id\", \"page\"}", sluice::CompositeKey("user.id", "page"), "<= 1.5");
    spread.of(table, "DistributionKey{..., 4}", sluice::DistributionKey("shop", "clicks", 4), "");
    spread.of(table, "DistributionKey{..., 400}", sluice::DistributionKey("shop", "clicks", 400), "<= 1.5");
    spread.of(table, "TimeWindowKey{1s}", sluice::TimeWindowKey(1s, time), "");
    spread.of(table, "TimeWindowKey{60s}", sluice::TimeWindowKey(60s, time), "");
    spread.print_warnings();
}
