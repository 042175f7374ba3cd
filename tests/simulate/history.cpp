#include "history.hpp"

#include "batching.hpp"
#include "caller.hpp"
#include "faults.hpp"
#include "service.hpp"
#include "storage.hpp"

#include <sluice/credentials/static.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/local/direct_transport.hpp>
#include <sluice/log.hpp>
#include <sluice/producer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulate {

/// One history: a service, a disk, and a process that lives a few times; all that happens follows from the seed.
class History {
public:
    using Producer = sluice::Producer<WatchedStream, SimulatedStorage, SimulatedBatching, WatchedLetters, SimulatedClock,
                                      sluice::StaticCredentials, sluice::local::DirectTransport>;

    History(std::uint64_t seed, Mutant mutant, bool shown)
        : scenario_(seed), chronicle_(timeline_, shown), oracle_(scenario_, timeline_, chronicle_),
          service_(scenario_, oracle_, chronicle_), vfs_(seed), letters_(oracle_) {
        mutation_->settles_early = mutant == Mutant::settle_before_answer;
        mutation_->forgets_on_close = mutant == Mutant::forget_on_close;
        service_.resends_all = mutant == Mutant::resend_all;
    }

    [[nodiscard]] Verdict run() {
        introduce();
        for (std::size_t i = 0; i < scenario_.streams.size(); ++i) {
            if (scenario_.shards[i] > 0) Trouble(scenario_, timeline_, service_, vfs_, letters_, chronicle_).make_stream(i);
        }
        for (const auto& life : scenario_.lives) live(life);
        live_for_the_last_time();
        Verdict verdict;
        verdict.broken = chronicle_.broken_promises();
        verdict.sum = chronicle_.sum();
        verdict.records = oracle_.items();
        verdict.requests = service_.requests;
        verdict.time = timeline_.since_start();
        return verdict;
    }

private:
    /// One process.
    class Process {
    public:
        std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>(1);
        asio::any_io_executor work = asio::prefer(context->get_executor(), asio::execution::outstanding_work.tracked);
        std::optional<Producer> producer;
    };

    void introduce() {
        const auto& options = scenario_.options;
        if (scenario_.aggregates) chronicle_.line("aggregates of ", scenario_.aggregate_bytes, " bytes");
        chronicle_.line(scenario_.persistent ? (scenario_.syncs ? "SQLite, full" : "SQLite, normal") : "memory",
                        options.ordering == sluice::Ordering::per_key ? ", per key in " : ", in any order in ", options.lanes,
                        " lanes, linger ", options.linger, ", ", options.requests_in_flight, " requests of ",
                        options.request_records, " records, buffer of ", options.buffer_bytes, " bytes and ",
                        options.buffer_records, " records, ", options.attempts, " attempts, back-off ", options.back_off,
                        " to ", options.longest_back_off, ", window of ", options.window_bytes, " bytes");
    }

    void start(Process& process) {
        mutation_->to_be_forgotten = mutation_->to_be_forgotten && scenario_.persistent;
        auto options = scenario_.options;
        options.log = sluice::Log([this](sluice::LogLevel level, std::string_view line) {
            chronicle_.line("log: ", sluice::to_string(level), ": ", line);
            if (line.find("the storage could never be opened") != line.npos) oracle_.never_opened();
        });
        const auto executor = process.context->get_executor();
        SimulatedStorage storage(scenario_.slow_storage, scenario_.dice.bits(), mutation_);
        if (scenario_.persistent) {
            const auto durability = scenario_.syncs ? sluice::Durability::full : sluice::Durability::normal;
            storage = storage.in(sluice::SqliteStorage("buffer.db", durability).on(executor).vfs(vfs_.name()));
        }
        process.producer.emplace(executor, std::move(options), WatchedStream(service_), std::move(storage),
                                 SimulatedBatching(scenario_), WatchedLetters(letters_), SimulatedClock(timeline_, scenario_.dice.bits()),
                                 sluice::StaticCredentials("local", sluice::Secret("local")),
                                 sluice::local::DirectTransport(service_.service));
    }

