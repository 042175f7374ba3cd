#pragma once

#include <sluice/repository/condition.hpp>
#include <sluice/repository/query.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace sluice::repository {

/// Documents and queries by chance, of so few names and values that they meet often; one seed, one sequence.
class RandomDocuments {
public:
    explicit RandomDocuments(std::uint64_t seed) : dice_(seed) {}

    [[nodiscard]] boost::json::object document(std::size_t depth = 2) {
        boost::json::object made;
        for (std::size_t i = one_in(5); i > 0; --i) made[name()] = value(depth);
        return made;
    }

    [[nodiscard]] Condition condition(std::size_t depth = 3) {
        if (depth > 0 && one_in(2) == 0) {
            if (one_in(4) == 0) return !condition(depth - 1);
            if (one_in(2) == 0) return condition(depth - 1) && condition(depth - 1);
            return condition(depth - 1) || condition(depth - 1);
        }
        const auto field = Field(path());
        switch (one_in(11)) {
        case 0: return Condition();
        case 1: return field.exists();
        case 2: return field.starts_with(text());
        case 3: return field.contains(scalar());
        case 4: return field == scalar();
        case 5: return field != scalar();
        case 6: return field < ordered();
        case 7: return field <= ordered();
        case 8: return field > ordered();
        case 9: return field >= ordered();
        default: return field.between(ordered(), ordered());
        }
    }

    [[nodiscard]] Query query() {
        Query made(condition());
        if (one_in(2) == 0) {
            if (one_in(2) == 0) made.order_by(path());
            else made.order_by_descending(path());
        }
        if (one_in(2) == 0) made.limit(1 + one_in(5));
        return made;
    }

    [[nodiscard]] std::string path() {
        auto made = name();
        while (one_in(4) == 0) made += "." + name();
        return made;
    }

    [[nodiscard]] std::string name() {
        static constexpr std::array<std::string_view, 6> names{"name", "price", "a", "data", "status", "b"};
        return std::string(names[one_in(names.size())]);
    }

    [[nodiscard]] std::string text() {
        static constexpr std::array<std::string_view, 10> texts{
            "", "a", "A", "ab", "Apple", "Apple pie", "%_'\"\\", "\xC3\xA4", "\xF0\x9F\x8D\x8E", "\xEF\xBF\xBD"};
        return std::string(texts[one_in(texts.size())]);
    }

    [[nodiscard]] boost::json::value number() {
        static constexpr std::array<std::int64_t, 9> integers{
            0, 1, -1, 2, 10, 9'007'199'254'740'992, 9'007'199'254'740'993, INT64_MAX, INT64_MIN};
        static constexpr std::array<double, 9> reals{0.0, 1.0, -1.0, 0.1, 1.5,
                                                     2.0, -0.5, 9'007'199'254'740'992.0, 1e30};
        if (one_in(2) == 0) return integers[one_in(integers.size())];
        // Some with as many digits as there are.
        if (one_in(4) == 0) return std::ldexp(static_cast<double>(dice_() >> 11U), -static_cast<int>(one_in(200)));
        return reals[one_in(reals.size())];
    }

    [[nodiscard]] boost::json::value ordered() {
        if (one_in(2) == 0) return number();
        return boost::json::value(text());
    }

    [[nodiscard]] boost::json::value scalar() {
        switch (one_in(6)) {
        case 0: return nullptr;
        case 1: return true;
        case 2: return false;
        default: return ordered();
        }
    }

    [[nodiscard]] boost::json::value value(std::size_t depth) {
        if (depth > 0 && one_in(3) == 0) {
            if (one_in(2) == 0) return document(depth - 1);
            boost::json::array made;
            for (std::size_t i = one_in(4); i > 0; --i) made.push_back(value(depth - 1));
            return made;
        }
        return scalar();
    }

    [[nodiscard]] std::size_t one_in(std::size_t many) { return static_cast<std::size_t>(dice_() % many); }

private:
    std::mt19937_64 dice_;
};

} // namespace sluice::repository
