// Every line of a file, or of standard input, becomes a record of a stream; --help tells the rest.
//
// What was read and not delivered waits in a buffer on disk, and a bookmark beside it tells how far the file was read.
// After Ctrl-C, a crash, a power cut or a full disk the same command goes on where it stopped.
#include "bookmark.hpp"
#include "lines.hpp"
#include "progress.hpp"

#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage = R"(usage: pipe --stream NAME [options] [FILE]

Each line of FILE becomes a record; of standard input, if FILE is - or not given. Credentials come from where the AWS
SDKs look: the environment, ~/.aws, the container, the instance.

  --stream NAME      the stream to put to
  --region REGION    its region (default: AWS_REGION, or that of the profile in ~/.aws)
  --endpoint URL     another endpoint than the region's, such as http://127.0.0.1:4567
  --buffer PATH      where lines wait that are not delivered yet (default: NAME.buffer.db)
  --key-field N      the N-th word of a line is its partition key (default, and for lines with fewer: a random key)
  --help             this text

Ctrl-C stops; the same command goes on with what waits in the buffer, and with the rest of FILE. A second Ctrl-C ends
at once. The status is 0 if every line was delivered, 1 if some were refused or something failed, 130 after Ctrl-C.
)";

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Arguments {
public:
    sluice::Options options;
    std::string buffer;
    std::optional<std::string> file;
    std::size_t key_field = 0;
};

std::size_t number_from_one(const std::string& option, const std::string& text) {
    std::size_t number = 0;
    const auto end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc{} || rest != end || number == 0) {
        throw UsageError(option + " needs a number from 1, not '" + text + "'");
    }
    return number;
}

void take(Arguments& its, const std::string& option, const std::string& value) {
    if (option == "--stream") {
        its.options.stream = value;
    } else if (option == "--region") {
        its.options.region = value;
    } else if (option == "--endpoint") {
        its.options.endpoint = value;
    } else if (option == "--buffer") {
        its.buffer = value;
    } else if (option == "--key-field") {
        its.key_field = number_from_one(option, value);
    } else {
        throw UsageError("there is no option " + option);
    }
}

Arguments read_arguments(const std::vector<std::string>& words) {
    Arguments its;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (word.starts_with('-') && word != "-") {
            if (i + 1 == words.size()) throw UsageError(word + " is unknown, or needs a value");
            take(its, word, words[++i]);
        } else if (its.file) {
            throw UsageError("one FILE at a time, not " + *its.file + " and " + word);
        } else {
            its.file = word;
        }
    }
    if (its.options.stream.empty()) throw UsageError("--stream is missing");
    if (its.buffer.empty()) its.buffer = its.options.stream + ".buffer.db";
    return its;
}

/// The N-th word of a line, counted from one; none if it has fewer.
std::optional<std::string> word_of(const std::string& line, std::size_t n) {
    std::size_t begin = 0;
    for (;; begin = line.find(' ', begin)) {
        begin = line.find_first_not_of(' ', begin);
        if (begin == std::string::npos) return std::nullopt;
        if (--n == 0) return line.substr(begin, line.find(' ', begin) - begin);
    }
}

/// Whether a line itself is why it was refused: it would be the next time, too.
bool is_of_the_line(sluice::error_code reason) {
    using sluice::error;
    return reason == error::record_too_large || reason == error::partition_key_empty ||
           reason == error::partition_key_too_long || reason == error::not_utf8;
}

/// Set by Ctrl-C.
std::atomic<bool> stopped = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch no other");

class Pipe {
public:
    explicit Pipe(Arguments arguments)
        : arguments_(std::move(arguments)),
          lines_(arguments_.file.value_or("-"), arguments_.options.max_payload, stopped),
          // In a power cut the bookmark must not outlive the lines before it.
          producer_(adapted(arguments_.options), sluice::SqliteStorage(arguments_.buffer, sluice::Durability::full)) {
        if (!lines_.lasting()) return;
        bookmark_.emplace(arguments_.buffer + ".position", *arguments_.file);
        lines_.skip_to(bookmark_->position());
        position_ = begin_ = bookmark_->position();
        count_ = bookmark_->lines();
    }

    int run() {
        if (!open()) return 1;
        sluice::error_code failure;
        {
            const std::jthread ticker([this](const std::stop_token& stop) { tick(stop); });
            failure = read();
            while (!failure && !stopped && producer_.flush(1h, failure).left > 0) {}
        }
        const auto report = producer_.close();
        draw(true);
        return conclude(failure, report.left);
    }

private:
    sluice::Options adapted(sluice::Options options) {
        const auto sink = [this](sluice::LogLevel, std::string_view text) { line_.note(std::string(text)); };
        options.log = sluice::Log(sink, sluice::LogLevel::warning);
        // After Ctrl-C, or a failure, what is in flight may arrive; the rest waits for the next time.
        options.close_timeout = 1s;
        return options;
    }

