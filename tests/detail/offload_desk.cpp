#include <sluice/detail/offload_desk.hpp>

#include "history.hpp"

#include <sluice/batching/aggregate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::Options;
using sluice::Record;

using Data = std::vector<std::string>;

Options at_once() {
    Options options("s");
    options.linger = 0ms;
    return options;
}

/// A history in which data of more than ten bytes goes elsewhere, two at a time.
template <class Batching>
class OffloadHistory : public BasicHistory<Batching> {
public:
    explicit OffloadHistory(Options its_options = at_once()) : BasicHistory<Batching>(std::move(its_options)) {
        this->delivery.set_offload(10, 2);
    }
};

using Desk = OffloadHistory<sluice::Collect>;

Record large(const std::string& name = "l", const std::string& key = "key") { return {key, name + std::string(20, '.')}; }
Record huge(int i, const std::string& key = "key") { return {key, std::to_string(i) + std::string(1'000, '.')}; }
Record small(const std::string& name = "s", const std::string& key = "key") { return {key, name}; }

TEST_CASE("large data is put elsewhere, a few at a time, while small data goes") {
    Desk desk;
    desk.put({large("1"), small("2"), large("3"), large("4")});
    REQUIRE(desk.stores.size() == 2);
    CHECK(desk.stores[0].data.starts_with("1."));
    CHECK(desk.stores[0].sequence == 1);
    CHECK(desk.stores[1].sequence == 3);
    CHECK(Desk::data(desk.request()) == Data{"2"});
    desk.take();
    desk.offload(std::string("@1"));
    REQUIRE(desk.stores.size() == 2);
    CHECK(desk.stores[1].sequence == 4);
    CHECK(Desk::data(desk.request()) == Data{"@1"});
    desk.offload(std::string("@3"));
    desk.offload(std::string("@4"));
    desk.take_all();
    CHECK(desk.stats().offloaded == 3);
    CHECK(desk.stats().delivered == 4);
    desk.check_end();
}

TEST_CASE("a pointer that was refused by the service is sent again without another upload") {
    Desk desk;
    desk.put({large()});
    desk.offload(std::string("@1"));
    desk.answer({error::throttled});
    for (int i = 0; desk.sends.empty(); ++i) {
        REQUIRE(i < 100);
        REQUIRE(desk.sleep());
    }
    CHECK(Desk::data(desk.request()) == Data{"@1"});
    CHECK(desk.stores.empty());
    desk.take();
    desk.check_end();
}

TEST_CASE("while the place fails one record tries, after longer and longer rests, and nothing is spent") {
    auto options = at_once();
    options.attempts = 1;
    Desk desk(options);
    desk.put({large("1"), large("2"), large("3"), small("4")});
    desk.take();
    desk.offload(error::connection_failed);
    CHECK(desk.stores.size() == 1);
    desk.offload(error::connection_failed); // had left before
    CHECK(desk.stores.empty());
    CHECK(desk.delivery.offload_fails_by() == error::connection_failed);
    CHECK(desk.delivery.paused_by() == error::connection_failed);
    CHECK(desk.delivery.wakes_at() <= desk.now.steady + options.back_off);
    auto longest = std::chrono::nanoseconds(0);
    for (int i = 0; i < 50; ++i) {
        const auto before = desk.now.steady;
        REQUIRE(desk.sleep());
        longest = std::max<std::chrono::nanoseconds>(longest, desk.now.steady - before);
        REQUIRE(desk.stores.size() == 1);
        desk.offload(error::connection_failed);
    }
    CHECK(longest > 1s);
    CHECK(longest <= options.longest_back_off);
    CHECK(desk.offload_changes == std::vector<error_code>{error::connection_failed});
    desk.put({small("5")});
    desk.take();
    REQUIRE(desk.sleep());
    desk.offload(error::access_denied);
    REQUIRE(desk.sleep());
    desk.offload(std::string("@"));
    CHECK(desk.offload_changes == std::vector<error_code>{error::connection_failed, error::access_denied, {}});
    REQUIRE(desk.stores.size() == 2);
    desk.offload(std::string("@"));
    desk.offload(std::string("@"));
    desk.take_all();
    CHECK(desk.stats().delivered == 5);
    CHECK(desk.letters.empty());
    desk.check_end();
}

TEST_CASE("a flush probes at once, and ends when there is nothing else to try") {
    Desk desk;
    desk.put({large()});
    for (int i = 0; i < 12; ++i) {
        if (i > 0) REQUIRE(desk.sleep());
        desk.offload(error::timed_out);
    }
    CHECK(desk.stores.empty());
    desk.flush(1, 0ms);
    REQUIRE(desk.stores.size() == 1);
    CHECK(desk.flushed.empty());
    desk.offload(error::timed_out);
    REQUIRE(desk.flushed.contains(1));
    CHECK(desk.flushed.at(1).left == 1);
    CHECK(desk.flushed.at(1).paused_by == error::timed_out);
    desk.flush(2, 1s);
    desk.offload(std::string("@"));
    desk.take();
    CHECK(desk.flushed.at(2).delivered == 1);
    desk.check_end();
}

TEST_CASE("without auto_flush nothing is put elsewhere but for a flush") {
    auto options = at_once();
    options.auto_flush = false;
    Desk desk(options);
    desk.put({large()});
    CHECK(desk.stores.empty());
    CHECK_FALSE(desk.sleep());
    desk.flush(1);
    CHECK(desk.stores.size() == 1);
    desk.offload(std::string("@"));
    desk.take();
    desk.check_end();
}

TEST_CASE("a failure of its own spends attempts, and what can never be stored is lost at once") {
    auto options = at_once();
    options.attempts = 2;
    Desk desk(options);
    desk.put({large("1"), large("2")});
    desk.offload(error::request_refused);
    desk.offload(error::record_too_large);
    CHECK(desk.bury() == 1);
    CHECK(desk.outcome(2) == error::record_too_large);
    CHECK(desk.letters.at(2).record.data.starts_with("2."));
    REQUIRE(desk.sleep());
    desk.offload(error::request_too_large);
    CHECK(desk.bury() == 1);
    CHECK(desk.outcome(1) == error::gave_up);
    CHECK(desk.offload_changes.empty());
    desk.check_end();
}

TEST_CASE("what expires, or is cleared, while it waits or is on its way is not stored again") {
    auto options = at_once();
    options.time_to_live = 5s;
    Desk desk(options);
    auto mortal = large("1");
    mortal.time_to_live = 5s;
    desk.put({mortal, mortal, mortal, large("4")});
    desk.offload(error::timed_out);
    desk.offload(error::timed_out);
    desk.advance(5s);
    while (desk.stores.empty()) REQUIRE(desk.sleep());
    desk.offload(error::timed_out);
    CHECK(desk.bury() == 3);
    CHECK(desk.outcome(1) == error::expired);
    while (desk.stores.empty()) REQUIRE(desk.sleep());
    CHECK(desk.stores.front().sequence == 4);
    CHECK(desk.clear() == 1);
    desk.offload(std::string("@"));
    CHECK(desk.sends.empty());
    CHECK_FALSE(desk.delivery.offload_fails_by());
    desk.check_end();
}

TEST_CASE("when nothing waits any more, nothing fails any more") {
    Desk desk;
    desk.put({large()});
    desk.offload(error::timed_out);
    CHECK(desk.delivery.offload_fails_by() == error::timed_out);
    CHECK(desk.clear() == 1);
    CHECK_FALSE(desk.delivery.offload_fails_by());
    CHECK(desk.offload_changes.size() == 2);
    CHECK_FALSE(desk.sleep());
    desk.check_end();
}

TEST_CASE("while a stream is paused no more is stored than a probe needs, and the rest wakes nobody") {
    Desk desk;
    std::vector<Record> records(20, large());
    desk.put(records);
    desk.offload(std::string("@1"));
    desk.fail(error::connection_failed);
    while (!desk.stores.empty()) desk.offload(std::string("@"));
    for (int i = 0; i < 10; ++i) {
        while (desk.sends.empty()) REQUIRE(desk.sleep());
        CHECK(desk.stores.empty());
        desk.fail(error::connection_failed);
    }
    CHECK(desk.stats().offloaded < 5);
    while (desk.sends.empty()) REQUIRE(desk.sleep());
    desk.take();
    for (int i = 0; !desk.stores.empty() || !desk.sends.empty(); ++i) {
        REQUIRE(i < 1'000);
        if (!desk.stores.empty()) desk.offload(std::string("@"));
        if (!desk.sends.empty()) desk.take();
    }
    CHECK(desk.stats().delivered == 20);
    desk.check_end();
}

TEST_CASE("a paused stream and a place that fails do not keep each other awake") {
    Desk desk;
    desk.put({small(), large(), large()});
    desk.offload(error::timed_out);
    desk.offload(error::timed_out);
    desk.fail(error::connection_failed);
    for (int i = 0; i < 30; ++i) {
        const auto before = desk.now.steady;
        REQUIRE(desk.sleep());
        CHECK((desk.now.steady > before || !desk.sends.empty() || !desk.stores.empty()));
        if (!desk.stores.empty()) desk.offload(error::timed_out);
        if (!desk.sends.empty()) desk.fail(error::connection_failed);
    }
    while (desk.sends.empty()) REQUIRE(desk.sleep());
    desk.take();
    for (int i = 0; !desk.delivery.flying() && i < 100 && desk.sleep(); ++i) {}
    while (!desk.stores.empty()) desk.offload(std::string("@"));
    desk.take_all();
    desk.check_end();
}

TEST_CASE("nothing of its key overtakes a record whose data is put elsewhere") {
    auto options = at_once();
    options.ordering = sluice::Ordering::per_key;
    OffloadHistory<sluice::Aggregate> desk(options);
    desk.put({small("1"), small("2"), large("3"), small("4"), large("5"), small("6")});
    if (!desk.maps.empty()) desk.list_shards(error::access_denied);
    CHECK(desk.stores.empty());
    CHECK(desk.data(desk.request()) == Data{"1", "2"});
    desk.take();
    CHECK(desk.sends.empty());
    REQUIRE(desk.stores.size() == 1);
    desk.offload(std::string("@3"));
    CHECK(desk.data(desk.request()) == Data{"@3", "4"});
    desk.take();
    desk.offload(std::string("@5"));
    CHECK(desk.data(desk.request()) == Data{"@5", "6"});
    desk.take();
    desk.check_end();
}

/// Everybody else does what he is asked, until nobody is asked any more; gives the data that arrived.
template <class Batching>
Data go_on(OffloadHistory<Batching>& desk, bool place_works = true) {
    Data arrived;
    for (std::size_t most = 0;;) {
        if (!desk.loads.empty()) {
            desk.load();
        } else if (!desk.sends.empty()) {
            for (const auto& data : desk.data(desk.request())) arrived.push_back(data);
            desk.take();
        } else if (place_works && !desk.stores.empty()) {
            desk.offload("@" + desk.payload().substr(0, 3));
        } else if (!place_works || !desk.sleep()) {
            CHECK(most <= 10'000 / 4 + 2 * 1'100); // of 100 kB
            return arrived;
        }
        most = std::max(most, desk.held());
    }
}

TEST_CASE("large data that waits leaves the window to small data, and is read again when its turn comes") {
    Desk desk;
    desk.delivery.set_window(10'000);
    for (int i = 100; i < 150; ++i) desk.put({huge(i)});
    REQUIRE(desk.stores.size() == 2);
    CHECK_FALSE(desk.stores[0].away);
    desk.offload(error::connection_failed);
    desk.offload(error::connection_failed);
    for (int i = 150; i < 200; ++i) desk.put({huge(i)});
    for (int i = 200; i < 220; ++i) desk.put({small(std::to_string(i))});
    CHECK(go_on(desk, false).size() == 20);
    CHECK(desk.delivery.offload_fails_by() == error::connection_failed);
    while (desk.stores.empty()) REQUIRE(desk.sleep());
    const auto arrived = go_on(desk);
    CHECK(arrived.size() == 100);
    CHECK(std::set<std::string>(arrived.begin(), arrived.end()).size() == 100);
    CHECK(desk.stats().offloaded == 100);
    CHECK(desk.count({}) == 120);
    desk.check_end();
}

TEST_CASE("large data that is not in memory keeps the order of its lane, and others pass") {
    auto options = at_once();
    options.ordering = sluice::Ordering::per_key;
    OffloadHistory<sluice::Collect> desk(options);
    desk.delivery.set_window(10'000);
    Data expected;
    for (int i = 100; i < 140; ++i) {
        desk.put({i % 2 == 0 ? huge(i) : small(std::to_string(i))});
        expected.push_back((i % 2 == 0 ? "@" : "") + std::to_string(i));
    }
    REQUIRE_FALSE(desk.stores.empty());
    desk.offload(error::timed_out);
    desk.put({small("yes", "another key")});
    CHECK(go_on(desk, false) == Data{"yes"});
    while (desk.stores.empty()) REQUIRE(desk.sleep());
    CHECK(go_on(desk) == expected);
    desk.check_end();
}

TEST_CASE("what cannot be read rests, spends nothing, and holds up no others") {
    auto options = at_once();
    options.attempts = 1;
    Desk desk(options);
    desk.delivery.set_window(100);
    desk.put({huge(1)});
    REQUIRE(desk.stores.size() == 1);
    REQUIRE(desk.stores[0].away);
    desk.not_read();
    CHECK(desk.stores.empty());
    CHECK_FALSE(desk.delivery.offload_fails_by());
    desk.put({huge(2)});
    while (!desk.loads.empty()) desk.load();
    REQUIRE(desk.stores.size() == 1);
    CHECK(desk.payload().starts_with("2."));
    desk.offload(std::string("@2"));
    desk.take();
    REQUIRE(desk.sleep());
    REQUIRE(desk.stores.size() == 1);
    CHECK(desk.payload().starts_with("1."));
    desk.offload(std::string("@1"));
    desk.take();
    desk.check_end();
}

TEST_CASE("what expires or is cleared while it is read is not kept") {
    Desk desk;
    desk.delivery.set_window(1);
    auto mortal = huge(1);
    mortal.time_to_live = 5s;
    desk.put({mortal});
    desk.advance(5s);
    desk.not_read();
    CHECK(desk.bury() == 1);
    CHECK(desk.outcome(1) == error::expired);
    CHECK(desk.letters.at(1).record.data == mortal.data);
    while (desk.sleep()) {}
    desk.put({huge(2)});
    REQUIRE(desk.stores.size() == 1);
    CHECK(desk.clear() == 1);
    desk.not_read();
    CHECK_FALSE(desk.sleep());
    desk.check_end();
}

} // namespace
