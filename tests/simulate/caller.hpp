#pragma once

#include "oracle.hpp"

#include <sluice/record.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace simulate {

/// The program that uses the producer, for one life: it puts, waits, cancels, flushes, and tells the oracle all.
template <class Producer>
class Caller {
public:
    Caller(Producer& producer, Scenario& scenario, Timeline& timeline, Oracle& oracle, Chronicle& chronicle)
        : producer_(&producer), scenario_(scenario), dice_(scenario.dice.bits()), timeline_(timeline), oracle_(oracle),
          chronicle_(chronicle) {}

    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    /// Does something.
    void act() {
        const auto dice = scenario_.neighbours ? dice_.number(0, 74) : dice_.number(0, 99);
        if (dice < 25) {
            for (auto rest = burst(); rest > 0; --rest) try_put();
        } else if (dice < 40) {
            for (auto rest = burst(); rest > 0; --rest) put();
        } else if (dice < 55) {
            put_all();
        } else if (dice < 75) {
            for (auto rest = burst(); rest > 0; --rest) deliver();
        } else if (dice < 84) {
            flush(dice_.one_of(0ms, 50ms, 1'000ms, 30'000ms));
        } else if (dice < 91) {
            sync();
        } else if (dice < 94) {
            clear();
        } else {
            disable_for(dice_.time(0ms, 500ms));
        }
        look();
    }

    void open() {
        start("open", [this](auto done) { producer_->async_open(std::move(done)); }, [](error_code) {});
    }

    void flush(std::chrono::milliseconds timeout) {
        const auto last = oracle_.items();
        const auto mark = oracle_.mark();
        const auto begun = timeline_.now();
        chronicle_.line("flush within ", timeout);
        oracle_.flushed();
        ++pending_;
        producer_->async_flush(timeout, [=, this](error_code failure, sluice::FlushReport report) {
            --pending_;
            chronicle_.line("flushed: ", failure, "; ", report.delivered, " delivered, ", report.failed, " failed, ",
                            report.expired, " expired, ", report.left, " left, paused by ", report.paused_by);
            if (failure) return;
            oracle_.synced(last);
            if (report.left == 0) oracle_.all_have_outcome(mark);
            const auto took = timeline_.now() - begun;
            if (timeout.count() > 0 && took > timeout + slack) chronicle_.broken(1, "a flush took ", took);
            left = report.left;
        });
    }

    void close(std::chrono::milliseconds timeout) {
        chronicle_.line("close within ", timeout);
        oracle_.flushed();
        const auto begun = timeline_.now();
        ++pending_;
        producer_->async_close(timeout, [=, this](error_code failure, sluice::FlushReport report) {
            --pending_;
            chronicle_.line("closed: ", failure, "; ", report.delivered, " delivered, ", report.left, " left");
            const auto took = timeline_.now() - begun;
            const auto most = timeout.count() > 0 ? timeout : scenario_.options.request_timeout;
            if (took > most + slack) chronicle_.broken(1, "a close took ", took);
        });
    }

    /// The producer is no more; its handlers still have to be called.
    void forget() { producer_ = nullptr; }

    void look() {
        if (producer_ != nullptr) oracle_.observe(producer_->stats());
    }

    [[nodiscard]] unsigned pending() const { return pending_; }
    [[nodiscard]] std::uint64_t removed() const { return removed_; }

