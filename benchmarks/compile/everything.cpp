// What a translation unit pays that uses a producer as most programs do: every verb, a storage that persists,
// aggregation, and compression.

#include <sluice/sluice.hpp>

#include <sluice/batching/aggregate.hpp>
#include <sluice/compression/zstd.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace asio = sluice::asio;

asio::awaitable<void> ship() {
    const auto executor = co_await asio::this_coro::executor;
    auto producer = sluice::make_producer(executor, sluice::Options("clicks"), sluice::SqliteStorage("clicks.db"),
                                          sluice::Aggregate(), sluice::Zstd());
    const std::vector<sluice::Record> records(2, sluice::Record("key", "data"));
    co_await producer.async_open(asio::use_awaitable);
    co_await producer.async_put(records.front(), asio::use_awaitable);
    co_await producer.async_put_all(records, asio::use_awaitable);
    co_await producer.async_deliver(records.front(), asio::use_awaitable);
    co_await producer.async_sync(asio::use_awaitable);
    co_await producer.async_flush(asio::use_awaitable);
    co_await producer.async_clear(asio::use_awaitable);
    co_await producer.async_close(asio::use_awaitable);
}

int main() {
    asio::io_context context;
    asio::co_spawn(context, ship(), asio::detached);
    context.run();
}
