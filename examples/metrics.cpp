// A producer whose metrics Prometheus can scrape, and a page that draws them: against a Kinesis inside this process,
// which throttles a shard, fails and dawdles from time to time, so that there is something to see.
//
//     metrics --seconds 600 --port 9464
//
// Then look at http://127.0.0.1:9464/, or have Prometheus scrape http://127.0.0.1:9464/metrics and Grafana show
// dashboard/grafana.json.
#include <sluice/batching/aggregate.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/local/server_thread.hpp>
#include <sluice/metrics/prometheus.hpp>
#include <sluice/partitioning/sticky_shard.hpp>
#include <sluice/producer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace local = sluice::local;
using namespace std::chrono_literals;
using Tcp = asio::ip::tcp;

constexpr std::string_view usage = R"(usage: metrics [options]

  --seconds N   end after so long, 1 to 86400 (default: 120); SIGINT ends it sooner
  --port PORT   serve /metrics and / on 127.0.0.1:PORT; 0, the default, chooses a free one
  --page FILE   the page that / gives (default: dashboard/status.html beside this program's source)
  --help        this text
)";

class Arguments {
public:
    std::uint32_t seconds = 120;
    std::uint16_t port = 0;
    std::string page = STATUS_PAGE;
};

template <class Number>
bool parse(std::string_view text, Number& number) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size();
}

std::optional<Arguments> read_arguments(const std::vector<std::string>& words) {
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto value = i + 1 < words.size() ? words[i + 1] : "";
        bool good = false;
        if (words[i] == "--seconds") {
            good = parse(value, arguments.seconds) && arguments.seconds >= 1 && arguments.seconds <= 86'400;
        } else if (words[i] == "--port") {
            good = parse(value, arguments.port);
        } else if (words[i] == "--page") {
            good = !(arguments.page = value).empty();
        }
        if (good) continue;
        std::cerr << "metrics: cannot use " << words[i] << "; --help tells what can be given\n";
        return std::nullopt;
    }
    return arguments;
}

// --- the service --------------------------------------------------------------------------------------------------

local::Service four_shards() {
    local::Settings settings;
    settings.retention_bytes = 4U << 20U;
    local::Service service(settings, {sluice::Secrets("local", sluice::Secret("local"))});
    static_cast<void>(service.kinesis.create_stream(local::StreamSpec("clicks", 4), local::moment_now()));
    return service;
}

/// What goes wrong in the next half minute.
void script_faults(local::Server& server) {
    namespace fault = local::fault;
    const auto now = std::chrono::steady_clock::now();
    const auto add = [&](auto what, std::chrono::seconds from, std::chrono::seconds until) {
        server.add(local::Fault(std::move(what)).on("PutRecords").from(now + from).until(now + until));
    };
    add(fault::Throttle("shardId-000000000002"), 6s, 9s);
    add(fault::Delay(150ms), 14s, 17s);
    add(fault::Refuse::service_unavailable(), 22s, 24s);
}

// --- what Prometheus and a browser ask for ------------------------------------------------------------------------

class Pages {
public:
    Pages(std::shared_ptr<prometheus::Registry> registry, std::string page)
        : registry_(std::move(registry)), page_(std::move(page)) {}

    [[nodiscard]] http::response<http::string_body> answer(const http::request<http::empty_body>& request) const {
        http::response<http::string_body> response(http::status::ok, request.version());
        response.keep_alive(request.keep_alive());
        response.set(http::field::cache_control, "no-store");
        if (request.method() != http::verb::get) {
            response.result(http::status::method_not_allowed);
        } else if (request.target() == "/metrics") {
            response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
            response.body() = prometheus::TextSerializer().Serialize(registry_->Collect());
        } else if (request.target() == "/") {
            response.set(http::field::content_type, "text/html; charset=utf-8");
            std::ifstream file(page_); // each time, so that it can be changed while it is looked at
            if (!file) response.result(http::status::not_found);
            response.body().assign(std::istreambuf_iterator<char>(file), {});
        } else {
            response.result(http::status::not_found);
        }
        response.prepare_payload();
        return response;
    }

private:
    std::shared_ptr<prometheus::Registry> registry_;
    std::string page_;
};

