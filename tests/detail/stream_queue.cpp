#include <sluice/detail/stream_queue.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::moment;
using chunks::start;
using sluice::Record;
using sluice::steady_time;
using sluice::detail::LiveChunk;
using sluice::detail::Ref;
using sluice::detail::StreamQueue;

constexpr std::size_t all = 1'000'000;

/// The sequences that are ready, which are taken out.
std::vector<Ref> take_ready(StreamQueue& queue, steady_time now, std::size_t wanted = all) {
    queue.fill({wanted, all}, now);
    return queue.take_ready();
}

std::vector<std::uint64_t> sequences(const std::vector<Ref>& refs) {
    std::vector<std::uint64_t> numbers;
    for (const auto& ref : refs) numbers.push_back(ref.sequence());
    return numbers;
}

/// What the delivery does when a record has its outcome; here the storage knows at once.
void settle(StreamQueue& queue, Ref ref) {
    ref.chunk->chunk.settled.set(ref.index);
    --ref.chunk->chunk.live;
    queue.leave_lane(ref);
    queue.release(ref);
}

Record keyed(const std::string& key) { return {key, "data"}; }

TEST_CASE("records become ready in the order of the puts, as many as are wanted") {
    StreamQueue queue(0);
    queue.add(chunks::live(chunks::make("s", 1, chunks::records(3))));
    queue.add(chunks::live(chunks::make("s", 10, chunks::records(2))));
    queue.fill({2, all}, start);
    CHECK(queue.ready().size() == 2);
    CHECK(sequences(take_ready(queue, start, 4)) == std::vector<std::uint64_t>{1, 2, 3, 10});
    CHECK(sequences(take_ready(queue, start)) == std::vector<std::uint64_t>{11});
    CHECK(queue.oldest_sendable() == steady_time::max());
}

TEST_CASE("what came back goes before what is fresh, and need not wait for company") {
    StreamQueue queue(0);
    queue.add(chunks::live(chunks::make("s", 1, chunks::records(4))));
    const auto first = take_ready(queue, start, 2);
    CHECK_FALSE(queue.urgent());
    queue.give_back(first[1]);
    queue.give_back(first[0], start + 1s);
    CHECK(queue.has_work());
    queue.fill({2, all}, start);
    CHECK(queue.urgent());
    CHECK(sequences(take_ready(queue, start)) == std::vector<std::uint64_t>{2, 3, 4});
    queue.calm();
    CHECK_FALSE(queue.has_work());
    CHECK(queue.wakes_at() == start + 1s);
    CHECK(take_ready(queue, start + 999ms).empty());
    CHECK(sequences(take_ready(queue, start + 1s)) == std::vector<std::uint64_t>{1});
    CHECK(queue.wakes_at() == steady_time::max());
}

TEST_CASE("those that rest equally long come back in the order in which they were given back") {
    StreamQueue queue(0);
    queue.add(chunks::live(chunks::make("s", 1, chunks::records(50))));
    const auto refs = take_ready(queue, start);
    for (auto ref = refs.rbegin(); ref != refs.rend(); ++ref) queue.give_back(*ref, start + 1s);
    const auto back = sequences(take_ready(queue, start + 1s));
    CHECK(back.size() == 50);
    CHECK(std::is_sorted(back.rbegin(), back.rend()));
}

TEST_CASE("what is not open any more is let go of, ready or taken out, and the rest keeps its order") {
    StreamQueue queue(0);
    auto& chunk = queue.add(chunks::live(chunks::make("s", 1, chunks::records(5))));
    const auto bytes = Ref(chunk, 0).size();
    auto refs = take_ready(queue, start, 3);
    queue.fill({2, all}, start);
    CHECK(chunk.references == 5);
    CHECK(queue.drop_closed_of(refs) == 0);
    CHECK(queue.drop_closed() == 0);
    for (const std::size_t index : {0U, 2U, 3U}) chunk.chunk.settled.set(index);
    chunk.chunk.live = 2;
    CHECK(queue.drop_closed_of(refs) == 2 * bytes);
    CHECK(sequences(refs) == std::vector<std::uint64_t>{2});
    CHECK(queue.drop_closed() == 1);
    CHECK(chunk.references == 2);
    CHECK_FALSE(queue.full({2, 2 * bytes}));
    CHECK(queue.full({2, bytes}));
    CHECK(sequences(queue.take_ready()) == std::vector<std::uint64_t>{5});
}

