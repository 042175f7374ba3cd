#pragma once

#include <sluice/producer.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <thread>
#include <utility>

namespace sluice {

/// A producer for programs without coroutines: the same machine on a thread of its own.
///
/// Verbs block the caller and may be called from any thread but its own, on which log sinks and policies are called.
/// Each throws `boost::system::system_error`, or, given an `error_code&` as its last argument, sets that instead. The
/// destructor closes as `close` does.
template <class... Ps>
class BlockingProducer {
public:
    /// Starts the thread; no I/O. Throws `std::invalid_argument` for options that can never work.
    explicit BlockingProducer(Options options, Ps... policies)
        : work_(context_.get_executor()),
          producer_(std::in_place, context_.get_executor(), std::move(options), std::move(policies)...),
          thread_([this] { context_.run(); }) {}

    BlockingProducer(const BlockingProducer&) = delete;
    BlockingProducer& operator=(const BlockingProducer&) = delete;

    ~BlockingProducer() {
        close();
        context_.stop(); // what still runs, a source of credentials perhaps, is nobody's concern any more
        thread_.join();
    }

    /// As `BasicProducer::try_put`: never blocks, never throws.
    [[nodiscard]] error_code try_put(const RecordView& record) { return producer_->try_put(record); }

    /// As `BasicProducer::async_put`: returns when the record is accepted.
    void put(Record record, error_code& failure) {
        failure = wait([&](auto done) { producer_->async_put(std::move(record), std::move(done)); });
    }
    void put(Record record) {
        error_code failure;
        put(std::move(record), failure);
        throw_if(failure);
    }

    /// As `BasicProducer::async_put_all`: returns when all records are accepted or refused. Here a temporary will do.
    template <RecordRange Range>
    PutReport put_all(const Range& records, error_code& failure) {
        return wait<PutReport>(failure, [&](auto done) { producer_->async_put_all(records, std::move(done)); });
    }
    template <RecordRange Range>
    PutReport put_all(const Range& records) {
        error_code failure;
        auto report = put_all(records, failure);
        throw_if(failure);
        return report;
    }

    /// As `BasicProducer::async_deliver`: returns when the service has the record, or never will.
    Receipt deliver(Record record, error_code& failure) {
        return wait<Receipt>(failure, [&](auto done) { producer_->async_deliver(std::move(record), std::move(done)); });
    }
    Receipt deliver(Record record) {
        error_code failure;
        auto receipt = deliver(std::move(record), failure);
        throw_if(failure);
        return receipt;
    }

    /// As `BasicProducer::async_open`.
    void open(error_code& failure) {
        failure = wait([&](auto done) { producer_->async_open(std::move(done)); });
    }
    void open() {
        error_code failure;
        open(failure);
        throw_if(failure);
    }

    /// As `BasicProducer::async_sync`.
    void sync(error_code& failure) {
        failure = wait([&](auto done) { producer_->async_sync(std::move(done)); });
    }
    void sync() {
        error_code failure;
        sync(failure);
        throw_if(failure);
    }

    /// As `BasicProducer::async_flush`.
    FlushReport flush(std::chrono::nanoseconds timeout, error_code& failure) {
        return wait<FlushReport>(failure, [&](auto done) { producer_->async_flush(timeout, std::move(done)); });
    }
    FlushReport flush(std::chrono::nanoseconds timeout) {
        error_code failure;
        const auto report = flush(timeout, failure);
        throw_if(failure);
        return report;
    }
    FlushReport flush(error_code& failure) {
        return wait<FlushReport>(failure, [&](auto done) { producer_->async_flush(std::move(done)); });
    }
    FlushReport flush() {
        error_code failure;
        const auto report = flush(failure);
        throw_if(failure);
        return report;
    }

    /// As `BasicProducer::async_clear`: gives how many records were removed.
    std::uint64_t clear(error_code& failure) {
        return wait<std::uint64_t>(failure, [&](auto done) { producer_->async_clear(std::move(done)); });
    }
    std::uint64_t clear() {
        error_code failure;
        const auto removed = clear(failure);
        throw_if(failure);
        return removed;
    }

    /// As `BasicProducer::async_close`. The destructor does it too; here one learns what was left.
    FlushReport close(std::chrono::nanoseconds timeout) {
        error_code none;
        return wait<FlushReport>(none, [&](auto done) { producer_->async_close(timeout, std::move(done)); });
    }
    FlushReport close() {
        error_code none;
        return wait<FlushReport>(none, [&](auto done) { producer_->async_close(std::move(done)); });
    }

    void enable() { producer_->enable(); }
    void disable() { producer_->disable(); }
    [[nodiscard]] Stats stats() const { return producer_->stats(); }

private:
    /// Starts an operation and blocks until it is done.
    template <class Start>
    [[nodiscard]] static error_code wait(Start start) {
        std::promise<error_code> promise;
        start([&](error_code failure) { promise.set_value(failure); });
        return promise.get_future().get();
    }

    /// The same for one that gives a value besides.
    template <class Value, class Start>
    [[nodiscard]] static Value wait(error_code& failure, Start start) {
        std::promise<Value> promise;
        start([&](error_code reason, Value value) {
            failure = reason;
            promise.set_value(std::move(value));
        });
        return promise.get_future().get();
    }

    static void throw_if(error_code failure) {
        if (failure) throw boost::system::system_error(failure);
    }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::optional<Producer<Ps...>> producer_;
    std::thread thread_;
};

} // namespace sluice
