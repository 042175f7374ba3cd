#pragma once

#include <sluice/record.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Log lines in JSON, all of one size, each with one of many random keys of 16 hexadecimal digits.
class Records {
public:
    Records(std::size_t count, std::size_t size) {
        std::mt19937_64 dice(2026);
        for (std::size_t i = 0; i < count; ++i) {
            keys_.push_back(hexadecimal(dice()));
            lines_.push_back(log_line(dice, size));
        }
    }

    [[nodiscard]] sluice::RecordView operator[](std::size_t index) const {
        return {keys_[index % keys_.size()], lines_[index % lines_.size()]};
    }

private:
    static std::string hexadecimal(std::uint64_t bits) {
        std::string text;
        for (int i = 0; i < 16; ++i, bits >>= 4U) text += "0123456789abcdef"[bits & 15U];
        return text;
    }

    static std::string log_line(std::mt19937_64& dice, std::size_t size) {
        static constexpr std::string_view paths[]{"/", "/cart", "/search", "/users/login", "/api/v2/items"};
        std::string line = R"({"status":)" + std::to_string(200 + dice() % 5 * 100);
        line.append(R"(,"path":")").append(paths[dice() % std::size(paths)]).append(R"(","trace":")");
        while (line.size() + 2 < size) line += hexadecimal(dice());
        return line.replace(size - 2, line.npos, R"("})");
    }

    std::vector<std::string> keys_;
    std::vector<std::string> lines_;
};

} // namespace bench
