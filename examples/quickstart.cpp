// A hundred thousand lines survive an outage, throttling and a kill; quickstart.sh builds and starts this.
//
// `quickstart produce` is the program that one would write: it puts the lines of a file through a SQLite buffer.
// `quickstart direct` plays fate: it starts that program, cuts it off, slows it down, kills it, starts it again, and at
// the end reads the stream back and compares.
#include "progress.hpp"

#include <sluice/kinesis/client.hpp>
#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using namespace std::chrono_literals;

class Arguments {
public:
    Arguments(std::string its_endpoint, std::string its_stream, std::string its_file, std::string its_directory)
        : endpoint(std::move(its_endpoint)), stream(std::move(its_stream)), file(std::move(its_file)),
          directory(std::move(its_directory)) {}

    [[nodiscard]] sluice::Options options() const {
        sluice::Options options{stream};
        options.endpoint = endpoint;
        options.region = "us-east-1";
        return options;
    }

    [[nodiscard]] std::string in_directory(const std::string& name) const { return directory + "/" + name; }

    std::string endpoint;
    std::string stream;
    std::string file;
    std::string directory;
};

sluice::StaticCredentials local_credentials() { return {"local", sluice::Secret("local")}; }

std::vector<std::string> read_lines(const std::string& file) {
    std::vector<std::string> lines;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
    return lines;
}

// --- produce: what a user writes -----------------------------------------------------------------------------------

/// How many lines are safe in the buffer. A rename, so that a kill leaves the old number or the new one.
void write_count(const std::string& path, std::uint64_t count) {
    std::ofstream(path + ".new") << count;
    std::filesystem::rename(path + ".new", path);
}

std::uint64_t read_count(const std::string& path) {
    std::uint64_t count = 0;
    std::ifstream(path) >> count;
    return count;
}

awaitable<void> produce(Arguments arguments) {
    auto executor = co_await asio::this_coro::executor;
    auto options = arguments.options();
    options.buffer_records = 30'000; // a small buffer: who reads faster than the shards take has to wait
    auto producer = sluice::make_producer(executor, options, local_credentials(),
                                          sluice::SqliteStorage{arguments.in_directory("buffer.db")});
    const auto lines = read_lines(arguments.file);
    const auto note = arguments.in_directory("accepted");
    for (auto next = read_count(note); next < lines.size();) {
        std::vector<sluice::Record> piece;
        for (; next < lines.size() && piece.size() < 1'000; ++next) {
            const auto number = std::to_string(next);
            piece.emplace_back(number, number + "\t" + lines[next]);
        }
        co_await producer.async_put_all(piece, use_awaitable);
        write_count(note, next);
    }
    while (true) {
        const auto report = co_await producer.async_flush(10s, use_awaitable);
        if (report.left == 0) break;
    }
    co_await producer.async_close(use_awaitable);
}

// --- direct: fate --------------------------------------------------------------------------------------------------

/// The producing program, as a process that can be killed.
class Child {
public:
    explicit Child(const std::vector<std::string>& command) {
        std::vector<char*> words;
        auto copy = command;
        for (auto& word : copy) words.push_back(word.data());
        words.push_back(nullptr);
        process_ = fork();
        if (process_ < 0) throw std::runtime_error("the producing process cannot be started");
        if (process_ == 0) {
            execv(words.front(), words.data());
            _exit(127);
        }
    }

    void kill() {
        ::kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
        process_ = -1;
    }

    /// The exit status, once it has ended.
    [[nodiscard]] std::optional<int> status() {
        int status = 0;
        if (waitpid(process_, &status, WNOHANG) == 0) return std::nullopt;
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }

    Child(Child&& other) noexcept : process_(std::exchange(other.process_, -1)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(process_, other.process_);
        return *this;
    }
    ~Child() {
        if (process_ > 0) kill();
    }

private:
    pid_t process_ = -1;
};

class Director {
public:
    Director(asio::any_io_executor executor, Arguments arguments, std::string program)
        : arguments_(std::move(arguments)), program_(std::move(program)),
          session_(executor, arguments_.options(), local_credentials()), timer_(executor),
          lines_(read_lines(arguments_.file)) {}

    awaitable<int> run() {
        std::cerr << "Sending " << grouped(lines_.size()) << " lines of " << arguments_.file << " to 4 shards, which take"
                  << " 1,000 records a second each.\nAn outage, throttling and a kill come on the way; expect about "
                  << lines_.size() / 4'000 + 15 << " s.\n";
        auto status = co_await watch();
        line_.draw(picture() + " sent", true);
        if (status == 0) status = co_await read_back();
        co_return status;
    }

private:
    [[nodiscard]] Child start() const {
        return Child({program_, "produce", arguments_.endpoint, arguments_.stream, arguments_.file,
                      arguments_.directory});
    }

    /// Follows the producing process to its end, and strikes on the way.
    awaitable<int> watch() {
        auto child = start();
        for (int step = 0;;) {
            co_await pause(200ms);
            co_await look();
            const double share = static_cast<double>(taken_) / static_cast<double>(lines_.size());
            if (step == 0 && share >= 1.0 / 3) {
                line_.note("a third has arrived: the service goes away for 4 seconds");
                co_await ask("POST", "/_sluice/outage?seconds=4");
                ++step;
            } else if (step == 1 && up_ && share > 1.0 / 3 + 0.02) {
                line_.note("it is back, and throttles everything for 3 seconds");
                co_await ask("POST", "/_sluice/throttle?seconds=3");
                ++step;
            } else if (step == 2 && share >= 0.6) {
                child.kill();
                line_.note("the producing process is killed with SIGKILL, and started again");
                co_await pause(1s);
                child = start();
                ++step;
            }
            line_.draw(picture());
            if (const auto status = child.status()) {
                co_await look();
                if (*status != 0) line_.note("the producing process failed with status " + std::to_string(*status));
                co_return *status;
            }
        }
    }

