#include "history.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

namespace {

using simulate::Mutant;
using simulate::run;

const std::map<std::string, Mutant> mutants{{"settle-before-answer", Mutant::settle_before_answer},
                                            {"resend-all", Mutant::resend_all},
                                            {"forget-on-close", Mutant::forget_on_close}};

int usage() {
    std::puts("usage: simulate [--seeds N] [--from M] [--mutant NAME] [--seed N]\n"
              "\n"
              "Without arguments: 300 seeds, and whether each mutant is found within them.\n"
              "  --seed N       one seed, with everything that happens\n"
              "  --seeds N      so many seeds, without mutants\n"
              "  --from M       beginning with this one (1)\n"
              "  --mutant NAME  of a producer that is broken: settle-before-answer, resend-all or forget-on-close");
    return 2;
}

class Arguments {
public:
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> seeds;
    std::uint64_t from = 1;
    Mutant mutant = Mutant::none;
};

std::optional<Arguments> parse(int count, char** values) {
    Arguments arguments;
    for (int i = 1; i < count; i += 2) {
        const std::string_view name = values[i];
        if (i + 1 == count) return std::nullopt;
        const std::string value = values[i + 1];
        if (name == "--mutant") {
            if (!mutants.contains(value)) return std::nullopt;
            arguments.mutant = mutants.at(value);
            continue;
        }
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (name == "--seed") arguments.seed = number;
        else if (name == "--seeds") arguments.seeds = number;
        else if (name == "--from") arguments.from = number;
        else return std::nullopt;
    }
    return arguments;
}

int replay(const Arguments& arguments) {
    const auto verdict = run(*arguments.seed, arguments.mutant, true);
    std::printf("seed %llu: %zu records, %llu requests, sum %016llx: %s\n",
                static_cast<unsigned long long>(*arguments.seed), verdict.records,
                static_cast<unsigned long long>(verdict.requests), static_cast<unsigned long long>(verdict.sum),
                verdict.broken.empty() ? "every promise is kept" : verdict.broken.front().c_str());
    return verdict.broken.empty() ? 0 : 1;
}

class Score {
public:
    unsigned passed = 0;
    unsigned failed = 0;
};

/// Each seed is a case.
void run_seeds(std::uint64_t from, std::uint64_t count, Mutant mutant, Score& score) {
    std::uint64_t records = 0;
    std::uint64_t requests = 0;
    double hours = 0;
    for (auto seed = from; seed < from + count; ++seed) {
        const auto verdict = run(seed, mutant, false);
        records += verdict.records;
        requests += verdict.requests;
        hours += std::chrono::duration<double, std::ratio<3600>>(verdict.time).count();
        ++(verdict.broken.empty() ? score.passed : score.failed);
        for (const auto& broken : verdict.broken) {
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), broken.c_str());
        }
        std::fflush(stdout);
    }
    std::printf("%llu seeds: %llu records, %llu requests, %.1f hours\n", static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(records), static_cast<unsigned long long>(requests), hours);
}

/// The same seed must give the same history.
void repeat_some(std::uint64_t from, Score& score) {
    for (auto seed = from; seed < from + 5; ++seed) {
        const bool same = run(seed, Mutant::none, false).sum == run(seed, Mutant::none, false).sum;
        ++(same ? score.passed : score.failed);
        if (!same) std::printf("seed %llu: two histories of one seed differ\n", static_cast<unsigned long long>(seed));
    }
}

/// Each mutant must be found.
void hunt(std::uint64_t from, std::uint64_t count, Score& score) {
    for (const auto& [name, mutant] : mutants) {
        auto seed = from;
        while (seed < from + count && run(seed, mutant, false).broken.empty()) ++seed;
        const bool found = seed < from + count;
        ++(found ? score.passed : score.failed);
        if (found) {
            std::printf("mutant %s: found by seed %llu\n", name.c_str(), static_cast<unsigned long long>(seed));
        } else {
            std::printf("mutant %s: not found\n", name.c_str());
        }
    }
}

} // namespace

int main(int count, char** values) {
    const auto arguments = parse(count, values);
    if (!arguments) return usage();
    if (arguments->seed) return replay(*arguments);
    Score score;
    const auto seeds = arguments->seeds.value_or(300);
    run_seeds(arguments->from, seeds, arguments->mutant, score);
    if (!arguments->seeds) {
        repeat_some(arguments->from, score);
        hunt(arguments->from, seeds, score);
    }
    std::printf("%u passed, %u failed\n", score.passed, score.failed);
    return score.failed == 0 ? 0 : 1;
}