    /// False if nothing can be put; the log has told why.
    bool open() {
        sluice::error_code failure;
        producer_.open(failure);
        // Without credentials lines can wait all the same.
        using sluice::error;
        if (failure && failure != error::credentials_missing && failure != error::credentials_failed) return false;
        const auto recovered = producer_.stats().recovered;
        if (recovered > 0) line_.note(grouped(recovered) + " records are left from the last time");
        if (position_ < lines_.size() && count_ > 0) line_.note("reading goes on at line " + grouped(count_ + 1));
        begin_share_ = share();
        return true;
    }

    /// Puts all lines; gives what stopped it, if no line is to blame for it.
    sluice::error_code read() {
        while (true) {
            const auto lines = lines_.next();
            if (lines.empty()) return {};
            if (const auto failure = put(lines)) return failure;
        }
    }

    /// Puts what one read gave, which is one commit of the buffer, and moves the bookmark past what needs no reading
    /// again: what was accepted, and what never will be.
    sluice::error_code put(const std::vector<Line>& lines) {
        std::vector<sluice::Record> records;
        for (const auto& line : lines) {
            auto& record = records.emplace_back(line.text);
            if (arguments_.key_field > 0) record.partition_key = word_of(line.text, arguments_.key_field);
        }
        sluice::error_code failure;
        const auto report = producer_.put_all(records, failure);
        failure = {};
        auto done = lines.size();
        for (const auto& refusal : report.refused) {
            if (!is_of_the_line(refusal.reason)) {
                done = refusal.index;
                failure = refusal.reason;
                break;
            }
            // The first of each reason is told at once, the others are counted.
            if (++refused_[refusal.reason] > 1) continue;
            line_.note("line " + grouped(count_ + refusal.index + 1) + ": " + refusal.reason.message());
        }
        if (done == 0) return failure;
        position_ = lines[done - 1].end;
        count_ += done;
        if (bookmark_) bookmark_->move(position_, count_);
        return failure;
    }

    int conclude(sluice::error_code failure, std::uint64_t left) {
        for (const auto& [reason, times] : refused_) {
            if (times > 1) line_.note(grouped(times) + " lines were refused: " + reason.message());
        }
        if (failure && !stopped) {
            line_.note("reading stopped before line " + grouped(count_ + 1) + ": " + failure.message());
        }
        if (failure || stopped || left > 0) {
            line_.note(grouped(left) + " records wait in " + arguments_.buffer +
                       "; the same command goes on with them" + (bookmark_ ? " and with the rest of the file" : ""));
            return stopped ? 130 : 1;
        }
        if (bookmark_) bookmark_->remove();
        return producer_.stats().total().failed > 0 || !refused_.empty() ? 1 : 0;
    }

    void tick(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            // Ends the waiting for room, and for what is left.
            if (stopped) producer_.close();
            draw(false);
            std::this_thread::sleep_for(200ms);
        }
    }

    /// How much of the file was delivered: read, and not in the buffer any more.
    [[nodiscard]] double share() const {
        if (lines_.size() == 0 || count_ == 0) return 0;
        const auto waits = static_cast<double>(producer_.stats().buffered_records) / static_cast<double>(count_);
        return static_cast<double>(position_) / static_cast<double>(lines_.size()) * std::max(0.0, 1 - waits);
    }

    void draw(bool last) {
        const auto stats = producer_.stats();
        const auto total = stats.total();
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        const bool measured = lines_.size() > 0;
        std::string text = measured ? bar(share()) + " " : "";
        text += grouped(total.delivered) + " records, " +
                one_decimal(static_cast<double>(position_ - begin_) / 1e6 / seconds) + " MB/s, buffered " +
                grouped(stats.buffered_records) + ", retries " + grouped(total.retried);
        if (measured && !last) text += ", ETA " + as_minutes((1 - share()) * seconds / (share() - begin_share_));
        if (stats.paused_by) text += " (paused)";
        line_.draw(text, last);
    }

    Arguments arguments_;
    ProgressLine line_;
    Lines lines_;
    std::optional<Bookmark> bookmark_;
    sluice::BlockingProducer<sluice::SqliteStorage> producer_;
    std::atomic<std::uint64_t> position_ = 0; ///< Bytes of the input that were put.
    std::atomic<std::uint64_t> count_ = 0;    ///< Lines of the input that were put.
    std::uint64_t begin_ = 0;
    double begin_share_ = 0;
    std::map<sluice::error_code, std::uint64_t> refused_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void stop_on(int signal) {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = true; };
    // The second signal does what it does by default: it ends the process.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (std::find(words.begin(), words.end(), "--help") != words.end()) {
        std::cout << usage;
        return 0;
    }
    try {
        auto arguments = read_arguments(words);
        stop_on(SIGINT);
        stop_on(SIGTERM);
        return Pipe(std::move(arguments)).run();
    } catch (const UsageError& failure) {
        std::cerr << "pipe: " << failure.what() << "\n\n" << usage;
        return 2;
    } catch (const std::exception& failure) {
        std::cerr << "pipe: " << failure.what() << '\n';
        return 1;
    }
}
