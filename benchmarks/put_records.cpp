// What does a record cost from put to receipt, over PutRecords, JSON and TLS?

#include "harness.hpp"
#include "records.hpp"
#include "sink_process.hpp"
#include "tls.hpp"

#include <sluice/aws/sigv4.hpp>
#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/put_records.hpp>
#include <sluice/transport/curl.hpp>

#include <arpa/inet.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::size_t entries = 500;
constexpr std::size_t requests = 300;
constexpr auto record_count = entries * requests;

const sluice::Secrets& secrets() {
    static const sluice::Secrets ours("AKIDEXAMPLE", sluice::Secret("an example of a secret access key"));
    return ours;
}

/// The yardstick: one socket, and a request that was built and signed beforehand, sent again and again.
class RawClient {
public:
    RawClient(const bench::SinkProcess& sink, const bench::Records& records)
        : request_(signed_request(sink, records)), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
          peer_(connect(sink)) {}

    void send_all() {
        for (std::size_t i = 0; i < requests; ++i) {
            const auto answer = peer_.write(request_) ? peer_.read_message() : std::nullopt;
            if (!answer || answer->head.find(" 200 ") == std::string::npos) throw std::runtime_error("the sink failed");
        }
    }

private:
    static std::string signed_request(const bench::SinkProcess& sink, const bench::Records& records) {
        std::vector<sluice::Entry> views;
        for (std::size_t i = 0; i < entries; ++i) views.emplace_back(*records[i].partition_key, "", records[i].data);
        sluice::HttpRequest request("POST", "https://" + sink.host() + "/");
        request.headers.emplace_back("Host", sink.host());
        request.headers.emplace_back("Content-Type", std::string(sluice::kinesis::content_type(sluice::Wire::json)));
        request.headers.emplace_back("X-Amz-Target", sluice::kinesis::target("PutRecords"));
        request.body = std::make_shared<const std::string>(
            sluice::kinesis::encode_put_records("benchmark", views, sluice::Wire::json));
        sluice::aws::Signer().sign(request, secrets(), "us-east-1", "kinesis", std::chrono::system_clock::now());
        std::string text = "POST / HTTP/1.1\r\n";
        for (const auto& header : request.headers) text.append(header.name + ": " + header.value + "\r\n");
        text.append("Content-Length: " + std::to_string(request.body->size()) + "\r\n\r\n").append(*request.body);
        return text;
    }

    bench::TlsPeer connect(const bench::SinkProcess& sink) const {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(sink.port()));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool connected = ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        auto peer = connected ? bench::TlsPeer::connect(context_.get(), descriptor) : std::nullopt;
        if (!peer) throw std::runtime_error("the sink does not answer");
        return std::move(*peer);
    }

    std::string request_;
    std::shared_ptr<SSL_CTX> context_;
    bench::TlsPeer peer_;
};

sluice::Options options(const bench::SinkProcess& sink) {
    sluice::Options options("benchmark");
    options.region = "us-east-1";
    options.endpoint = "https://" + sink.host();
    return options;
}

sluice::CurlTransport transport(const bench::SinkProcess& sink) {
    sluice::CurlOptions options;
    options.ca_bundle = sink.ca_file();
    return sluice::CurlTransport(options);
}

/// Microseconds of CPU that the whole process spends for each record.
template <class Work>
double time_of(Work work) {
    const bench::Stopwatch watch(bench::Stopwatch::process);
    work();
    return watch.nanoseconds() / 1e3 / static_cast<double>(record_count);
}

} // namespace

int main(int, char** arguments) {
    const bench::SinkProcess sink(arguments[0]);
    const bench::Records records(20'000, 100);
    RawClient raw(sink, records);
    sluice::BlockingProducer producer(options(sink), transport(sink),
                                      sluice::StaticCredentials(secrets().access_key_id, secrets().secret_access_key));
    const auto deliver_all = [&] {
        for (std::size_t i = 0; i < record_count; ++i) {
            if (producer.try_put(records[i])) std::abort();
        }
        const auto report = producer.flush();
        if (report.left != 0 || report.failed != 0) throw std::runtime_error("not everything was delivered");
    };

    bench::Series ours, floor;
    bench::repeat(9, [&](bool counts) {
        const auto its = time_of(deliver_all);
        const auto least = time_of([&] { raw.send_all(); });
        if (!counts) return;
        ours.add(its);
        floor.add(least);
    });
    const auto total = producer.stats().total();
    std::fprintf(stderr, "%.1f records a request; retried %llu\n",
                 static_cast<double>(total.delivered) / static_cast<double>(total.requests),
                 static_cast<unsigned long long>(total.retried));

    bench::Table table;
    table.row("PutRecords, 500 x 100 B, JSON, TLS: CPU a record", " us", ours, floor, "<= 1.5 us");
}
