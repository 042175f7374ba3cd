#include <sluice/detail/halves.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using chunks::start;
using sluice::Record;
using sluice::detail::Cuts;
using sluice::detail::for_each_back;
using sluice::detail::halves_of;
using sluice::detail::Ref;
using sluice::detail::StreamQueue;

using Sequences = std::vector<std::uint64_t>;

Sequences sequences(const std::vector<Ref>& refs) {
    Sequences numbers;
    for (const auto& ref : refs) numbers.push_back(ref.sequence());
    return numbers;
}

/// Records with these keys, and those that may travel with each that passed.
class Company {
public:
    explicit Company(const std::vector<std::string>& keys, std::size_t lanes = 65'535) : queue(lanes) {
        std::vector<Record> records;
        for (const auto& key : keys) records.emplace_back(key, "data");
        queue.add(chunks::live(chunks::make("s", 1, records)));
        gather();
    }

    void gather() {
        queue.fill({1'000, 1'000'000}, start);
        members.clear();
        for (const auto& head : queue.take_ready()) {
            members.push_back(head);
            queue.add_followers(head, 1'000'000, [](Ref) { return true; }, members);
        }
    }

    StreamQueue queue;
    std::vector<Ref> members;
};

TEST_CASE("those that travelled come back first, from the last; the others in their order") {
    Company company({"a", "a", "a", "b", "b", "c"});
    REQUIRE(sequences(company.members) == Sequences{1, 2, 3, 4, 5, 6});
    std::vector<Ref> order;
    for_each_back(company.members, [&](Ref ref) { order.push_back(ref); });
    CHECK(sequences(order) == Sequences{5, 3, 2, 1, 4, 6});
}

TEST_CASE("without lanes all come back in their order") {
    Company company({"a", "a", "b"}, 0);
    std::vector<Ref> order;
    for_each_back(company.members, [&](Ref ref) { order.push_back(ref); });
    CHECK(sequences(order) == Sequences{1, 2, 3});
}

TEST_CASE("a request of several entries is cut between entries, and one of one entry within") {
    Company company({"a", "b", "c", "d", "e"}, 0);
    Cuts three;
    for (const auto end : {1U, 2U, 5U}) three.cut(end);
    auto halves = halves_of(company.queue, company.members, three);
    CHECK(sequences(halves[0]) == Sequences{1});
    CHECK(sequences(halves[1]) == Sequences{2, 3, 4, 5});
    Cuts one;
    one.cut(5);
    halves = halves_of(company.queue, company.members, one);
    CHECK(sequences(halves[0]) == Sequences{1, 2});
    CHECK(sequences(halves[1]) == Sequences{3, 4, 5});
}

TEST_CASE("who travelled waits in his lane again, and half as many travel the next time, until one is through") {
    Company company({"a", "a", "a", "a", "a", "a", "a", "a", "a"});
    auto halves = halves_of(company.queue, company.members, {});
    CHECK(sequences(halves[0]) == Sequences{1});
    CHECK(halves[1].empty());
    std::vector<Ref> next{halves[0].front()};
    const auto any = [](Ref) { return true; };
    company.queue.add_followers(next.front(), 1'000'000, any, next);
    CHECK(sequences(next) == Sequences{1, 2, 3, 4, 5});
    halves = halves_of(company.queue, next, {});
    next = halves[0];
    company.queue.add_followers(next.front(), 1'000'000, any, next);
    CHECK(sequences(next) == Sequences{1, 2, 3});
    halves = halves_of(company.queue, next, {});
    next = halves[0];
    company.queue.add_followers(next.front(), 1'000'000, any, next);
    CHECK(sequences(next) == Sequences{1, 2});
    halves = halves_of(company.queue, next, {});
    next = halves[0];
    company.queue.add_followers(next.front(), 1'000'000, any, next);
    CHECK(sequences(next) == Sequences{1});
    company.queue.leave_lane(next.front());
    company.gather();
    CHECK(sequences(company.members) == Sequences{2, 3});
}

} // namespace