    std::uint64_t left = 0; ///< What the last flush said.

private:
    /// How much longer than asked for a flush or a close may take, for the storage's sake.
    static constexpr std::chrono::milliseconds slack{5'000};

    [[nodiscard]] std::uint64_t burst() { return dice_.number(1, scenario_.burst); }

    Item& make(const std::string& stream, bool quiet) {
        const auto key = "key-" + std::to_string(dice_.number(1, scenario_.keys));
        const bool poison = scenario_.poison && dice_.chance(2);
        const auto size = poison ? (1U << 20U) + 1 : dice_.number(1, scenario_.largest);
        auto& its = oracle_.add(stream, key, static_cast<std::size_t>(size), quiet);
        its.poison = poison;
        if (dice_.chance(3) && !scenario_.neighbours) its.time_to_live = dice_.time(1ms, 20s);
        return its;
    }

    [[nodiscard]] const std::string& any_stream() {
        return scenario_.streams[dice_.number(0, scenario_.streams.size() - 1)];
    }

    void try_put() {
        auto& its = make(any_stream(), true);
        const auto record = its.record();
        const auto failure = producer_->try_put(record);
        if (failure) {
            oracle_.refused(its.id, failure);
        } else if (disabled_ > 0) {
            its.standing = Standing::refused;
        } else {
            oracle_.accepted(its.id, false);
        }
        chronicle_.line("try_put ", its.id, ": ", failure);
    }

    void put() {
        auto& its = make(any_stream(), false);
        const auto id = its.id;
        chronicle_.line("async_put ", id);
        const auto turn = queue(its.stream);
        auto done = [this, id, turn, toggles = toggles_, off = disabled_ > 0](error_code failure) {
            --pending_;
            leave(turn, failure);
            if (failure) return fail(id, failure);
            accept(id, toggles, off);
            chronicle_.line("record ", id, " is accepted");
        };
        ++pending_;
        producer_->async_put(its.record(), cancellable({id}, turn, std::move(done)));
    }

    void put_all() {
        const auto stream = any_stream();
        const auto records = std::make_shared<std::vector<sluice::Record>>();
        std::vector<std::uint64_t> ids;
        for (auto rest = burst(); rest > 0; --rest) {
            const auto& its = make(stream, false);
            records->push_back(its.record());
            ids.push_back(its.id);
        }
        chronicle_.line("async_put_all ", ids.front(), "-", ids.back());
        const auto turn = queue(stream);
        auto done = [this, records, ids, turn, toggles = toggles_, off = disabled_ > 0](error_code failure,
                                                                                      sluice::PutReport report) {
            --pending_;
            leave(turn, failure);
            if (failure == asio::error::operation_aborted) {
                for (const auto id : ids) fail(id, failure);
                return;
            }
            if (report.accepted + report.refused.size() != ids.size()) {
                chronicle_.broken(1, "async_put_all of ", ids.size(), " reports ", report.accepted, " accepted and ",
                                  report.refused.size(), " refused");
            }
            std::map<std::uint64_t, error_code> refused;
            for (const auto& refusal : report.refused) refused.emplace(ids[refusal.index], refusal.reason);
            for (const auto& [id, why] : refused) fail(id, why);
            for (const auto id : ids) {
                if (!refused.contains(id)) accept(id, toggles, off);
            }
            chronicle_.line("records ", ids.front(), "-", ids.back(), " are accepted but for ", refused.size());
        };
        ++pending_;
        producer_->async_put_all(*records, cancellable(ids, turn, std::move(done)));
    }

    void deliver() {
        auto& its = make(any_stream(), false);
        const auto id = its.id;
        chronicle_.line("async_deliver ", id);
        auto done = [this, id](error_code outcome, const sluice::Receipt& receipt) {
            --pending_;
            if (outcome == asio::error::operation_aborted) return fail(id, outcome);
            oracle_.told(id, outcome, receipt);
        };
        ++pending_;
        producer_->async_deliver(its.record(), cancellable({id}, 0, std::move(done)));
    }

    void sync() {
        const auto last = oracle_.items();
        start("sync", [this](auto done) { producer_->async_sync(std::move(done)); },
              [this, last](error_code failure) {
                  if (!failure) oracle_.synced(last);
              });
    }

    void clear() {
        const auto mark = oracle_.mark();
        chronicle_.line("clear");
        ++pending_;
        oracle_.clearing();
        producer_->async_clear([this, mark](error_code failure, std::uint64_t removed) {
            --pending_;
            chronicle_.line("cleared: ", failure, ", ", removed, " records");
            if (failure) return oracle_.not_cleared();
            oracle_.cleared(mark);
            removed_ += removed;
        });
    }

    void disable_for(std::chrono::milliseconds time) {
        chronicle_.line("disable for ", time);
        ++toggles_;
        ++disabled_;
        producer_->disable();
        timeline_.after(time, [this] {
            if (producer_ == nullptr) return;
            ++toggles_;
            if (--disabled_ == 0) producer_->enable();
            chronicle_.line("enable");
        });
    }

    template <class Begin, class Then>
    void start(const char* name, Begin begin, Then then) {
        chronicle_.line(name);
        ++pending_;
        begin([this, name, then](error_code failure) {
            --pending_;
            chronicle_.line(name, " is done: ", failure);
            then(failure);
        });
    }

    /// A handler whose operation may be cancelled some time.
    template <class Done>
    auto cancellable(std::vector<std::uint64_t> ids, std::uint64_t turn, Done done) {
        const auto signal = std::make_shared<asio::cancellation_signal>();
        if (dice_.chance(15) && !scenario_.neighbours) {
            timeline_.after(dice_.one_of(0ms, 1ms, dice_.time(0ms, 3s)), [this, weak = std::weak_ptr(signal), ids, turn] {
                const auto open = weak.lock();
                if (!open) return;
                chronicle_.line("cancel ", ids.front());
                for (const auto id : ids) oracle_.item(id).cancelled = true;
                waiting_.erase(turn);
                open->emit(asio::cancellation_type::terminal);
            });
        }
        auto slot = signal->slot();
        auto keep = [signal, done = std::move(done)](auto... results) { done(std::move(results)...); };
        return asio::bind_cancellation_slot(slot, std::move(keep));
    }

    void fail(std::uint64_t id, error_code failure) {
        auto& its = oracle_.item(id);
        if (failure != asio::error::operation_aborted) return oracle_.refused(id, failure);
        if (!its.cancelled) chronicle_.broken(1, "record ", id, ": nobody cancelled it");
        chronicle_.line("record ", id, " is cancelled");
        its.standing = Standing::unsure;
    }

    /// The put succeeded; while the producer is disabled that means nothing.
    void accept(std::uint64_t id, std::uint64_t toggles, bool off) {
        auto& its = oracle_.item(id);
        if (toggles != toggles_) {
            its.standing = Standing::unsure;
        } else if (off) {
            its.standing = Standing::refused;
        } else {
            oracle_.accepted(id, scenario_.persistent);
        }
    }

    // --- first come, first served ------------------------------------------------------------------------------

    std::uint64_t queue(const std::string& stream) {
        waiting_.emplace(++turns_, stream);
        return turns_;
    }

    /// Puts that wait for room get it in their order.
    void leave(std::uint64_t turn, error_code failure) {
        const auto found = waiting_.find(turn);
        if (found == waiting_.end()) return;
        const auto stream = found->second;
        waiting_.erase(found);
        if (failure || toggles_ > 0) return;
        for (const auto& [other, its_stream] : waiting_) {
            if (other > turn) break;
            if (its_stream == stream) chronicle_.broken(5, "a put overtook another that waited for room");
        }
    }

    Producer* producer_;
    Scenario& scenario_;
    Dice dice_;
    Timeline& timeline_;
    Oracle& oracle_;
    Chronicle& chronicle_;
    unsigned pending_ = 0;
    unsigned disabled_ = 0;
    std::uint64_t toggles_ = 0;
    std::uint64_t removed_ = 0;
    std::uint64_t turns_ = 0;
    std::map<std::uint64_t, std::string> waiting_; ///< Puts that are not done, and their streams.
};

} // namespace simulate
