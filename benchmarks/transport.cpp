// What does it cost to move bytes over HTTPS?

#include "client.hpp"
#include "harness.hpp"
#include "sink_process.hpp"
#include "tls.hpp"

#include <sluice/clock/system.hpp>
#include <sluice/transport/curl.hpp>
#include <sluice/world.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace asio = sluice::asio;

/// Requests with a body of so many bytes, each sent when one before it has its answer.
class Transfer {
public:
    Transfer(const bench::SinkProcess& sink, std::size_t bytes, std::size_t count)
        : url_("https://" + sink.host() + "/"), host_(sink.host()), count_(count),
          body_(std::make_shared<const std::string>(bytes, 'x')), peer_(bench::TlsPeer::connect(sink.port())),
          world_(context_.get_executor(), clock_, options_) {
        asio::co_spawn(context_, open(bench::transport_for(sink)), asio::detached);
        run();
        if (!transport_) throw std::runtime_error("the transport does not open");
    }

    /// Nanoseconds of CPU for each request, of which `at_once` are under way.
    double ours(std::size_t at_once) {
        const bench::Stopwatch watch(bench::Stopwatch::process);
        left_ = count_;
        answered_ = 0;
        for (std::size_t i = 0; i < at_once; ++i) asio::co_spawn(context_, send_all(), asio::detached);
        run();
        if (answered_ != count_) throw std::runtime_error("the sink failed");
        return watch.nanoseconds() / static_cast<double>(count_);
    }

    /// The yardstick: the same bytes, one request after the other, straight to OpenSSL.
    double floor() {
        const auto head = "POST / HTTP/1.1\r\nHost: " + host_ +
                          "\r\nContent-Length: " + std::to_string(body_->size()) + "\r\n\r\n";
        const bench::Stopwatch watch(bench::Stopwatch::process);
        for (std::size_t i = 0; i < count_; ++i) {
            if (!peer_.write(head) || !peer_.write(*body_) || !peer_.read_message()) {
                throw std::runtime_error("the sink failed");
            }
        }
        return watch.nanoseconds() / static_cast<double>(count_);
    }

private:
    asio::awaitable<void> open(sluice::CurlTransport recipe) {
        auto opened = co_await recipe.open(world_);
        if (opened) transport_ = std::make_unique<sluice::CurlTransport::Running>(std::move(*opened));
    }

    asio::awaitable<void> send_all() {
        while (left_ > 0) {
            --left_;
            sluice::HttpRequest request("POST", url_);
            request.headers.emplace_back("Host", host_);
            request.body = body_;
            const auto response = co_await transport_->send(std::move(request));
            if (response && response->status == 200) ++answered_;
        }
    }

    void run() {
        context_.restart();
        context_.run();
    }

    std::string url_;
    std::string host_;
    std::size_t count_;
    sluice::SharedBytes body_;
    bench::TlsPeer peer_;
    asio::io_context context_{1};
    sluice::ClockBox<sluice::SystemClock> clock_{sluice::SystemClock()};
    sluice::Options options_{"benchmark"};
    sluice::World world_;
    std::unique_ptr<sluice::CurlTransport::Running> transport_;
    std::size_t left_ = 0;
    std::size_t answered_ = 0;
};

void measure(bench::Table& table, Transfer& transfer, std::string_view what, std::size_t at_once, std::string_view unit,
             double scale, std::string_view goal) {
    bench::Series ours, floor;
    bench::repeat(7, [&](bool counts) {
        const auto its = transfer.ours(at_once) * scale;
        const auto least = transfer.floor() * scale;
        if (!counts) return;
        ours.add(its);
        floor.add(least);
    });
    table.row(what, unit, ours, floor, goal);
}

} // namespace

int main(int, char** arguments) {
    const bench::SinkProcess sink(arguments[0]);
    bench::Table table("Transport",
                       "CPU time to post bodies over HTTPS with the default transport, for each gigabyte or request. "
                       "The yardstick hands the same bytes to OpenSSL on a blocking socket, one after another.");
    constexpr std::size_t mebibyte = 1U << 20U;
    constexpr auto by_gigabyte = 1.0 / static_cast<double>(mebibyte); // seconds of nanoseconds, gigabytes of bytes
    Transfer large(sink, mebibyte, 150);
    measure(table, large, "1 MiB, four at a time: CPU a GB", 4, " s", by_gigabyte, "<= 1.3, <= 1.05 s");
    measure(table, large, "1 MiB, one at a time: CPU a GB", 1, " s", by_gigabyte, "");
    Transfer middling(sink, 51'200, 1'000);
    measure(table, middling, "50 KiB, four at a time: CPU a GB", 4, " s", 1.0 / 51'200, "");
    Transfer small(sink, 2'048, 2'000);
    measure(table, small, "2 KiB, four at a time: CPU a request", 4, " us", 1e-3, "");
}