    awaitable<void> pause(std::chrono::milliseconds time) {
        timer_.expires_after(time);
        co_await timer_.async_wait(use_awaitable);
    }

    awaitable<std::optional<std::string>> ask(std::string method, std::string path) {
        sluice::HttpRequest request(std::move(method), arguments_.endpoint + path);
        request.timeout = 2s;
        auto reply = co_await session_.world().transport().send(std::move(request));
        if (!reply || reply->status != 200) co_return std::nullopt;
        co_return std::move(reply->body);
    }

    /// Asks the service how many records it has.
    awaitable<void> look() {
        const auto text = co_await ask("GET", "/_sluice/stats");
        up_ = text.has_value();
        if (!up_) co_return;
        const auto stats = boost::json::parse(*text);
        taken_ = 0;
        for (const auto& shard : stats.at("streams").at(arguments_.stream).as_object()) {
            taken_ += shard.value().at("taken").to_number<std::uint64_t>();
        }
    }

    [[nodiscard]] std::string picture() const {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        const double share = static_cast<double>(taken_) / static_cast<double>(lines_.size());
        return bar(share) + " " + grouped(taken_) + " records, " + as_minutes(seconds) + (up_ ? "" : ", outage");
    }

    /// Compares what the stream holds with what was sent.
    awaitable<int> read_back() {
        line_.note("reading the stream back");
        auto client = sluice::kinesis::Client::open(session_.world()).value();
        std::vector<std::uint32_t> seen(lines_.size());
        std::uint64_t strange = 0;
        const sluice::kinesis::ListShards list(arguments_.stream);
        const auto shards = co_await client.list_shards(list);
        for (const auto& shard : shards.value()) strange += co_await read_shard(client, shard.id, seen);
        const auto lost = static_cast<std::uint64_t>(std::count(seen.begin(), seen.end(), 0U));
        std::uint64_t arrived = 0;
        for (const auto times : seen) arrived += times;
        const auto delivered = lines_.size() - lost;
        const auto duplicates = arrived - delivered;
        std::cout << "delivered " << delivered << ", lost " << lost << ", duplicates " << duplicates
                  << (duplicates > 0 ? " (sent again, because the outage or the kill came before the answer was noted)" : "")
                  << '\n';
        if (strange > 0) std::cout << strange << " records are not what was sent\n";
        co_return lost == 0 && strange == 0 ? 0 : 1;
    }

    awaitable<std::uint64_t> read_shard(sluice::kinesis::Client& client, std::string shard,
                                        std::vector<std::uint32_t>& seen) {
        std::uint64_t strange = 0;
        const auto oldest = sluice::kinesis::Position::oldest();
        const sluice::kinesis::GetShardIterator from(arguments_.stream, shard, oldest);
        const auto begun = co_await client.get_shard_iterator(from);
        for (auto iterator = begun.value().iterator; !iterator.empty();) {
            const sluice::kinesis::GetRecords request(iterator);
            const auto page = co_await client.get_records(request);
            for (const auto& record : page.value().records) strange += check(record, seen) ? 0U : 1U;
            if (page.value().records.empty()) break;
            iterator = page.value().next_shard_iterator;
            co_await pause(220ms); // a shard may be read five times a second
        }
        co_return strange;
    }

    /// Whether a record is one of the lines; counts it.
    [[nodiscard]] bool check(const sluice::kinesis::StreamRecord& record, std::vector<std::uint32_t>& seen) const {
        const auto tab = record.data.find('\t');
        if (tab == std::string::npos || record.partition_key != record.data.substr(0, tab)) return false;
        const auto number = std::stoull(record.partition_key);
        if (number >= lines_.size() || lines_[number] != record.data.substr(tab + 1)) return false;
        ++seen[number];
        return true;
    }

    Arguments arguments_;
    std::string program_;
    sluice::Session session_;
    asio::steady_timer timer_;
    std::vector<std::string> lines_;
    ProgressLine line_;
    std::uint64_t taken_ = 0;
    bool up_ = true;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int run(const std::string& program, const std::string& mode, Arguments arguments) {
    asio::io_context context;
    int status = 0;
    if (mode == "produce") {
        asio::co_spawn(context, produce(std::move(arguments)), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
        context.run();
        return 0;
    }
    Director director(context.get_executor(), std::move(arguments), program);
    asio::co_spawn(context, director.run(), [&](std::exception_ptr failure, int code) {
        if (failure) std::rethrow_exception(failure);
        status = code;
    });
    context.run();
    return status;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: quickstart direct|produce ENDPOINT STREAM FILE DIRECTORY; see quickstart.sh\n";
        return 2;
    }
    try {
        return run(argv[0], argv[1], Arguments(argv[2], argv[3], argv[4], argv[5]));
    } catch (const std::exception& failure) {
        std::cerr << "quickstart: " << failure.what() << '\n';
        return 1;
    }
}
