// How late is a record that waited for company, and how long does a durable put take?
//
//     latency [DIRECTORY]      where the database is made; this decides what a sync costs

#include "harness.hpp"
#include "null_destination.hpp"
#include "records.hpp"
#include "sink.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/storage/sqlite.hpp>
#include <sluice/transport/curl.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto linger = 10ms;

/// A directory that is gone with this object.
class Directory {
public:
    explicit Directory(const std::filesystem::path& where)
        : path(where / ("sluice-latency-" + std::to_string(::getpid()))) {
        std::filesystem::create_directory(path);
    }
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::filesystem::path path;
};

/// Keeps all processors awake while it lives, with threads that run only where nothing else wants to.
///
/// An idle processor takes its time to wake, most of all one of a virtual machine, whose host has lent it to others and
/// their caches.
class Awake {
public:
    Awake() {
        for (unsigned i = 0; i < std::max(std::thread::hardware_concurrency(), 1U); ++i) {
            spinners_.emplace_back([this] {
                const sched_param none{};
                if (::sched_setscheduler(0, SCHED_IDLE, &none) != 0) return; // would take time from what is measured
                // Into the kernel again and again, where it sees at once that somebody else woke.
                while (!over_.load(std::memory_order_relaxed)) ::sched_yield();
            });
        }
    }
    ~Awake() {
        over_ = true;
        for (auto& spinner : spinners_) spinner.join();
    }

    Awake(const Awake&) = delete;
    Awake& operator=(const Awake&) = delete;

private:
    std::atomic<bool> over_ = false;
    std::vector<std::thread> spinners_;
};

/// A sink in this process, which knows when requests arrive.
class Arrivals {
public:
    explicit Arrivals(const std::string& ca_file)
        : sink_(ca_file, 1, [this](std::string_view head) {
              if (head.find("PutRecords") == head.npos) return;
              time_ = Clock::now();
              arrived_.release();
          }) {
        std::thread([this] { sink_.run(); }).detach();
    }

    [[nodiscard]] int port() const { return sink_.port(); }

    Clock::time_point next() {
        arrived_.acquire();
        return time_;
    }

private:
    Clock::time_point time_;
    std::counting_semaphore<> arrived_{0}; ///< Of requests: one that is tried again comes twice.
    bench::Sink sink_;
};

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

/// The yardstick: a timer, and a request that was made beforehand.
class RawClient {
public:
    explicit RawClient(int port) : peer_(bench::TlsPeer::connect(port)) {}

    void send_after_linger() {
        asio_timer_.expires_after(linger);
        asio_timer_.async_wait([this](sluice::error_code) {
            if (!peer_.write(request)) throw std::runtime_error("the sink failed");
        });
        context_.restart();
        context_.run();
        if (!peer_.read_message()) throw std::runtime_error("the sink failed");
    }

private:
    static constexpr std::string_view request = "POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\n"
                                                "Content-Length: 0\r\n\r\n";

    bench::TlsPeer peer_;
    sluice::asio::io_context context_{1};
    sluice::asio::steady_timer asio_timer_{context_};
};

/// Samples of two who do the same, one after the other.
class Samples {
public:
    template <class Ours, class Theirs>
    Samples(int count, Ours ours, Theirs theirs) {
        for (int i = 0; i < count + 10; ++i) {
            const auto its = ours();
            const auto least = theirs();
            if (i < 10) continue;
            ours_.add(its);
            theirs_.add(least);
        }
    }

    void row(bench::Table& table, const std::string& what, double share, std::string_view goal) const {
        bench::Series ours, theirs;
        ours.add(ours_.quantile(share));
        theirs.add(theirs_.quantile(share));
        table.row(what + (share == 0.5 ? ": p50" : ": p99"), " us", ours, theirs, goal);
    }

private:
    bench::Series ours_;
    bench::Series theirs_;
};

void measure_linger(bench::Table& table, const std::filesystem::path& directory) {
    const auto ca_file = (directory / "ca.pem").string();
    auto& arrivals = *new Arrivals(ca_file); // its threads end with the process
    sluice::Options options("benchmark");
    options.region = "us-east-1";
    options.endpoint = "https://127.0.0.1:" + std::to_string(arrivals.port());
    options.linger = linger;
    sluice::CurlOptions curl;
    curl.ca_bundle = ca_file;
    sluice::BlockingProducer producer(options, sluice::CurlTransport(curl),
                                      sluice::StaticCredentials("nobody", sluice::Secret("nothing")));
    const bench::Records records(1'024, 100);
    RawClient raw(arrivals.port());
    std::size_t next = 0;
    const auto ours = [&] {
        const auto put = Clock::now();
        if (producer.try_put(records[next++])) std::abort();
        const auto late = arrivals.next() - put - linger;
        while (producer.stats().buffered_records > 0) std::this_thread::sleep_for(1ms);
        return microseconds(late);
    };
    const auto theirs = [&] {
        const auto start = Clock::now();
        raw.send_after_linger();
        return microseconds(arrivals.next() - start - linger);
    };
    {
        const Awake awake;
        const Samples samples(300, ours, theirs);
        samples.row(table, "late by, after a linger of 10 ms", 0.5, "<= 300 us");
        samples.row(table, "late by, after a linger of 10 ms", 0.99, "<= 1,000 us");
    }
    const Samples samples(300, ours, theirs);
    samples.row(table, "the same, processors may fall asleep", 0.5, "<= 300 us");
    samples.row(table, "the same, processors may fall asleep", 0.99, "<= 1,000 us");
}

void measure_durable_put(bench::Table& table, const std::filesystem::path& directory) {
    sluice::BlockingProducer producer(sluice::Options("benchmark"), bench::NullDestination(),
                                      sluice::SqliteStorage(directory / "spool.db", sluice::Durability::full),
                                      sluice::StaticCredentials("nobody", sluice::Secret("nothing")));
    const int file = ::open((directory / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("no file");
    const bench::Records records(1'024, 200);
    std::size_t next = 0;
    const auto ours = [&] {
        ++next;
        sluice::Record record(std::string(records.key(next)), std::string(records.data(next)));
        const auto start = Clock::now();
        producer.put(std::move(record));
        return microseconds(Clock::now() - start);
    };
    const auto theirs = [&] {
        static const std::string bytes(4'096, 'x');
        const auto start = Clock::now();
        if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0) std::abort();
        return microseconds(Clock::now() - start);
    };
    const Samples samples(300, ours, theirs);
    ::close(file);
    samples.row(table, "durable put (full) of one record", 0.5, "");
    samples.row(table, "durable put (full) of one record", 0.99, "<= 2 and 10 ms");
}

} // namespace

int main(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    const Directory directory(count > 1 ? arguments[1] : ".");
    bench::Table table("Latency",
                       "On the wall's clock: how much later than put and linger together a request is at a server, and "
                       "how long a put takes that survives power loss. The yardsticks are a timer with a write to a "
                       "socket, and a write to a file with fdatasync. In the first two rows processors are kept "
                       "awake; to wake one that idles, with nothing in its caches, costs whoever needs it more than "
                       "all the rest.");
    measure_linger(table, directory.path);
    measure_durable_put(table, directory.path);
}
