#include <sluice/storage/change_batches.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using sluice::repository::Change;
using ChangeBatches = sluice::detail::ChangeBatches<Change>;

std::vector<Change> removals(int count) {
    std::vector<Change> changes;
    for (int i = 0; i < count; ++i) changes.push_back(Change::remove(std::to_string(i)));
    return changes;
}

std::vector<std::size_t> sizes(ChangeBatches batches) {
    std::vector<std::size_t> found;
    for (const auto& batch : std::move(batches).take()) found.push_back(batch.size());
    return found;
}

} // namespace

TEST_CASE("changes keep their order, in writes of as many as are allowed") {
    ChangeBatches batches;
    for (int i = 0; i < 250; ++i) batches.add(Change::remove(std::to_string(i)), 1);
    auto writes = std::move(batches).take();
    REQUIRE(writes.size() == 3);
    int next = 0;
    for (const auto& write : writes) {
        CHECK(write.size() <= ChangeBatches::most_changes);
        for (const auto& change : write) CHECK(change.id == std::to_string(next++));
    }
    CHECK(next == 250);
}

TEST_CASE("a write has no more bytes than are allowed") {
    ChangeBatches batches;
    const auto third = ChangeBatches::most_bytes / 3;
    for (int i = 0; i < 7; ++i) batches.add(Change::remove(std::to_string(i)), third);
    CHECK(sizes(batches) == std::vector<std::size_t>{3, 3, 1});
    batches.add(Change::remove("large"), ChangeBatches::most_bytes);
    batches.add(Change::remove("more"), 1);
    CHECK(sizes(batches) == std::vector<std::size_t>{3, 3, 1, 1, 1});
    CHECK(sizes(ChangeBatches()).empty());
}

TEST_CASE("what belongs together is in one write") {
    ChangeBatches batches;
    for (int i = 0; i < 4; ++i) batches.add(removals(40), 1'000);
    CHECK(sizes(batches) == std::vector<std::size_t>{80, 80});
    CHECK(ChangeBatches::fit(99, ChangeBatches::most_bytes));
    CHECK_FALSE(ChangeBatches::fit(100, 1));
    CHECK_FALSE(ChangeBatches::fit(1, ChangeBatches::most_bytes + 1));
}