    void live(const Life& life) {
        Process process;
        oracle_.begin_life();
        chronicle_.line("a process begins");
        start(process);
        Caller caller(*process.producer, scenario_, timeline_, oracle_, chronicle_);
        Trouble trouble(scenario_, timeline_, service_, vfs_, letters_, chronicle_);
        trouble.plan(life);
        if (scenario_.neighbours) timeline_.after(5s, [&] { trouble.throttle_one_shard(); });
        if (scenario_.dice.chance(50)) caller.open();
        for (unsigned i = 0; i < life.actions; ++i) {
            timeline_.after(scenario_.dice.time(0ms, life.duration), [&caller] { caller.act(); });
        }
        const bool crashes = life.ending == Ending::kill || life.ending == Ending::power;
        if (crashes && life.writes_after > 0) {
            timeline_.after(life.duration * scenario_.dice.number(1, 10) / 10, [&] { vfs_.cut_power_after(life.writes_after); });
        }
        run_until(process, timeline_.now() + life.duration, &caller);
        if (scenario_.neighbours) judge_neighbours();
        if (crashes) {
            crash(process, life, caller);
        } else {
            end(process, life, caller);
        }
        trouble.heal_storage();
        service_.harvest();
        timeline_.pass_until(timeline_.now() + scenario_.dice.one_of(1ms, 1'000ms, 600'000ms));
    }

    void crash(Process& process, const Life& life, Caller<Producer>& caller) {
        for (auto left = life.handlers_after; left > 0 && !vfs_.powerless(); --left) {
            if (process.context->poll_one() == 0) break;
        }
        chronicle_.line("the process ends by ", to_string(life.ending), ", ", caller.pending(), " handlers wait");
        vfs_.cut_power_after(0);
        process.producer.reset();
        timeline_.clear();
        // Whatever waits is destroyed with the context.
        process.work = {};
        process.context.reset();
        mutation_->to_be_forgotten = false;
        const bool power = life.ending == Ending::power;
        if (power) {
            vfs_.crash(scenario_.dice.bits());
        } else {
            vfs_.kill();
        }
        oracle_.crash(!power || scenario_.syncs);
    }

    void end(Process& process, const Life& life, Caller<Producer>& caller) {
        const auto timeout = scenario_.dice.one_of(0ms, 100ms, 10'000ms);
        if (life.ending == Ending::close) {
            caller.close(timeout);
        } else {
            chronicle_.line("the producer is destroyed");
            caller.forget();
            process.producer.reset();
        }
        run_until(process, timeline_.now() + timeout + 1min, nullptr);
        finish(process, caller);
    }

    void finish(Process& process, Caller<Producer>& caller) {
        if (caller.pending() > 0) chronicle_.broken(1, caller.pending(), " handlers were never called");
        if (process.producer) oracle_.balance(process.producer->stats(), caller.removed());
        caller.forget();
        process.producer.reset();
        run_until(process, timeline_.now() + 1min, nullptr);
        timeline_.clear();
        oracle_.end_life();
    }

    void live_for_the_last_time() {
        Process process;
        oracle_.begin_life();
        chronicle_.line("a process begins, and all is well");
        start(process);
        Trouble(scenario_, timeline_, service_, vfs_, letters_, chronicle_).end();
        Caller caller(*process.producer, scenario_, timeline_, oracle_, chronicle_);
        caller.flush(1h);
        run_until(process, timeline_.now() + 2h, nullptr);
        if (caller.left > 0) chronicle_.broken(1, caller.left, " records do not leave, although all is well");
        service_.harvest();
        const auto stats = process.producer->stats();
        caller.close(1s);
        run_until(process, timeline_.now() + 1min, nullptr);
        finish(process, caller);
        oracle_.end(stats);
    }

    /// Lets the process work, and time pass when it has nothing to do; stops early without power.
    void run_until(Process& process, steady_time end, Caller<Producer>* observed) {
        for (std::uint64_t at_once = 0;;) {
            while (process.context->poll_one() > 0) {
                if (vfs_.powerless()) return;
                if (++at_once < 1'000'000) continue;
                chronicle_.broken(4, "the process spins");
                return;
            }
            if (observed != nullptr) observed->look();
            const auto next = timeline_.next();
            if (!next || *next > end) break;
            if (*next > timeline_.now()) at_once = 0;
            timeline_.wake();
        }
        timeline_.pass_until(end);
    }

    void judge_neighbours() {
        oracle_.neighbours_went_on(timeline_.now() - 30s, [&](const Item& its) {
            const auto& first = service_.service->kinesis.find(its.stream)->shards().front();
            return first.range.holds(sluice::kinesis::hash_of(its.key));
        });
    }

    Scenario scenario_;
    Timeline timeline_;
    Chronicle chronicle_;
    Oracle oracle_;
    SimulatedService service_;
    TestVfs vfs_;
    WatchedLetters::Box letters_;
    std::shared_ptr<StorageMutation> mutation_ = std::make_shared<StorageMutation>();
};

Verdict run(std::uint64_t seed, Mutant mutant, bool shown) { return History(seed, mutant, shown).run(); }

} // namespace simulate
