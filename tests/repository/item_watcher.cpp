#include <sluice/repository/item_watcher.hpp>

#include "watchers.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>

namespace {

using sluice::error;
using sluice::repository::Document;
using sluice::repository::ItemWatcher;

class Item : public FeedReader<Document> {
public:
    ItemWatcher watcher{"a", feed};

    void tell(const Document& document) { watcher.changed(std::span(&document, 1)); }

    /// The version that is told; "END", "NONE", or why it failed.
    std::string told() {
        const auto told = now();
        if (!told) return "NONE";
        if (!*told) return told->error().message();
        return **told ? std::to_string((**told)->value.version) : "END";
    }
};

} // namespace

TEST_CASE("a watched item is told as it is, and as it becomes") {
    Item item;
    item.watcher.start(document("a", 3));
    CHECK(item.told() == "3");
    CHECK(item.told() == "NONE");
    item.tell(document("b", 4));
    CHECK(item.told() == "NONE");
    item.tell(document("a", 5));
    CHECK(item.told() == "5");
    item.tell(removal("a", 6));
    item.tell(document("a", 7));
    CHECK(item.told() == "END");
    CHECK(item.told() == "END");
}

TEST_CASE("what is told while somebody looks is held against what they saw") {
    Item item;
    item.tell(document("a", 2));
    item.tell(document("a", 3));
    item.tell(document("a", 4));
    CHECK(item.told() == "NONE");
    item.watcher.start(document("a", 3));
    CHECK(item.told() == "3");
    CHECK(item.told() == "4");
    CHECK(item.told() == "NONE");
    item.tell(document("a", 4)); // told twice
    CHECK(item.told() == "NONE");
}

TEST_CASE("what was added just after somebody looked is there") {
    Item item;
    item.tell(document("a", 2));
    item.watcher.start(error::not_found);
    CHECK(item.told() == "2");
}

TEST_CASE("what was removed before somebody looked, and is told of late, is not there") {
    Item item;
    item.tell(finding(5, removal("a", 6)));
    item.watcher.start(error::not_found);
    CHECK(item.told() == sluice::error_code(error::not_found).message());
    Item again;
    again.tell(finding(5, removal("a", 6)));
    again.tell(finding(0, document("a", 3)));
    again.watcher.start(error::not_found);
    CHECK(again.told() == "3");
    again.tell(finding(3, removal("a", 4)));
    CHECK(again.told() == "END");
}

TEST_CASE("what others wrote without a version is there, too") {
    Item item;
    item.watcher.start(document("a", 0));
    CHECK(item.told() == "0");
    item.tell(document("a", 1));
    CHECK(item.told() == "1");
}

TEST_CASE("where changes say what they found, an item that was added again by a clock that is behind stays") {
    Item item;
    item.tell(finding(99, document("a", 100)));
    item.tell(finding(100, removal("a", 101)));
    item.watcher.start(document("a", 50)); // it was added again before somebody looked
    CHECK(item.told() == "50");
    item.tell(finding(0, document("a", 50)));
    CHECK(item.told() == "NONE");
    item.tell(finding(50, document("a", 40))); // a clock that is further behind
    CHECK(item.told() == "40");
    item.tell(finding(100, removal("a", 101))); // told twice
    item.tell(finding(50, document("a", 40)));
    CHECK(item.told() == "NONE");
    item.tell(finding(40, removal("a", 41)));
    CHECK(item.told() == "END");
}

TEST_CASE("what is not there, or cannot be read, is told") {
    Item missing;
    missing.watcher.start(error::not_found);
    CHECK(missing.told() == sluice::error_code(error::not_found).message());
    Item failed;
    failed.watcher.start(error::timed_out);
    CHECK(failed.told() == sluice::error_code(error::timed_out).message());
    Item cut;
    cut.watcher.start(document("a", 1));
    cut.watcher.ended(error::storage_failed);
    CHECK(cut.told() == "1");
    CHECK(cut.told() == sluice::error_code(error::storage_failed).message());
}