asio::awaitable<void> converse(beast::tcp_stream stream, const Pages& pages) {
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        stream.expires_after(30s);
        http::request<http::empty_body> request;
        co_await http::async_read(stream, buffer, request, asio::use_awaitable); // throws when there is no more
        auto response = pages.answer(request);
        co_await http::async_write(stream, response, asio::use_awaitable);
        more = response.keep_alive();
    }
}

asio::awaitable<void> serve(Tcp::acceptor& acceptor, const Pages& pages) {
    auto executor = co_await asio::this_coro::executor;
    while (acceptor.is_open()) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(executor, converse(beast::tcp_stream(std::move(socket)), pages), asio::detached);
    }
}

// --- the producer -------------------------------------------------------------------------------------------------

/// So many records a second, as the day goes by.
double rate_at(double seconds) { return 2'500 + 1'500 * std::sin(seconds / 7); }

asio::awaitable<void> produce(const Arguments& arguments, const std::shared_ptr<prometheus::Registry>& registry,
                              const bool& stopped) {
    auto executor = co_await asio::this_coro::executor;
    local::ServerThread service(four_shards());
    if (const auto failure = service->start()) throw boost::system::system_error(failure);
    sluice::Options options{"clicks"};
    options.region = "us-east-1";
    options.endpoint = service->endpoint();
    options.log = sluice::Log([](sluice::LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    sluice::PrometheusMetrics metrics(registry);
    auto producer = sluice::make_producer(executor, options, sluice::Aggregate{},
                                          sluice::StickyShard{}, metrics,
                                          sluice::StaticCredentials("local", sluice::Secret("local")));

    constexpr auto beat = 20ms;
    constexpr auto cycle = 30s / beat;
    const std::string data(250, '.');
    asio::steady_timer timer(executor, std::chrono::steady_clock::now());
    double due = 0;
    const auto beats = std::chrono::seconds(arguments.seconds) / beat;
    for (std::int64_t i = 0; i < beats && !stopped; ++i) {
        if (i % cycle == 0) script_faults(*service);
        const double step = std::chrono::duration<double>(beat).count();
        // What finds no room is counted, too.
        for (due += rate_at(static_cast<double>(i) * step) * step; due >= 1; --due) {
            static_cast<void>(producer.try_put(sluice::RecordView(data)));
        }
        timer.expires_at(timer.expiry() + beat);
        co_await timer.async_wait(asio::use_awaitable);
    }
    const auto report = co_await producer.async_close(10s, asio::use_awaitable);
    const auto total = producer.stats().total();
    std::cout << "delivered " << total.delivered << " records, left " << report.left << ", tried again "
              << total.retried << std::endl;
}

int run(const Arguments& arguments) {
    asio::io_context context(1);
    bool stopped = false;
    asio::signal_set signals(context, SIGINT, SIGTERM); // before anybody is told that it runs
    signals.async_wait([&](sluice::error_code, int) { stopped = true; });
    Tcp::acceptor acceptor(context, Tcp::endpoint(asio::ip::address_v4::loopback(), arguments.port));
    std::cout << "look at http://127.0.0.1:" << acceptor.local_endpoint().port() << "/" << std::endl;
    const auto registry = std::make_shared<prometheus::Registry>();
    const Pages pages(registry, arguments.page);
    asio::co_spawn(context, serve(acceptor, pages), asio::detached);

    std::exception_ptr failure;
    asio::co_spawn(context, produce(arguments, registry, stopped), [&](std::exception_ptr thrown) {
        failure = thrown;
        context.stop(); // browsers keep their connections
    });
    context.run();
    if (failure) std::rethrow_exception(failure);
    return 0;
}

} // namespace

int main(int count, char** words) {
    const std::vector<std::string> rest(words + 1, words + count);
    for (const auto& word : rest) {
        if (word != "--help" && word != "-h") continue;
        std::cout << usage;
        return 0;
    }
    const auto arguments = read_arguments(rest);
    if (!arguments) return 2;
    try {
        return run(*arguments);
    } catch (const std::exception& failure) {
        std::cerr << "metrics: " << failure.what() << '\n';
        return 1;
    }
}
