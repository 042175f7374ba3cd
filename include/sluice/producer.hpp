#pragma once

#include <sluice/detail/defaults.hpp>
#include <sluice/detail/engine.hpp>
#include <sluice/detail/option_rules.hpp>
#include <sluice/detail/pack.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/error.hpp>
#include <sluice/options.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>
#include <sluice/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// A range of records, or of views of records, that outlives the operation it is given to.
template <class R>
concept RecordRange =
    std::ranges::input_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, RecordView>;

/// Gets records into streams, whatever happens to the network, the credentials, the shards or the process.
///
/// Made by `make_producer`, or as `Producer<Policies...>`. It works on a strand of the executor that it is given, from
/// which the first verb, or `try_put`, brings its policies to life. `try_put`, `stats`, `enable`, `disable` and the
/// start of every `async_*` may be called from any thread; moving and destroying it may not be concurrent with these.
/// One that was moved from may only be destroyed or assigned to. It must not outlive its execution context.
///
/// Every `async_*` takes a completion token, `asio::deferred` by default: nothing happens before it is awaited.
/// Handlers run on their associated executor, never from within the call, and keep that executor at work. Cancelling
/// an operation (any type) before its records are accepted withdraws them; afterwards it only ends the waiting, with
/// `asio::error::operation_aborted`, and the records go on.
///
/// Destroyed without `async_close`, it ends by itself on its executor: a storage that persists keeps what is left, any
/// other gives it to the dead letters; who waits for a receipt gets `error::kept` or `error::closed`.
template <class Destination, class Storage, class Batching, class Partitioning, class Compression, class Credentials,
          class Offload, class DeadLetters, class Metrics, class Transport, class Clock>
class BasicProducer {
    using Policies = std::tuple<Destination, Storage, Batching, Partitioning, Compression, Credentials, Offload,
                                DeadLetters, Metrics, Transport, Clock>;
    using Engine = detail::Engine<Destination, Storage, Batching, Partitioning, Compression, Credentials, Offload,
                                  DeadLetters, Metrics, Transport, Clock>;

public:
    /// Stores the recipes, in any order; those not given are made by default. No I/O. Throws `std::invalid_argument`
    /// for options that can never work.
    template <class... Given>
    explicit BasicProducer(asio::any_io_executor executor, Options options, Given... policies)
        : engine_(make_engine(std::move(executor), std::move(options),
                              detail::Arrange<Destination, Storage, Batching, Partitioning, Compression, Credentials,
                                              Offload, DeadLetters, Metrics, Transport,
                                              Clock>::from(std::move(policies)...))) {}

    BasicProducer(BasicProducer&&) noexcept = default;

    BasicProducer& operator=(BasicProducer&& other) noexcept {
        if (this != &other) {
            abandon();
            engine_ = std::move(other.engine_);
        }
        return *this;
    }

    ~BasicProducer() { abandon(); }

    /// The strand on which this producer works.
    [[nodiscard]] asio::any_io_executor get_executor() const { return engine_->executor(); }

    /// Takes a record if there is room now; never waits.
    ///
    /// Success: it is in memory, counts against the caps, will be in the next commit of a storage that persists, and
    /// will have one outcome. Errors: `buffer_full`, `closed`, `too_many_streams`, `headers_need_aggregate`, and those
    /// of a record that can never be sent: `record_too_large`, `partition_key_empty`, `partition_key_too_long`,
    /// `not_utf8`, `hash_key_invalid`, `stream_name_invalid`. While disabled it takes nothing and reports success.
    [[nodiscard]] error_code try_put(const RecordView& record) { return engine_->try_put(record); }

    /// Completes when the record is accepted: committed, if the storage persists.
    ///
    /// Signature `void(error_code)`. Waits for room where `Options::when_full` says so. One at a time is one commit
    /// each: loops use `async_put_all`. Errors: those of `try_put`; those of opening; `storage_full`, `storage_failed`,
    /// `storage_corrupt`: the record was not kept.
    template <asio::completion_token_for<void(error_code)> Token = asio::deferred_t>
    [[nodiscard]] auto async_put(Record record, Token&& token = Token()) {
        return asio::async_initiate<Token, void(error_code)>(
            [engine = engine_](auto handler, Record its_record) {
                start(engine, std::move(its_record), detail::park<error_code>(std::move(handler), engine->executor()));
            },
            token, std::move(record));
    }

