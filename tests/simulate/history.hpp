#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simulate {

/// What is wrong with the producer on purpose.
enum class Mutant { none, settle_before_answer, resend_all, forget_on_close };

/// What became of one seed.
class Verdict {
public:
    std::vector<std::string> broken;
    std::uint64_t sum = 0; ///< The same for the same history.
    std::size_t records = 0;
    std::uint64_t requests = 0;
    std::chrono::nanoseconds time{0};
};

/// One history: a service, a disk, and a process that lives a few times. All that happens follows from the seed.
[[nodiscard]] Verdict run(std::uint64_t seed, Mutant mutant, bool shown);

} // namespace simulate
