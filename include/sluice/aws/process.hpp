#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_category.hpp>

#include <openssl/crypto.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace sluice::aws {

namespace detail {

/// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    [[nodiscard]] int get() const noexcept { return number_; }

private:
    int number_ = -1;
};

[[nodiscard]] inline error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// A pipe whose ends no other program inherits; what is read from never blocks.
class Pipe {
public:
    Descriptor reads;
    Descriptor writes;

    [[nodiscard]] error_code open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
        reads = Descriptor(ends[0]);
        writes = Descriptor(ends[1]);
        if (::fcntl(reads.get(), F_SETFL, O_NONBLOCK) != 0) return last_error();
        // A program that closed its standard streams gets their numbers here, where the new one needs them itself.
        if (writes.get() <= STDERR_FILENO) {
            writes = Descriptor(::fcntl(writes.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        }
        return writes.get() < 0 ? last_error() : error_code();
    }
};

/// What posix_spawn is told: a process group of its own, no input, two pipes, and signals as a shell expects them,
/// whatever this process has made of them.
class SpawnPlan {
public:
    SpawnPlan(const Pipe& output, const Pipe& complaint) {
        posix_spawn_file_actions_init(&actions_);
        note(posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        note(posix_spawn_file_actions_adddup2(&actions_, output.writes.get(), STDOUT_FILENO));
        note(posix_spawn_file_actions_adddup2(&actions_, complaint.writes.get(), STDERR_FILENO));
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setpgroup(&attributes_, 0);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        for (const int number : {SIGPIPE, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM}) sigaddset(&signals, number);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }

    /// Starts `sh -c command`.
    [[nodiscard]] result<pid_t> start(std::string command) const {
        if (failure_) return failure_; // or its output would be this process's
        std::string shell = "sh";
        std::string option = "-c";
        const std::array<char*, 4> arguments{shell.data(), option.data(), command.data(), nullptr};
        pid_t process = 0;
        const int failure = ::posix_spawn(&process, "/bin/sh", &actions_, &attributes_, arguments.data(), ::environ);
        if (failure != 0) return error_code(failure, boost::system::system_category());
        return process;
    }

private:
    void note(int failure) noexcept {
        if (failure != 0) failure_.assign(failure, boost::system::system_category());
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    error_code failure_;
};

/// A child of this process. Unless it was let go, it ends with this object, and all of its process group with it.
class Child {
public:
    explicit Child(pid_t process) noexcept : process_(process) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ~Child() {
        // What was reaped by somebody else has a number that others may have by now.
        if (released_ || (ended() && lost_)) return;
        if (::kill(-process_, SIGKILL) != 0) ::kill(process_, SIGKILL);
        // It dies at once, unless a device holds it: that one stays a zombie.
        for (int i = 0; i < 100 && ::waitpid(process_, nullptr, WNOHANG) == 0; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Whether it has ended. It is not reaped for that, so nobody else can have its number.
    [[nodiscard]] bool ended() noexcept {
        siginfo_t found{};
        const int failure = ::waitid(P_PID, static_cast<id_t>(process_), &found, WEXITED | WNOHANG | WNOWAIT);
        // A program that ignores SIGCHLD, or reaps whatever it finds, leaves nothing to be learned here.
        lost_ = failure != 0 && errno == ECHILD;
        return lost_ || (failure == 0 && found.si_pid == process_);
    }

    /// Reaps it after its end, and leaves its process group alone; the exit code, if that is known.
    [[nodiscard]] std::optional<int> release() noexcept {
        released_ = true;
        int status = 0;
        if (::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

private:
    pid_t process_;
    bool lost_ = false; ///< Reaped, but not by this object.
    bool released_ = false;
};

/// Takes what is in a pipe now. Of that the text gets as much as it has room for; the number is of all bytes.
[[nodiscard]] inline std::size_t drain(const Pipe& pipe, std::string& text, std::size_t room) {
    std::array<char, 4096> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    std::size_t taken = 0;
    // A pipe holds 64 KiB; whoever fills it all the time does not keep this loop from its deadline.
    for (int i = 0; i < 64; ++i) {
        const auto count = ::read(pipe.reads.get(), buffer.data(), buffer.size());
        if (count <= 0) break;
        const auto size = static_cast<std::size_t>(count);
        text.append(buffer.data(), std::min(size, room - text.size()));
        taken += size;
    }
    OPENSSL_cleanse(buffer.data(), buffer.size());
    return taken;
}

/// A command line that runs, and what it has written.
class Command {
public:
    static constexpr std::size_t most_output = 1U << 20U;
    static constexpr std::size_t most_complaint = 4096;

    Command(pid_t process, Pipe output, Pipe complaint)
        : child_(process), output_(std::move(output)), complaint_(std::move(complaint)) {
        // Secrets are not copied about while the texts grow.
        written_.output.reserve(most_output);
        written_.complaint.reserve(most_complaint);
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;
    ~Command() {
        OPENSSL_cleanse(written_.output.data(), written_.output.size());
        OPENSSL_cleanse(written_.complaint.data(), written_.complaint.size());
    }

    /// Takes what has been written; whether there was anything.
    bool read() {
        const auto taken = drain(output_, written_.output, most_output);
        total_ += taken;
        return drain(complaint_, written_.complaint, most_complaint) + taken > 0;
    }

    /// Whether the shell has ended. What it started in the background may go on, and is not waited for.
    [[nodiscard]] bool ended() noexcept { return child_.ended(); }
    [[nodiscard]] bool overflown() const noexcept { return total_ > most_output; }

    /// What it has written until its end.
    [[nodiscard]] ProcessOutput take() {
        written_.exit_code = child_.release();
        return std::move(written_);
    }

private:
    Child child_;
    Pipe output_;
    Pipe complaint_;
    ProcessOutput written_;
    std::size_t total_ = 0; ///< Of output.
};

[[nodiscard]] inline result<std::unique_ptr<Command>> start_command(std::string command) {
    Pipe output;
    Pipe complaint;
    if (const auto failure = output.open()) return failure;
    if (const auto failure = complaint.open()) return failure;
    const auto process = SpawnPlan(output, complaint).start(std::move(command));
    if (!process) return process.error();
    output.writes = Descriptor();
    complaint.writes = Descriptor();
    return std::make_unique<Command>(*process, std::move(output), std::move(complaint));
}

} // namespace detail

/// Runs a command line with `sh -c`, without input, in a process group of its own, and waits for the shell's end.
///
/// Takes at most 1 MiB of output and keeps the first 4 KiB of standard error. Programs that the shell leaves in the
/// background are not waited for, and not ended if all went well. In a process that ignores SIGCHLD, or reaps children
/// that are not its own, `exit_code` is none.
///
/// Errors: `error::timed_out` after `patience`, `error::response_too_large`, `operation_aborted` when cancelled
/// (`terminal`); each of these ends the whole process group (SIGKILL) unless somebody else has reaped
/// the shell. What kept the shell from starting: the system's error.
template <class...>
[[nodiscard]] asio::awaitable<result<ProcessOutput>> run_command(std::string command,
                                                                 std::chrono::milliseconds patience) {
    using std::chrono::milliseconds;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    auto started = detail::start_command(std::move(command));
    if (!started) co_return started.error();
    const auto running = *std::move(started);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    // Looking again and again needs no SIGCHLD handler, which would be this whole process's business.
    for (milliseconds pause(1);; pause = std::min(pause * 2, milliseconds(50))) {
        const bool ended = running->ended(); // before reading, so that nothing is left
        if (running->read()) pause = milliseconds(1);
        if (running->overflown()) co_return error_code(error::response_too_large);
        if (ended) co_return running->take();
        if (std::chrono::steady_clock::now() >= deadline) co_return error_code(error::timed_out);
        timer.expires_after(pause);
        const auto interrupted = co_await sluice::detail::wait_for(timer);
        if (interrupted) co_return error_code(asio::error::operation_aborted);
    }
}

} // namespace sluice::aws
