// What does it cost to sign a request?

#include "harness.hpp"
#include "one_processor.hpp"

#include <sluice/aws/sigv4.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

std::size_t allocations = 0;

} // namespace

// NOLINTBEGIN: counted, for it is part of the question
// Out of line, or g++ takes free() for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* room = std::malloc(size == 0 ? 1 : size)) return room;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }
// NOLINTEND

namespace {

sluice::HttpRequest unsigned_request(const sluice::SharedBytes& body) {
    sluice::HttpRequest request("POST", "https://kinesis.us-east-1.amazonaws.com/");
    request.headers.reserve(9);
    request.headers.emplace_back("Host", "kinesis.us-east-1.amazonaws.com");
    request.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
    request.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.PutRecords");
    request.headers.emplace_back("amz-sdk-invocation-id", "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
    request.headers.emplace_back("amz-sdk-request", "attempt=1; max=3");
    request.body = body;
    return request;
}

/// The yardstick: the digests of one signature and nothing else, of the body, of a canonical request, and the four of
/// the keyed digest of a short text: two blocks of a pad, each with what follows it.
int digests(std::string_view body, std::string_view canonical, std::string_view key, std::string_view text) {
    return sluice::aws::sha256(body)[0] + sluice::aws::sha256(canonical)[0] + sluice::aws::hmac_sha256(key, text)[0];
}

class Signing {
public:
    Signing(std::size_t bytes, int count)
        : body_(std::make_shared<const std::string>(bytes, 'x')), count_(count), requests_(unsigned_requests()) {}

    /// Nanoseconds for each.
    double ours() {
        requests_ = unsigned_requests();
        const auto now = std::chrono::system_clock::now();
        const auto before = allocations;
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (auto& request : requests_) signer_.sign(request, secrets_, "us-east-1", "kinesis", now);
        const auto time = watch.nanoseconds();
        allocated_ = static_cast<double>(allocations - before) / count_;
        return time / count_;
    }

    double floor() const {
        const auto canonical = signer_.last_canonical_text();
        const auto text = signer_.last_string_to_sign();
        const std::string key(32, 'k');
        int sum = 0;
        const bench::Stopwatch watch(bench::Stopwatch::thread);
        for (int i = 0; i < count_; ++i) sum += digests(*body_, canonical, key, text);
        const auto time = watch.nanoseconds();
        if (sum < 0) std::puts("");
        return time / count_;
    }

    [[nodiscard]] double allocated() const { return allocated_; }

private:
    [[nodiscard]] std::vector<sluice::HttpRequest> unsigned_requests() const {
        std::vector<sluice::HttpRequest> made;
        made.reserve(static_cast<std::size_t>(count_));
        for (int i = 0; i < count_; ++i) made.push_back(unsigned_request(body_));
        return made;
    }

    sluice::SharedBytes body_;
    int count_;
    std::vector<sluice::HttpRequest> requests_;
    sluice::Secrets secrets_{"AKIDEXAMPLE", sluice::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
    sluice::aws::Signer signer_;
    double allocated_ = 0;
};

void measure(bench::Table& table, std::string_view what, std::size_t bytes, int count, std::string_view goal) {
    Signing signing(bytes, count);
    bench::Series ours, floor;
    bench::repeat(9, [&](bool counts) {
        const auto its = signing.ours() / 1e3;
        const auto least = signing.floor() / 1e3;
        if (!counts) return;
        ours.add(its);
        floor.add(least);
    });
    std::fprintf(stderr, "%.1f allocations a request\n", signing.allocated());
    table.row(what, " us", ours, floor, goal);
}

} // namespace

int main() {
    const bench::OneProcessor pinned;
    bench::Table table("Signing",
                       "CPU time to sign a request with Signature Version 4. The yardstick makes the digests of one "
                       "signature, and nothing else.");
    measure(table, "sign a request without a body: CPU", 0, 500, "<= 3 us");
    measure(table, "sign a request of 1 MiB: CPU", 1U << 20U, 60, "<= 737 us (0.7 ns a B)");
}
