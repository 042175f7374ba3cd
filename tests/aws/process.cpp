#include <sluice/aws/process.hpp>

#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

using namespace sluice;
using namespace sluice::aws;
using namespace std::chrono_literals;

namespace {

result<ProcessOutput> outcome_of(std::string command, std::chrono::milliseconds patience = 20s) {
    result<ProcessOutput> outcome = error_code(error::closed);
    run([&](asio::io_context&) -> asio::awaitable<void> {
        auto ran = co_await run_command(command, patience);
        outcome = std::move(ran);
    });
    return outcome;
}

ProcessOutput output_of(std::string command) {
    auto outcome = outcome_of(std::move(command));
    REQUIRE(outcome.has_value());
    return *std::move(outcome);
}

bool has_children() {
    return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

std::size_t open_files() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

/// Whether a process runs: it is there, and is no zombie.
bool runs(const std::string& process) {
    std::ifstream status("/proc/" + process + "/stat");
    std::string text((std::istreambuf_iterator<char>(status)), {});
    return !text.empty() && text.substr(text.rfind(')') + 2, 1) != "Z";
}

bool dies(const std::string& process) {
    for (int i = 0; i < 200 && runs(process); ++i) std::this_thread::sleep_for(10ms);
    return !runs(process);
}

/// A file that processes of a test write to.
class Note {
public:
    Note() {
        const auto file = ::mkstemp(path.data());
        REQUIRE(file >= 0);
        ::close(file);
    }
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    ~Note() { ::unlink(path.c_str()); }

    [[nodiscard]] std::string read() const {
        std::ifstream file(path);
        std::string word;
        file >> word;
        return word;
    }

    /// Waits for a word.
    [[nodiscard]] std::string wait() const {
        for (int i = 0; i < 500 && read().empty(); ++i) std::this_thread::sleep_for(10ms);
        return read();
    }

    std::string path = (std::filesystem::temp_directory_path() / "sluice-process-XXXXXX").string();
};

} // namespace

TEST_CASE("a command's output, complaint and exit code are told") {
    const auto done = output_of("echo out; echo err >&2; exit 3");
    CHECK(done.output == "out\n");
    CHECK(done.complaint == "err\n");
    CHECK(done.exit_code == 3);
    CHECK(output_of("true").exit_code == 0);
    CHECK(output_of("").exit_code == 0);
    CHECK(output_of("/does/not/exist").exit_code == 127);
}

TEST_CASE("a signal that ended the command shows as a shell shows it") {
    CHECK(output_of("kill -TERM $$").exit_code == 128 + SIGTERM);
    CHECK(output_of("kill -KILL $$").exit_code == 128 + SIGKILL);
}

TEST_CASE("a command has no input, and the environment of this process") {
    ::setenv("SLUICE_TEST_WORD", "seen", 1);
    CHECK(output_of("cat; echo $SLUICE_TEST_WORD").output == "seen\n");
    ::unsetenv("SLUICE_TEST_WORD");
}

TEST_CASE("a command inherits no pipe of another one") {
    const auto before = output_of("ls /proc/self/fd").output;
    aws::detail::Pipe other;
    REQUIRE(!other.open());
    CHECK(output_of("ls /proc/self/fd").output == before);
}

TEST_CASE("a command whose descendants keep its output open does not wait for them") {
    const Note note;
    const auto begin = std::chrono::steady_clock::now();
    const auto done = output_of("sh -c 'echo $$ > " + note.path + "; exec sleep 30' & echo done");
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    CHECK(done.output == "done\n");
    const auto child = note.wait();
    REQUIRE(!child.empty());
    CHECK(runs(child));
    ::kill(std::stoi(child), SIGKILL);
}

TEST_CASE("the end of the patience ends the whole group, grandchildren and those deaf to other signals too") {
    const Note note;
    const auto begin = std::chrono::steady_clock::now();
    const auto outcome = outcome_of("trap '' TERM HUP INT; (trap '' TERM; sh -c 'echo $$ > " + note.path +
                                        "; exec sleep 30'; true); true",
                                    1s);
    CHECK(outcome.error() == error::timed_out);
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    const auto grandchild = note.read();
    REQUIRE(!grandchild.empty());
    CHECK(dies(grandchild));
    CHECK(!has_children());
}

TEST_CASE("a command that stops itself runs out of patience") {
    CHECK(outcome_of("kill -STOP $$", 200ms).error() == error::timed_out);
    CHECK(!has_children());
}

TEST_CASE("output up to a mebibyte is taken, and more ends the command") {
    CHECK(output_of("head -c 1048576 /dev/zero").output.size() == 1U << 20U);
    CHECK(outcome_of("head -c 1048577 /dev/zero").error() == error::response_too_large);
    CHECK(outcome_of("cat /dev/zero").error() == error::response_too_large);
    CHECK(!has_children());
}

TEST_CASE("of complaints the beginning is kept, and they never hold a command up") {
    const auto done = output_of("echo first >&2; head -c 3000000 /dev/zero >&2; echo out");
    CHECK(done.complaint.size() == 4096);
    CHECK(done.complaint.starts_with("first\n"));
    CHECK(done.output == "out\n");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(outcome_of("cat /dev/zero >&2", 200ms).error() == error::timed_out);
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("what is written last is not lost") {
    for (int i = 0; i < 50; ++i) {
        CHECK(output_of("sleep 0.00" + std::to_string(i % 10) + "; echo end").output == "end\n");
    }
}

TEST_CASE("a command that closes its streams is still waited for") {
    const auto done = output_of("exec >&- 2>&-; sleep 0.2; exit 4");
    CHECK(done.exit_code == 4);
}

TEST_CASE("neither files nor zombies are left") {
    (void)output_of("true");
    const auto files = open_files();
    for (int i = 0; i < 20; ++i) {
        (void)output_of("echo x");
        (void)outcome_of("sleep 30", 5ms);
        (void)outcome_of("cat /dev/zero");
    }
    CHECK(open_files() == files);
    CHECK(!has_children());
}

TEST_CASE("a process that ignores SIGCHLD still gets the output") {
    struct sigaction before {};
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGCHLD, &ignore, &before) == 0);
    const auto done = output_of("sh -c 'exit 7'; echo $?");
    CHECK(outcome_of("sleep 30", 50ms).error() == error::timed_out);
    REQUIRE(::sigaction(SIGCHLD, &before, nullptr) == 0);
    CHECK(done.output == "7\n"); // the command sees SIGCHLD as every shell does
    CHECK(!done.exit_code);
}