    /// Completes when all records of a range are accepted or refused; one pass through the storage.
    ///
    /// Signature `void(error_code, PutReport)`; the error is that of the first refusal, and the report has all of them.
    /// The range and what its records point to must live until completion: a named one, never a temporary.
    template <RecordRange Range, asio::completion_token_for<void(error_code, PutReport)> Token = asio::deferred_t>
    [[nodiscard]] auto async_put_all(Range&& records, Token&& token = Token()) {
        static_assert(std::is_lvalue_reference_v<Range>,
                      "sluice: async_put_all needs a range with a name, which lives until it completes; "
                      "make a variable of it");
        return asio::async_initiate<Token, void(error_code, PutReport)>(
            [engine = engine_, range = &records](auto handler) {
                std::vector<RecordView> views;
                for (auto&& record : *range) views.emplace_back(record);
                start(engine, std::move(views),
                      detail::park<error_code, PutReport>(std::move(handler), engine->executor()));
            },
            token);
    }

    /// Completes when the service has the record, or never will.
    ///
    /// Signature `void(error_code, Receipt)`; the receipt has shard, sequence number and attempts. Errors: those of
    /// `async_put`; `disabled`; the outcomes `gave_up`, `expired`, `dropped`, `cleared`, `closed`, or the service's
    /// refusal; `kept`, if the producer ends first and its storage keeps the record.
    template <asio::completion_token_for<void(error_code, Receipt)> Token = asio::deferred_t>
    [[nodiscard]] auto async_deliver(Record record, Token&& token = Token()) {
        return asio::async_initiate<Token, void(error_code, Receipt)>(
            [engine = engine_](auto handler, Record its_record) {
                start(engine, std::move(its_record),
                      detail::park<error_code, Receipt>(std::move(handler), engine->executor()));
            },
            token, std::move(record));
    }

    /// Completes when storage and credentials are there; optional.
    ///
    /// Signature `void(error_code)`. Errors: `storage_locked`, `storage_corrupt`, `storage_foreign`,
    /// `storage_unwritable`, `storage_failed`, `credentials_missing` and others of the policies. A failed opening may
    /// be tried again, and is by the next verb. With an error of the credentials alone the producer works all the
    /// same: its streams pause until there are some.
    template <asio::completion_token_for<void(error_code)> Token = asio::deferred_t>
    [[nodiscard]] auto async_open(Token&& token = Token()) {
        return initiate<void(error_code), error_code>(
            [](Engine& engine, auto done) { engine.open(std::move(done)); }, token);
    }

    /// Completes when everything put so far is durable; at once, with a storage that does not persist.
    ///
    /// Signature `void(error_code)`. Errors: those of opening; those of the commit.
    template <asio::completion_token_for<void(error_code)> Token = asio::deferred_t>
    [[nodiscard]] auto async_sync(Token&& token = Token()) {
        return initiate<void(error_code), error_code>(
            [](Engine& engine, auto done) { engine.sync(std::move(done)); }, token);
    }

    /// Completes when everything accepted before has an outcome, recovered records too, or the time is over.
    ///
    /// Signature `void(error_code, FlushReport)`. Nothing lingers, and each paused stream is probed once at once. Being
    /// offline is no error: the report tells what is left, and why. A timeout of zero is one try. Runs while disabled;
    /// many may be under way. Errors: those of opening; `closed`.
    template <asio::completion_token_for<void(error_code, FlushReport)> Token = asio::deferred_t>
    [[nodiscard]] auto async_flush(std::chrono::nanoseconds timeout, Token&& token = Token()) {
        return initiate<void(error_code, FlushReport), error_code, FlushReport>(
            [timeout](Engine& engine, auto done) { engine.flush(timeout, std::move(done)); }, token);
    }

    /// The same with `Options::flush_timeout`.
    template <asio::completion_token_for<void(error_code, FlushReport)> Token = asio::deferred_t>
    [[nodiscard]] auto async_flush(Token&& token = Token()) {
        return async_flush(engine_->options().flush_timeout, std::forward<Token>(token));
    }

    /// Completes when the buffer is empty; each record's outcome is `error::cleared`, none goes to the dead letters.
    ///
    /// Signature `void(error_code, std::uint64_t)`: how many were removed. A record in flight may arrive all the same.
    /// Errors: those of opening; those of the storage, which then keeps all; `closed`.
    template <asio::completion_token_for<void(error_code, std::uint64_t)> Token = asio::deferred_t>
    [[nodiscard]] auto async_clear(Token&& token = Token()) {
        return initiate<void(error_code, std::uint64_t), error_code, std::uint64_t>(
            [](Engine& engine, auto done) { engine.clear(std::move(done)); }, token);
    }

