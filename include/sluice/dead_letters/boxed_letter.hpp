#pragma once

#include <sluice/dead_letters/kept_letter.hpp>
#include <sluice/error.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace sluice {

/// Which dead letters are meant.
class LetterFilter {
public:
    LetterFilter() = default;
    explicit LetterFilter(std::string its_stream, std::string its_reason = {})
        : stream(std::move(its_stream)), reason(std::move(its_reason)) {}

    std::string stream; ///< Empty: any.
    std::string reason; ///< A word, as `gave_up`; empty: any.
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max(); ///< So many, the oldest ones.
};

/// A dead letter in its box.
class BoxedLetter {
public:
    BoxedLetter() = default;
    BoxedLetter(std::int64_t its_number, result<KeptLetter> its_letter)
        : number(its_number), letter(std::move(its_letter)) {}

    std::int64_t number = 0; ///< Its place in the box, from 1; grows with every letter.
    result<KeptLetter> letter = error_code(error::malformed); ///< `malformed` if somebody wrote something else there.
};

} // namespace sluice
