// The program of the README: one record that is safe on disk, one whose arrival is awaited.
#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <string_view>

namespace asio = boost::asio;

asio::awaitable<void> ship() {
    auto executor = co_await asio::this_coro::executor;
    sluice::Options options{"clicks"}; // the stream
    options.region = "eu-west-1";
    options.log = sluice::Log([](sluice::LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    auto producer = sluice::make_producer(executor, options, sluice::SqliteStorage{"clicks.db"});
    co_await producer.async_put({"user-42", R"({"page":"/"})"}); // safe on disk, whatever happens now
    auto receipt = co_await producer.async_deliver({"user-42", R"({"page":"/buy"})"});
    std::cout << receipt.shard_id() << ' ' << receipt.sequence_number() << '\n';
    co_await producer.async_close();
}

int main() {
    asio::io_context context;
    asio::co_spawn(context, ship(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure); // out of context.run()
    });
    context.run();
}
