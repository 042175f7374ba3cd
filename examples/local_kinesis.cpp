// A Kinesis on this machine, for whatever speaks to Kinesis: set its endpoint to what is printed.
//
//     local_kinesis --port 4567 --stream clicks:2
//     export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1
//     aws --endpoint-url http://127.0.0.1:4567 kinesis list-streams
//
// Some things can be asked of it without a signature:
//
//     curl -X POST 'http://127.0.0.1:4567/_sluice/outage?seconds=3'      the port is closed for 3 seconds
//     curl -X POST 'http://127.0.0.1:4567/_sluice/throttle?seconds=5'    every shard throttles for 5 seconds
//     curl 'http://127.0.0.1:4567/_sluice/stats'                         what lies in which shard, as JSON
#include <sluice/local/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace local = sluice::local;

constexpr std::string_view usage = R"(usage: local_kinesis [options]

  --port PORT          listen on 127.0.0.1:PORT; 0, the default, chooses a free one
  --stream NAME:N      make a stream with N shards; may be given several times
  --access-key KEY     the access key that may call (default: local)
  --secret-key SECRET  its secret (default: local)
  --region REGION      the region in the names of streams (default: us-east-1); every region is served
  --no-throttle        shards take and give as much as they can
  --shard-bytes BYTES  what one shard keeps at most (default: 268435456); 0: everything for 24 hours
  --help               this text

POST /_sluice/outage?seconds=S     closes the port for S seconds
POST /_sluice/throttle?seconds=S   throttles every shard for S seconds
GET  /_sluice/stats                counts requests, shards, records and bytes
)";

class Arguments {
public:
    std::uint16_t port = 0;
    std::vector<local::StreamSpec> streams;
    std::string access_key = "local";
    std::string secret_key = "local";
    local::Settings settings;
};

template <class Number>
std::optional<Number> parse(std::string_view text) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Takes one option; false if it is not understood.
bool take(Arguments& arguments, std::string_view option, const std::string& value) {
    if (option == "--access-key") return !(arguments.access_key = value).empty();
    if (option == "--secret-key") return !(arguments.secret_key = value).empty();
    if (option == "--region") return !(arguments.settings.region = value).empty();
    if (option == "--port") {
        const auto port = parse<std::uint16_t>(value);
        arguments.port = port.value_or(0);
        return port.has_value();
    }
    if (option == "--shard-bytes") {
        const auto bytes = parse<std::uint64_t>(value);
        arguments.settings.retention_bytes = bytes.value_or(0);
        return bytes.has_value();
    }
    if (option != "--stream") return false;
    const auto colon = value.rfind(':');
    const auto shards = colon == std::string::npos ? 1 : parse<std::int64_t>(std::string_view(value).substr(colon + 1));
    if (!shards) return false;
    arguments.streams.emplace_back(value.substr(0, colon), *shards);
    return true;
}

std::optional<Arguments> read_arguments(const std::vector<std::string>& words) {
    Arguments arguments;
    arguments.settings.retention_bytes = 256U << 20U;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--no-throttle") {
            arguments.settings.limits = local::ShardLimits::none();
        } else if (i + 1 == words.size() || !take(arguments, words[i], words[i + 1])) {
            std::cerr << "local_kinesis: cannot use " << words[i] << "; --help tells what can be given\n";
            return std::nullopt;
        } else {
            ++i;
        }
    }
    return arguments;
}

/// The requests that are not for Kinesis. They run inside the server, which they therefore only change afterwards.
class Control {
public:
    Control(asio::io_context& context, local::Server& server) : context_(context), server_(server), outage_(context) {}

    sluice::HttpResponse answer(const sluice::HttpRequest& request, const local::Service& service) {
        const sluice::aws::UrlParts url(request.url);
        if (request.method == "GET" && url.path == "/_sluice/stats") return {200, stats(service)};
        const auto time = seconds(url.query);
        if (request.method != "POST" || !time) return {404, "see local_kinesis --help\n"};
        if (url.path == "/_sluice/throttle") {
            asio::post(context_, [this, time] {
                server_.add(local::Fault(local::fault::Throttle()).until(std::chrono::steady_clock::now() + *time));
            });
            return {200, "throttling\n"};
        }
        if (url.path != "/_sluice/outage") return {404, "see local_kinesis --help\n"};
        // Time for this answer to leave.
        outage_.expires_after(std::chrono::milliseconds(20));
        outage_.async_wait([this, time](sluice::error_code failure) {
            if (!failure) begin_outage(*time);
        });
        return {200, "closing\n"};
    }

private:
    static std::optional<std::chrono::seconds> seconds(std::string_view query) {
        constexpr std::string_view name = "seconds=";
        if (!query.starts_with(name)) return std::nullopt;
        const auto number = parse<std::uint32_t>(query.substr(name.size()));
        if (!number || *number > 86'400) return std::nullopt;
        return std::chrono::seconds(*number);
    }

    void begin_outage(std::chrono::seconds time) {
        server_.stop();
        outage_.expires_after(time);
        outage_.async_wait([this](sluice::error_code failure) {
            if (failure) return;
            if (const auto refused = server_.start()) std::cerr << "local_kinesis: " << refused.message() << '\n';
        });
    }

    static std::string stats(const local::Service& service) {
        std::string text = "{\"requests\":" + std::to_string(service.stats.requests) +
                           ",\"refused\":" + std::to_string(service.stats.refused) + ",\"streams\":{";
        bool first = true;
        for (const auto& [name, stream] : service.kinesis.streams()) {
            text += (first ? "\"" : ",\"") + name + "\":{";
            first = false;
            for (const auto& shard : stream.shards()) {
                text += (&shard == &stream.shards().front() ? "\"" : ",\"") + shard.id() +
                        "\":{\"records\":" + std::to_string(shard.records().size()) +
                        ",\"bytes\":" + std::to_string(shard.bytes()) +
                        ",\"taken\":" + std::to_string(shard.next_place() - 1) + "}";
            }
            text += "}";
        }
        return text + "}}\n";
    }

    asio::io_context& context_;
    local::Server& server_;
    asio::steady_timer outage_;
};

int serve(const Arguments& arguments) {
    local::Service service(arguments.settings,
                           {sluice::Secrets(arguments.access_key, sluice::Secret(arguments.secret_key))});
    for (const auto& stream : arguments.streams) {
        const auto made = service.kinesis.create_stream(stream, local::moment_now());
        if (made.has_error()) {
            std::cerr << "local_kinesis: " << made.error().message << '\n';
            return 2;
        }
    }
    asio::io_context context(1);
    local::Server server(context.get_executor(), std::move(service));
    Control control(context, server);
    server.set_aside([&](const sluice::HttpRequest& request, const local::Service& inside) {
        return control.answer(request, inside);
    });
    if (const auto failure = server.start(arguments.port)) {
        std::cerr << "local_kinesis: cannot listen on port " << arguments.port << ": " << failure.message() << '\n';
        return 1;
    }
    std::cout << "listening on " << server.endpoint() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](sluice::error_code, int) { context.stop(); });
    context.run();
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
    return arguments ? serve(*arguments) : 2;
}