    /// Refuses new records, flushes, and completes when nothing is in flight and the storage is let go.
    ///
    /// Signature `void(error_code, FlushReport)`. What is not delivered when the time is over stays in a storage that
    /// persists, and goes to the dead letters of any other, which are given the time that they take, and counts as
    /// failed; requests still in flight are cancelled. A timeout of zero or less is over at once, but what was put is
    /// stored first, and an opening that is under way is waited for; where nothing was put, one that itself waits for
    /// others, as for a lease, gives up then. May be called again: later calls complete with the first. Never an error
    /// but that of a cancellation.
    template <asio::completion_token_for<void(error_code, FlushReport)> Token = asio::deferred_t>
    [[nodiscard]] auto async_close(std::chrono::nanoseconds timeout, Token&& token = Token()) {
        return initiate<void(error_code, FlushReport), error_code, FlushReport>(
            [timeout](Engine& engine, auto done) {
                engine.close(timeout, [done = std::move(done)](FlushReport report) { done({}, report); });
            },
            token);
    }

    /// The same with `Options::close_timeout`.
    template <asio::completion_token_for<void(error_code, FlushReport)> Token = asio::deferred_t>
    [[nodiscard]] auto async_close(Token&& token = Token()) {
        return async_close(engine_->options().close_timeout, std::forward<Token>(token));
    }

    /// Takes records again.
    void enable() { engine_->enable(true); }

    /// Stops the intake, not the delivery: puts are ignored quietly, and counted; `async_deliver` reports `disabled`.
    void disable() { engine_->enable(false); }

    /// Counters, what is buffered, per stream and shard, and why nothing moves.
    [[nodiscard]] Stats stats() const { return engine_->stats(); }

private:
    static std::shared_ptr<Engine> make_engine(asio::any_io_executor executor, Options options, Policies policies) {
        detail::require_possible(options);
        detail::bound_durations(options);
        auto& [destination, storage, batching, partitioning, compression, credentials, offload, letters, metrics,
               transport, clock] = policies;
        const RequestLimits limits = destination.limits(options);
        detail::PutRules rules;
        rules.max_record = offload.max_payload(limits.entry_bytes);
        rules.max_frame = limits.entry_bytes;
        rules.headers = batching.carries_headers();
        typename Engine::Company::Recipes recipes(std::move(destination), std::move(storage), std::move(credentials),
                                                  std::move(offload), std::move(letters), std::move(metrics),
                                                  std::move(transport));
        return std::make_shared<Engine>(std::move(executor), std::move(options), std::move(recipes),
                                        std::move(batching), std::move(partitioning), std::move(compression),
                                        std::move(clock), limits, rules);
    }

    /// Starts a put of any kind, and lets its cancellation withdraw it.
    template <class Input, class Waiter>
    static void start(const std::shared_ptr<Engine>& engine, Input input, std::shared_ptr<Waiter> waiter) {
        const auto op = std::make_shared<detail::PutOp>(std::move(input), waiter);
        waiter->on_cancel([engine = std::weak_ptr(engine), op = std::weak_ptr(op)] {
            const auto its_engine = engine.lock();
            const auto its_op = op.lock();
            if (its_engine && its_op) its_engine->cancel(its_op);
        });
        engine->put(op);
    }

    /// Starts a verb on the strand; its cancellation ends the waiting.
    template <class Signature, class... Args, class Verb, class Token>
    auto initiate(Verb verb, Token& token) {
        return asio::async_initiate<Token, Signature>(
            [engine = engine_](auto handler, Verb its_verb) {
                const auto waiter = detail::park<Args...>(std::move(handler), engine->executor());
                waiter->on_cancel([waiter = std::weak_ptr(waiter)] {
                    if (const auto its = waiter.lock()) abort(*its);
                });
                asio::post(engine->executor(), [engine, waiter, verb = std::move(its_verb)] {
                    verb(*engine, [waiter](Args... args) { waiter->complete(std::move(args)...); });
                });
            },
            token, std::move(verb));
    }

    template <class... Rest>
    static void abort(detail::Waiter<error_code, Rest...>& waiter) {
        waiter.complete(asio::error::operation_aborted, Rest{}...);
    }

    void abandon() noexcept {
        const auto engine = std::exchange(engine_, nullptr);
        if (!engine || !engine->holds()) return;
        try {
            asio::post(engine->executor(), [engine] {
                engine->close(std::chrono::nanoseconds(0), [](FlushReport) {});
            });
        } catch (const std::exception&) {
            // Without memory for a post there is none for an end in order either; a storage that persists keeps all.
        }
    }

    std::shared_ptr<Engine> engine_;
};

/// A producer with these policies, in any order; one type whatever the order. Kinds not named take their default.
template <class... Ps>
using Producer = typename detail::resolve<Ps...>::type;

/// Makes a producer of an executor, options, and policies in any order.
template <class... Ps>
[[nodiscard]] auto make_producer(asio::any_io_executor executor, Options options, Ps... policies) {
    return Producer<Ps...>(std::move(executor), std::move(options), std::move(policies)...);
}

} // namespace sluice
