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

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
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

    /// The whole answer to a request, which begins as `GET /metrics HTTP/1.1`.
    [[nodiscard]] std::string answer(std::string_view request) const {
        const auto method = request.substr(0, request.find(' '));
        if (method != "GET") return response("405 Method Not Allowed", "text/plain", "");
        request.remove_prefix(method.size() + 1);
        const auto target = request.substr(0, request.find(' '));
        if (target == "/metrics") {
            return response("200 OK", "text/plain; version=0.0.4; charset=utf-8",
                            prometheus::TextSerializer().Serialize(registry_->Collect()));
        }
        std::ifstream file(page_); // each time, so that it can be changed while it is looked at
        if (target != "/" || !file) return response("404 Not Found", "text/plain", "");
        return response("200 OK", "text/html; charset=utf-8", std::string(std::istreambuf_iterator<char>(file), {}));
    }

private:
    [[nodiscard]] static std::string response(std::string_view status, std::string_view type, const std::string& body) {
        std::string text = "HTTP/1.1 ";
        text.append(status).append("\r\nContent-Type: ").append(type);
        text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
        return text.append("\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n").append(body);
    }

    std::shared_ptr<prometheus::Registry> registry_;
    std::string page_;
};

/// One request, one answer.
asio::awaitable<void> converse(std::shared_ptr<Tcp::socket> socket, const Pages& pages) {
    asio::steady_timer patience(socket->get_executor(), 30s);
    patience.async_wait([socket](sluice::error_code ended) {
        if (!ended) socket->close();
    });
    std::string request;
    auto buffer = asio::dynamic_buffer(request, 16'384);
    co_await asio::async_read_until(*socket, buffer, "\r\n\r\n", asio::use_awaitable); // throws if there is none
    const auto answer = pages.answer(request);
    co_await asio::async_write(*socket, asio::buffer(answer), asio::use_awaitable);
    socket->shutdown(Tcp::socket::shutdown_send);
}

asio::awaitable<void> serve(Tcp::acceptor& acceptor, const Pages& pages) {
    auto executor = co_await asio::this_coro::executor;
    while (acceptor.is_open()) {
        const auto socket = std::make_shared<Tcp::socket>(executor);
        co_await acceptor.async_accept(*socket, asio::use_awaitable);
        asio::co_spawn(executor, converse(socket, pages), asio::detached);
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
        context.stop(); // nothing else ends the server
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