TEST_CASE("a child that is not let go ends with its group, though it has ended itself") {
    const Note note;
    {
        auto started = aws::detail::start_command("sh -c 'echo $$ > " + note.path + "; exec sleep 30' & true");
        REQUIRE(started.has_value());
        for (int i = 0; i < 500 && !(*started)->ended(); ++i) std::this_thread::sleep_for(10ms);
        CHECK((*started)->ended());
        REQUIRE(!note.wait().empty());
        CHECK(runs(note.read()));
    }
    CHECK(dies(note.read()));
    CHECK(!has_children());
}

TEST_CASE("a child that somebody else reaped has an unknown exit code, and nobody with its number is ended") {
    auto started = aws::detail::start_command("exit 3");
    REQUIRE(started.has_value());
    siginfo_t found{};
    REQUIRE(::waitid(P_ALL, 0, &found, WEXITED) == 0);
    CHECK((*started)->ended());
    CHECK(!(*started)->take().exit_code);
    auto dropped = aws::detail::start_command("exit 3");
    REQUIRE(dropped.has_value());
    REQUIRE(::waitid(P_ALL, 0, &found, WEXITED) == 0);
    dropped->reset();
    CHECK(!has_children());
}

TEST_CASE("signals that this process ignores or blocks reach the command") {
    struct sigaction before {};
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
    sigset_t blocked;
    sigset_t unblocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &blocked, &unblocked) == 0);
    const auto pipe = output_of("kill -PIPE $$; echo alive");
    const auto term = output_of("kill -TERM $$; echo alive");
    REQUIRE(::pthread_sigmask(SIG_SETMASK, &unblocked, nullptr) == 0);
    REQUIRE(::sigaction(SIGPIPE, &before, nullptr) == 0);
    CHECK(pipe.exit_code == 128 + SIGPIPE);
    CHECK(term.exit_code == 128 + SIGTERM);
}

TEST_CASE("cancelling ends the command, and tells so") {
    const Note note;
    asio::io_context context;
    asio::cancellation_signal stop;
    std::optional<result<ProcessOutput>> outcome;
    asio::co_spawn(
        context, run_command("echo $$ > " + note.path + "; sleep 30; true", 60s),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr thrown, result<ProcessOutput> ran) {
            CHECK(!thrown);
            outcome = std::move(ran);
        }));
    for (int i = 0; i < 500 && note.read().empty(); ++i) context.run_for(10ms);
    const auto shell = note.read();
    REQUIRE(!shell.empty());
    stop.emit(asio::cancellation_type::terminal);
    context.run_for(5s);
    REQUIRE(outcome.has_value());
    CHECK(outcome->error() == asio::error::operation_aborted);
    CHECK(!runs(shell));
    CHECK(!has_children());
}

TEST_CASE("an executor that ends takes its commands along") {
    const Note note;
    {
        asio::io_context context;
        asio::co_spawn(context, run_command("echo $$ > " + note.path + "; sleep 30; true", 60s),
                       [](const std::exception_ptr&, const result<ProcessOutput>&) {});
        for (int i = 0; i < 500 && note.read().empty(); ++i) context.run_for(10ms);
    }
    const auto shell = note.read();
    REQUIRE(!shell.empty());
    CHECK(!runs(shell));
    CHECK(!has_children());
}

TEST_CASE("a process without standard streams can run commands") {
    const int copies[] = {::dup(0), ::dup(1), ::dup(2)};
    for (int number = 0; number < 3; ++number) ::close(number);
    auto outcome = outcome_of("cat; echo out; echo err >&2");
    for (int number = 0; number < 3; ++number) {
        ::dup2(copies[number], number);
        ::close(copies[number]);
    }
    REQUIRE(outcome.has_value());
    CHECK(outcome->output == "out\n");
    CHECK(outcome->complaint == "err\n");
}
