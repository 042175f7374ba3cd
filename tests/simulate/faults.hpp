#pragma once

#include "service.hpp"

#include "../storage/test_vfs.hpp"

#include <sluice/local/calls.hpp>
#include <sluice/local/faults.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace simulate {

/// What goes wrong outside the process during one life: at the service, in the file system, with the calendar.
class Trouble {
public:
    Trouble(Scenario& scenario, Timeline& timeline, SimulatedService& service, TestVfs& vfs, WatchedLetters::Box& letters,
            Chronicle& chronicle)
        : scenario_(scenario), dice_(scenario.dice.bits()), timeline_(timeline), service_(service), vfs_(vfs),
          letters_(letters), chronicle_(chronicle) {}

    Trouble(const Trouble&) = delete;
    Trouble& operator=(const Trouble&) = delete;

    /// Draws what will happen in a life that begins now.
    void plan(const Life& life) {
        const auto any_time = [&] { return dice_.time(0ms, life.duration); };
        for (unsigned i = 0; i < life.faults; ++i) {
            timeline_.after(any_time(), [this] { happen(); });
        }
        for (unsigned i = 0; i < life.storage_faults; ++i) {
            timeline_.after(any_time(), [this] { fail_storage(); });
        }
        for (unsigned i = 0; i < life.letter_faults; ++i) {
            timeline_.after(any_time(), [this] {
                letters_.closed_until = timeline_.now() + window();
                chronicle_.line("nobody takes dead letters");
            });
        }
        for (std::size_t i = 0; i < scenario_.streams.size(); ++i) {
            if (dice_.chance(50)) timeline_.after(any_time(), [this, i] { make_stream(i); });
        }
    }

    /// Of a quiet life: one shard of the first stream is throttled to the end.
    void throttle_one_shard() {
        chronicle_.line("the first shard is throttled");
        service_.service->faults.add(sluice::local::Fault(sluice::local::fault::Throttle(sluice::local::shard_name(0)))
                                         .on("PutRecords"));
    }

    /// The world is as it should be.
    void end() {
        service_.service->faults.clear();
        letters_.closed_until = {};
        heal_storage();
        for (std::size_t i = 0; i < scenario_.streams.size(); ++i) make_stream(i);
    }

    void heal_storage() {
        vfs_.set_room(std::numeric_limits<std::size_t>::max());
        vfs_.fail_reads(false);
        vfs_.fail_writes(false);
        vfs_.fail_syncs(false);
    }

    void make_stream(std::size_t index) {
        const auto& name = scenario_.streams[index];
        if (service_.service->kinesis.find(name) != nullptr) return;
        const auto shards = scenario_.shards[index] == 0 ? 1 : scenario_.shards[index];
        chronicle_.line("stream ", name, " is made, with ", shards, " shards");
        (void)service_.service->kinesis.create_stream(sluice::local::StreamSpec(name, shards), moment());
    }

private:
    [[nodiscard]] sluice::local::Moment moment() const { return {timeline_.now(), timeline_.wall()}; }

    [[nodiscard]] std::chrono::milliseconds window() {
        return dice_.one_of(dice_.time(1ms, 500ms), dice_.time(500ms, 5s), dice_.time(5s, 3min));
    }

    void happen() {
        switch (dice_.number(0, 10)) {
        case 0: return set_calendar();
        case 1: return reshard();
        case 2:
        case 3: return some_requests();
        default: return for_some_time();
        }
    }

    void add(const char* name, sluice::local::Fault fault) {
        chronicle_.line("the service: ", name);
        service_.service->faults.add(dice_.chance(70) ? fault.on("PutRecords") : fault);
    }

    /// Something that a request meets once or a few times.
    void some_requests() {
        using namespace sluice::local;
        const auto times = dice_.number(1, 4);
        const auto some = [&](Fault::Act act) { return Fault(std::move(act)).times(times); };
        switch (dice_.number(0, 6)) {
        case 0: return add("cuts before reading", some(fault::Cut(fault::Cut::Where::before_reading)));
        case 1: return add("cuts in the middle of the answer", some(fault::Cut(fault::Cut::Where::mid_response)));
        case 2: return add("cuts after applying", some(fault::Cut(fault::Cut::Where::after_applying)));
        case 3: return add("names wrong shards", some(fault::WrongShard()));
        case 4: return add("sends garbage", some(fault::Garbage()));
        case 5: return add("answers for fewer entries", some(fault::FewerEntries(1)));
        default: return add("is slow", some(fault::Delay(dice_.time(1ms, 20s))));
        }
    }

