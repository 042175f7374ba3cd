#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace bench {

/// The sink, a process of its own, so that its CPU time is not ours. Ends with this object, or with this process.
class SinkProcess {
public:
    /// `program` is this benchmark's `argv[0]`: the sink lies beside it.
    explicit SinkProcess(const std::filesystem::path& program, std::size_t shards = 4)
        : ca_file_(std::filesystem::temp_directory_path() / ("sluice-sink-" + std::to_string(::getpid()) + "-" +
                                                             std::to_string(++made()) + ".pem")) {
        const auto sink = (program.parent_path() / "sink").string();
        int to[2];
        int from[2];
        // Closed in other sinks: each would else live as long as the last.
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
        const auto number = std::to_string(shards);
        char* arguments[]{const_cast<char*>(sink.c_str()), const_cast<char*>(ca_file_.c_str()),
                          const_cast<char*>(number.c_str()), nullptr};
        const int failure = ::posix_spawn(&process_, sink.c_str(), &actions, nullptr, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(to[0]);
        ::close(from[1]);
        life_ = to[1];
        char text[16]{};
        const auto size = failure == 0 ? ::read(from[0], text, sizeof text - 1) : 0;
        ::close(from[0]);
        if (size <= 0) throw std::runtime_error(sink + " does not start");
        port_ = std::atoi(text);
    }

    SinkProcess(const SinkProcess&) = delete;
    SinkProcess& operator=(const SinkProcess&) = delete;

    ~SinkProcess() {
        ::close(life_);
        ::waitpid(process_, nullptr, 0);
        std::error_code ignored;
        std::filesystem::remove(ca_file_, ignored);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string ca_file() const { return ca_file_.string(); }

private:
    static int& made() {
        static int count = 0;
        return count;
    }

    std::filesystem::path ca_file_;
    pid_t process_ = -1;
    int life_ = -1; ///< When this end of its standard input closes, the sink ends.
    int port_ = 0;
};

} // namespace bench
