#pragma once

#include <sluice/record.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

namespace bench {

/// Log lines in JSON, all of one size, each with one of many random keys of 16 hexadecimal digits.
class Records {
public:
    static constexpr std::size_t key_size = 16;

    /// At least `count` of them, which then begin again.
    Records(std::size_t count, std::size_t size) : size_(size), mask_(std::bit_ceil(count) - 1) {
        std::mt19937_64 dice(2026);
        for (std::size_t i = 0; i <= mask_; ++i) {
            keys_.append(hexadecimal(dice()));
            lines_.append(log_line(dice, size));
        }
    }

    [[nodiscard]] sluice::RecordView operator[](std::size_t index) const { return {key(index), data(index)}; }

    [[nodiscard]] std::string_view key(std::size_t index) const {
        return {keys_.data() + (index & mask_) * key_size, key_size};
    }
    [[nodiscard]] std::string_view data(std::size_t index) const {
        return {lines_.data() + (index & mask_) * size_, size_};
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; } ///< Bytes of the data of each.

private:
    static std::string hexadecimal(std::uint64_t bits) {
        std::string text;
        for (int i = 0; i < 16; ++i, bits >>= 4U) text += "0123456789abcdef"[bits & 15U];
        return text;
    }

    static std::string log_line(std::mt19937_64& dice, std::size_t size) {
        static constexpr std::string_view paths[]{"/", "/cart", "/search", "/users/login", "/api/v2/items"};
        static constexpr std::string_view agents[]{"Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "kube-probe/1.29"};
        std::string line = R"({"status":)" + std::to_string(200 + dice() % 5 * 100);
        line.append(R"(,"path":")").append(paths[dice() % std::size(paths)]).append(R"(","trace":")");
        line.append(hexadecimal(dice())).append(R"(","ms":)").append(std::to_string(dice() % 1'000));
        while (line.size() + 2 < size) {
            line.append(R"(,"agent":")").append(agents[dice() % std::size(agents)]).append(R"(","user":)");
            line.append(std::to_string(dice() % 100'000));
        }
        return line.replace(size - 2, line.npos, R"("})");
    }

    std::size_t size_;
    std::size_t mask_;
    std::string keys_;
    std::string lines_;
};

} // namespace bench
