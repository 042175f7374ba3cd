#pragma once

#include <sluice/kinesis/validate.hpp>
#include <sluice/partitioning/partitioning.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// The rules of `Partitioning`, and which of them a partitioning broke. See `check_partitioning`.
template <Partitioning P>
class PartitioningConformance {
public:
    PartitioningConformance(P partitioning, std::vector<std::string> data)
        : partitioning_(std::move(partitioning)), data_(std::move(data)) {}

    [[nodiscard]] std::vector<std::string> check() {
        gives_keys("A record of the kind that it is for gets a key.");
        for (const auto& data : strange()) put(data);
        cuts_off();
        damages();
        gives_keys("A record gets its key, whatever was put before.");
        P moved(std::move(partitioning_));
        partitioning_ = std::move(moved);
        gives_keys("A record gets its key after the partitioning was moved.");
        return std::move(violations_);
    }

private:
    void expect(bool kept, const char* rule) {
        if (!kept && std::ranges::find(violations_, rule) == violations_.end()) violations_.emplace_back(rule);
    }

    /// Puts data that lies in memory of just its size, and of which nothing is left afterwards; whether it gets a key.
    bool put(std::string_view data) {
        const auto copy = std::make_unique<char[]>(data.size());
        std::ranges::copy(data, copy.get());
        const RecordView record(std::string_view(copy.get(), data.size()));
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        const auto throws = dice_() % 4 == 0 ? std::array<std::uint64_t, 2>{0, most} : std::array{dice_(), dice_()};
        bool given = true;
        for (const auto random : throws) given = choose(record, random) && given;
        return given;
    }

    bool choose(const RecordView& record, std::uint64_t random) {
        std::string key;
        if (dice_() % 2 == 0) key.reserve(1'100); // as of one that was used before
        try {
            const error_code failure = partitioning_.key(record, random, key);
            expect(failure != error::buffer_full, "No put is refused with `buffer_full`, which would have it wait.");
            if (failure) return false;
        } catch (...) {
            expect(false, "What cannot have a key is refused with an error, and nothing is thrown.");
            return false;
        }
        expect(!key.empty(), "A key is not empty.");
        const auto invalid = kinesis::check_partition_key(key);
        expect(invalid != error::partition_key_too_long, "A key has at most 256 characters.");
        expect(invalid != error::not_utf8, "A key is UTF-8.");
        return true;
    }

    void gives_keys(const char* rule) {
        for (const auto& data : data_) expect(put(data), rule);
    }

    // --- what may come -----------------------------------------------------------------------------------------

    [[nodiscard]] static std::vector<std::string> strange() {
        std::vector<std::string> all{"", "{}", "[]", "null", "{\"\":\"\"}", "\xC3", "\xED\xA0\x80", "\xEF\xBB\xBF{}"};
        auto& bytes = all.emplace_back();
        for (int i = 0; i < 256; ++i) bytes += static_cast<char>(static_cast<unsigned char>(i));
        for (const std::size_t size : {256U, 257U, 1'024U, 1'025U, 1U << 20U}) {
            all.emplace_back(size, 'x');
            all.emplace_back(size, '[');
            all.emplace_back(size, '\0');
            all.emplace_back(size, '\xF0');
        }
        for (const int depth : {127, 128, 129, 10'000}) {
            auto& open = all.emplace_back();
            for (int i = 0; i < depth; ++i) open += "{\"a\":";
            all.push_back(open + "1" + std::string(static_cast<std::size_t>(depth), '}'));
        }
        return all;
    }

    void cuts_off() {
        for (const auto& data : data_) {
            for (std::size_t size = 0; size < std::min<std::size_t>(data.size(), 1'000); ++size) {
                put(std::string_view(data).substr(0, size));
            }
        }
    }

    void damages() {
        for (const auto& data : data_) {
            if (data.empty()) continue;
            for (int round = 0; round < 300; ++round) {
                auto damaged = data;
                for (auto changes = 1 + dice_() % 4; changes > 0; --changes) {
                    damaged[dice_() % damaged.size()] = static_cast<char>(static_cast<unsigned char>(dice_()));
                }
                put(damaged);
            }
            put(data + data);
        }
    }

    P partitioning_;
    std::vector<std::string> data_;
    std::mt19937_64 dice_{1};
    std::vector<std::string> violations_;
};

/// Holds a partitioning against every rule of `Partitioning`: which it breaks, as sentences; none if it conforms.
///
/// `data` is that of records which must get a key. It is also given cut off, damaged, and among what nobody expects, of
/// which it may refuse what it likes. Under AddressSanitizer, whatever reads a record after its call is found.
template <Partitioning P>
[[nodiscard]] std::vector<std::string> check_partitioning(P partitioning, std::vector<std::string> data = {"data"}) {
    return PartitioningConformance<P>(std::move(partitioning), std::move(data)).check();
}

} // namespace sluice
