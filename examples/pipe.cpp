// Every line of a file, or of standard input, becomes a record of a stream; --help tells the rest.
//
// What was read and not delivered waits in a file. After Ctrl-C, a crash or a reboot the same command goes on where it
// stopped.
#include "progress.hpp"

#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <atomic>
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
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage = R"(usage: pipe --stream NAME [options] [FILE]

Each line of FILE, or of standard input, becomes a record. Credentials come from AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

  --stream NAME      the stream to put to
  --region REGION    its region (default: AWS_REGION)
  --endpoint URL     another endpoint than the region's, such as http://127.0.0.1:4567
  --buffer PATH      where lines wait that are not delivered yet (default: STREAM.buffer.db)
  --key-field N      the N-th word of a line is its partition key (default: random keys)
  --help             this text
)";

class Arguments {
public:
    sluice::Options options;
    std::string buffer;
    std::string file;
    std::size_t key_field = 0;
};

std::optional<Arguments> read_arguments(const std::vector<std::string>& words) {
    Arguments its;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (!word.starts_with("--")) {
            its.file = word;
            continue;
        }
        if (i + 1 == words.size()) return std::nullopt;
        const auto& value = words[++i];
        if (word == "--stream") {
            its.options.stream = value;
        } else if (word == "--region") {
            its.options.region = value;
        } else if (word == "--endpoint") {
            its.options.endpoint = value;
        } else if (word == "--buffer") {
            its.buffer = value;
        } else if (word == "--key-field") {
            its.key_field = static_cast<std::size_t>(std::stoul(value));
        } else {
            return std::nullopt;
        }
    }
    if (its.options.stream.empty()) return std::nullopt;
    if (its.buffer.empty()) its.buffer = its.options.stream + ".buffer.db";
    return its;
}

/// How far a file was read, kept beside the buffer: what lies before is in the buffer, or delivered.
class Bookmark {
public:
    Bookmark(const std::string& buffer, const std::string& file)
        : path_(buffer + ".position"), file_(file.empty() ? file : std::filesystem::absolute(file).string()) {
        std::ifstream in(path_);
        std::string name;
        std::uint64_t position = 0;
        if (in >> position && in.ignore() && std::getline(in, name) && name == file_) position_ = position;
    }

    [[nodiscard]] std::uint64_t position() const noexcept { return position_.load(); }

    void move(std::uint64_t position) {
        position_ = position;
        if (file_.empty()) return;
        // A rename, so that a crash leaves the old one or the new one.
        const auto fresh = path_ + ".new";
        std::ofstream(fresh) << position << ' ' << file_ << '\n';
        std::filesystem::rename(fresh, path_);
    }

    void remove() { std::filesystem::remove(path_); }

private:
    std::string path_;
    std::string file_;
    std::atomic<std::uint64_t> position_ = 0;
};

/// The N-th word of a line, counted from one; the whole line if it has fewer.
std::string word_of(const std::string& line, std::size_t n) {
    std::size_t begin = 0;
    for (;; begin = line.find(' ', begin)) {
        begin = line.find_first_not_of(' ', begin);
        if (begin == std::string::npos) return line.substr(0, 256);
        if (--n == 0) return line.substr(begin, line.find(' ', begin) - begin);
    }
}

/// Set by Ctrl-C.
volatile std::sig_atomic_t stopped = 0;

class Pipe {
public:
    explicit Pipe(Arguments arguments)
        : arguments_(std::move(arguments)), bookmark_(arguments_.buffer, arguments_.file),
          producer_(with_log(arguments_.options), sluice::SqliteStorage(arguments_.buffer)) {
        if (arguments_.file.empty()) return;
        file_.open(arguments_.file, std::ios::binary);
        if (!file_) throw std::runtime_error(arguments_.file + " cannot be read");
        size_ = static_cast<std::uint64_t>(std::filesystem::file_size(arguments_.file));
        file_.seekg(static_cast<std::streamoff>(bookmark_.position()));
    }