    /// Something that lasts.
    void for_some_time() {
        using namespace sluice::local;
        const auto time = window();
        const auto now = timeline_.now();
        const auto lasting = [&](Fault::Act act) { return Fault(std::move(act)).until(now + time); };
        switch (dice_.number(0, 11)) {
        case 0: return add("is not there", lasting(fault::Unavailable()));
        case 1: return add("fails with 500", lasting(fault::Refuse::internal_failure()));
        case 2: return add("fails with 503", lasting(fault::Refuse::service_unavailable()));
        case 3: return add("says that credentials expired", lasting(fault::Refuse::expired_credentials()));
        case 4: return add("denies access", lasting(fault::Refuse::access_denied()));
        case 5: return add("is hidden behind a page", lasting(fault::Page()));
        case 6: return add("is slow", lasting(fault::Delay(dice_.time(1ms, 2s))));
        case 7: return add("has another calendar", lasting(fault::Skew(dice_.one_of(-600'000ms, 600'000ms, 3'600'000ms))));
        case 8: return add("throttles", lasting(fault::Throttle()));
        case 9: return add("throttles a shard", lasting(fault::Throttle(shard_name(dice_.number(0, 3)))));
        default: {
            const auto share = static_cast<double>(dice_.number(1, 10)) / 10;
            return add("fails entries", lasting(fault::FailEntries(share, dice_.bits())));
        }
        }
    }

    void set_calendar() {
        const auto step = dice_.one_of(-3'600'000ms, -1'000ms, 1'000ms, 60'000ms, 3'600'000ms);
        chronicle_.line("the calendar is set by ", step);
        timeline_.step_wall(step);
    }

    void reshard() {
        using namespace sluice::local;
        const auto& name = scenario_.streams[dice_.number(0, scenario_.streams.size() - 1)];
        const auto* stream = service_.service->kinesis.find(name);
        if (stream == nullptr) return;
        std::vector<const Shard*> open;
        for (const auto& shard : stream->shards()) {
            if (shard.open()) open.push_back(&shard);
        }
        std::sort(open.begin(), open.end(), [](auto* a, auto* b) { return a->range.first < b->range.first; });
        const auto place = dice_.number(0, open.size() - 1);
        if (dice_.chance(50) && place + 1 < open.size()) {
            chronicle_.line("two shards of ", name, " are merged");
            (void)service_.service->kinesis.merge_shards(name, open[place]->id(), open[place + 1]->id(), moment());
        } else {
            chronicle_.line("a shard of ", name, " is split");
            auto middle = open[place]->range;
            const auto high = middle.first.high() + (middle.last.high() - middle.first.high()) / 2;
            (void)service_.service->kinesis.split_shard(name, open[place]->id(), HashKey(high, 7).to_string(), moment());
        }
    }

    void fail_storage() {
        const auto time = window();
        service_.oracle.storage_fails();
        switch (dice_.number(0, 3)) {
        case 0:
            chronicle_.line("the disk is full");
            vfs_.set_room(vfs_.used() + dice_.number(0, 20'000));
            break;
        case 1:
            chronicle_.line("writes fail");
            vfs_.fail_writes(true);
            break;
        case 2:
            chronicle_.line("reads fail");
            vfs_.fail_reads(true);
            break;
        default:
            chronicle_.line("syncs fail");
            vfs_.fail_syncs(true);
            break;
        }
        timeline_.after(time, [this] {
            chronicle_.line("the disk is well again");
            heal_storage();
        });
    }

    Scenario& scenario_;
    Dice dice_;
    Timeline& timeline_;
    SimulatedService& service_;
    TestVfs& vfs_;
    WatchedLetters::Box& letters_;
    Chronicle& chronicle_;
};

} // namespace simulate