TEST_CASE("a chunk is forgotten exactly when nothing of it is live, nobody refers to it and the storage knows") {
    StreamQueue queue(0);
    auto& chunk = queue.add(chunks::live(chunks::make("s", 1, chunks::records(2))));
    const auto size = chunk.chunk.body->size();
    CHECK(queue.bytes() == size);
    const auto refs = take_ready(queue, start);
    settle(queue, refs[0]);
    CHECK(queue.chunks().size() == 1);
    chunk.dirty = true;
    settle(queue, refs[1]);
    CHECK(queue.chunks().size() == 1);
    CHECK(queue.bytes() == size);
    chunk.dirty = false;
    queue.forget_if_done(chunk);
    CHECK(queue.chunks().empty());
    CHECK(queue.bytes() == 0);
}

TEST_CASE("a lane holds its followers back until the one before has its outcome") {
    StreamQueue queue(1'024);
    queue.add(chunks::live(chunks::make("s", 1, {keyed("a"), keyed("a"), keyed("b"), keyed("a")})));
    const auto first = take_ready(queue, start);
    CHECK(sequences(first) == std::vector<std::uint64_t>{1, 3});
    queue.give_back(first[0], start + 1s);
    CHECK(take_ready(queue, start).empty());
    CHECK(sequences(take_ready(queue, start + 1s)) == std::vector<std::uint64_t>{1});
    settle(queue, first[0]);
    CHECK(sequences(take_ready(queue, start + 1s)) == std::vector<std::uint64_t>{2});
}

TEST_CASE("the oldest that could be sent tells when it was put") {
    StreamQueue queue(0);
    CHECK(queue.oldest_sendable() == steady_time::max());
    CHECK_FALSE(queue.has_work());
    queue.add(chunks::live(chunks::make("s", 1, chunks::records(1)), moment()));
    queue.add(chunks::live(chunks::make("s", 2, chunks::records(1), chunks::today + 5s), moment(5s)));
    CHECK(queue.oldest_sendable() == start);
    queue.fill({all, all}, start + 5s);
    CHECK(queue.oldest_sendable() == start);
    auto refs = queue.take_ready();
    queue.release(refs.front());
    refs.erase(refs.begin());
    queue.put_back(refs);
    CHECK(queue.oldest_sendable() == start + 5s);
}

TEST_CASE("after a clear nothing of the queue is left but what flies") {
    StreamQueue queue(1'024);
    auto& one = queue.add(chunks::live(chunks::make("s", 1, {keyed("a"), keyed("a"), keyed("b"), keyed("c"), keyed("d")})));
    const auto refs = take_ready(queue, start);
    auto& two = queue.add(chunks::live(chunks::make("s", 10, chunks::records(3))));
    REQUIRE(refs.size() == 4);
    queue.give_back(refs[1]);
    queue.give_back(refs[2], start + 1s);
    queue.put_back({refs[3]});
    one.settle_all();
    two.settle_all();
    queue.purge();
    CHECK(queue.ready().empty());
    CHECK_FALSE(queue.has_work());
    CHECK(queue.wakes_at() == steady_time::max());
    CHECK(queue.chunks().size() == 1);
    queue.drop(refs[0]); // it lands; its lane's follower is gone, too
    CHECK(queue.chunks().empty());
    CHECK(queue.bytes() == 0);
}

TEST_CASE("a chunk that was dropped before anybody looked at it is forgotten, though the stream does not move") {
    StreamQueue queue(0);
    auto& whole = queue.add(chunks::live(chunks::make("s", 1, chunks::records(5))));
    auto& partly = queue.add(chunks::live(chunks::make("s", 10, chunks::records(5))));
    whole.settle_all();
    queue.forget_if_done(whole);
    CHECK(queue.chunks().size() == 1);
    queue.fill({2, all}, start);
    partly.settle_all();
    queue.forget_if_done(partly);
    CHECK(queue.chunks().size() == 1); // two of it are ready
    for (const auto& ref : take_ready(queue, start)) queue.drop(ref);
    CHECK(queue.chunks().empty());
    CHECK(take_ready(queue, start).empty());
}

TEST_CASE("purging keeps what is still open") {
    StreamQueue queue(0);
    queue.add(chunks::live(chunks::make("s", 1, chunks::records(3))));
    const auto refs = take_ready(queue, start);
    queue.give_back(refs[0], start + 1s);
    queue.put_back({refs[1]});
    queue.give_back(refs[2]);
    refs[1].chunk->chunk.settled.set(1);
    --refs[1].chunk->chunk.live;
    queue.purge();
    CHECK(take_ready(queue, start).size() == 2);
}

/// Does anything at any time, and keeps book of who should be where.
class QueueModel {
public:
    QueueModel(std::uint64_t seed, std::size_t lanes) : dice_(seed), lanes_(lanes), queue_(lanes) {}

    void play(int moves) {
        for (int i = 0; i < moves; ++i) move();
        calm_down();
    }

private:
    void move() {
        now_ += std::chrono::milliseconds(dice_() % 20);
        switch (dice_() % 9) {
        case 0: return add();
        case 1:
        case 2: return depart();
        case 3:
        case 4: return land(&QueueModel::deliver);
        case 5: return land(&QueueModel::give_back);
        case 6: return land(&QueueModel::rest);
        case 7: return decide_something();
        default: return throttle();
        }
    }

    void add() {
        std::vector<Record> records;
        for (auto count = dice_() % 6 + 1; count > 0; --count) records.push_back(keyed("k" + std::to_string(dice_() % 5)));
        auto chunk = chunks::make("s", next_, records);
        next_ += chunk.count;
        bodies_.push_back(chunk.body);
        queue_.add(chunks::live(std::move(chunk), sluice::detail::Moment(now_, chunks::today)));
    }

    void depart() {
        for (const auto& ref : take_ready(queue_, now_, dice_() % 8 + 1)) {
            if (!ref.open()) {
                queue_.drop(ref);
                continue;
            }
            if (lanes_ > 0) {
                const auto lane = ref.hash_key().lane(lanes_);
                for (const auto& other : flying_) CHECK(other.hash_key().lane(lanes_) != lane);
                CHECK(last_of_lane_[lane] <= ref.sequence());
                last_of_lane_[lane] = ref.sequence();
            }
            ref.chunk->set(ref.index, LiveChunk::flying);
            flying_.push_back(ref);
        }
    }

    void land(void (QueueModel::*how)(Ref)) {
        if (flying_.empty()) return;
        const auto at = flying_.begin() + static_cast<std::ptrdiff_t>(dice_() % flying_.size());
        const auto ref = *at;
        flying_.erase(at);
        ref.chunk->reset(ref.index, LiveChunk::flying);
        (this->*how)(ref);
    }

    void deliver(Ref ref) { settle(queue_, ref); }
    void give_back(Ref ref) { queue_.give_back(ref); }
    void rest(Ref ref) { queue_.give_back(ref, now_ + std::chrono::milliseconds(dice_() % 100)); }

    /// A record is dropped or expires wherever it stands.
    void decide_something() {
        for (const auto& [first, chunk] : queue_.chunks()) {
            const auto index = static_cast<std::uint32_t>(dice_() % chunk->chunk.count);
            if (!chunk->open(index) || dice_() % 3 > 0) continue;
            ++chunk->references;
            chunk->chunk.settled.set(index);
            --chunk->chunk.live;
            const Ref ref(*chunk, index);
            queue_.leave_lane(ref);
            return queue_.release(ref);
        }
    }

    void throttle() {
        auto& gate = queue_.gate();
        if (!gate.closed()) return gate.close(now_, 1'000);
        if (!flying_.empty()) gate.throttled(flying_.front(), now_);
        gate.relax(now_);
    }

    void calm_down() {
        for (int i = 0; !queue_.chunks().empty(); ++i) {
            REQUIRE(i < 10'000);
            depart();
            while (!flying_.empty()) land(&QueueModel::deliver);
            if (queue_.wakes_at() != steady_time::max()) now_ = std::max(now_, queue_.wakes_at());
        }
        CHECK(queue_.bytes() == 0);
        for (const auto& body : bodies_) CHECK(body.expired());
    }

    std::mt19937_64 dice_;
    std::size_t lanes_;
    StreamQueue queue_;
    steady_time now_ = start;
    std::uint64_t next_ = 1;
    std::vector<Ref> flying_;
    std::vector<std::weak_ptr<const std::string>> bodies_;
    std::map<std::size_t, std::uint64_t> last_of_lane_;
};

TEST_CASE("whatever happens, no reference leaks, and lanes keep their order") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        for (const std::size_t lanes : {0U, 3U, 1'024U}) QueueModel(seed, lanes).play(200);
    }
}

} // namespace