    int run() {
        producer_.open(opened_);
        // Without credentials lines can wait all the same, but whoever typed this wants to know.
        if (opened_) line_.note(opened_.message());
        recovered_ = producer_.stats().recovered;
        if (recovered_ > 0) line_.note(grouped(recovered_) + " records are left from the last time");
        std::thread ticker([this] { tick(); });
        read();
        while (stopped == 0 && producer_.flush(1s).left > 0) {}
        const auto report = producer_.close(stopped != 0 ? 0s : 5s);
        done_ = true;
        ticker.join();
        draw(true);
        return conclude(report.left);
    }

private:
    sluice::Options with_log(sluice::Options options) {
        const auto sink = [this](sluice::LogLevel, std::string_view text) { line_.note(std::string(text)); };
        options.log = sluice::Log(sink, sluice::LogLevel::warning);
        return options;
    }

    /// Puts pieces of up to a thousand lines: each is one commit of the buffer.
    void read() {
        std::istream& in = arguments_.file.empty() ? std::cin : file_;
        std::vector<sluice::Record> piece;
        std::uint64_t bytes = 0;
        for (std::string text; stopped == 0 && std::getline(in, text);) {
            bytes += text.size() + 1;
            piece.emplace_back(text);
            if (arguments_.key_field > 0) piece.back().partition_key = word_of(text, arguments_.key_field);
            // A line that nothing follows yet, as from a terminal, is not kept waiting.
            if (piece.size() == 1'000 || in.rdbuf()->in_avail() <= 0) put(piece, std::exchange(bytes, 0));
        }
        if (!piece.empty()) put(piece, bytes);
    }

    void put(std::vector<sluice::Record>& piece, std::uint64_t bytes) {
        sluice::error_code failure;
        const auto report = producer_.put_all(piece, failure);
        accepted_ += report.accepted;
        for (const auto& refusal : report.refused) {
            ++refused_;
            line_.note("line " + grouped(lines_ + refusal.index + 1) + ": " + refusal.reason.message());
        }
        lines_ += piece.size();
        piece.clear();
        bookmark_.move(bookmark_.position() + bytes);
    }

    int conclude(std::uint64_t left) {
        if (left > 0 || stopped != 0) {
            line_.note(grouped(left) + " records wait in " + arguments_.buffer +
                       "; the same command goes on with them");
            return 130;
        }
        bookmark_.remove();
        return producer_.stats().total().failed + refused_ > 0 ? 1 : 0;
    }

    void tick() {
        while (!done_) {
            draw(false);
            std::this_thread::sleep_for(200ms);
        }
    }

    void draw(bool last) {
        const auto stats = producer_.stats();
        const auto total = stats.total();
        const auto delivered = static_cast<double>(total.delivered);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        const auto position = static_cast<double>(bookmark_.position());
        // How many lines are to come is guessed from the length of those that have been read.
        const double share_read = size_ > 0 ? position / static_cast<double>(size_) : 0;
        const double all = share_read > 0 ? static_cast<double>(accepted_ + recovered_) / share_read : 0;
        std::string text = size_ > 0 ? bar(all > 0 ? delivered / all : 0) + " " : "";
        text += grouped(total.delivered) + " records, " + one_decimal((position - begin_) / 1e6 / seconds) +
                " MB/s, buffered " + grouped(stats.buffered_records) + ", retries " + grouped(total.retried);
        if (size_ > 0 && !last) text += ", ETA " + as_minutes((all - delivered) * seconds / delivered);
        if (stats.paused_by) text += " (paused)";
        line_.draw(text, last);
    }

    Arguments arguments_;
    Bookmark bookmark_;
    ProgressLine line_;
    sluice::BlockingProducer<sluice::SqliteStorage> producer_;
    sluice::error_code opened_;
    std::ifstream file_;
    std::uint64_t size_ = 0;
    double begin_ = static_cast<double>(bookmark_.position());
    std::uint64_t lines_ = 0;
    std::uint64_t refused_ = 0;
    std::atomic<std::uint64_t> accepted_ = 0;
    std::uint64_t recovered_ = 0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::atomic<bool> done_ = false;
};

void stop_on(int signal) {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    // Without SA_RESTART: a read from a terminal ends when the signal comes.
    sigaction(signal, &action, nullptr);
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && words.front() == "--help") {
        std::cout << usage;
        return 0;
    }
    try {
        auto arguments = read_arguments(words);
        if (!arguments) {
            std::cerr << usage;
            return 2;
        }
        std::ios::sync_with_stdio(false);
        stop_on(SIGINT);
        stop_on(SIGTERM);
        return Pipe(std::move(*arguments)).run();
    } catch (const std::exception& failure) {
        std::cerr << "pipe: " << failure.what() << '\n';
        return 1;
    }
}
