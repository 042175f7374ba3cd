#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::aws {

namespace asio = boost::asio;

/// What a program left behind.
class ProcessOutput {
public:
    ProcessOutput() = default;

    std::optional<int> exit_code; ///< 128 and the signal's number if a signal ended it, as in a shell. None: unknown.
    std::string output;           ///< Of standard output. May hold secrets.
    std::string complaint;        ///< Of standard error, its beginning. May hold secrets.
};

/// What a machine tells about its accounts and regions: the environment, files, programs and names. A test gives its
/// own; a member that is not set knows nothing and can do nothing.
class Machine {
public:
    Machine() = default;
    explicit Machine(Environment its_environment) : environment(std::move(its_environment)) {}

    Environment environment;

    /// The whole content of a file; `errc::no_such_file_or_directory` if there is none. Blocks, as small files may.
    std::function<result<std::string>(const std::string& path)> read_file;

    /// Replaces a file's content at once, readable by its owner only. Blocks.
    std::function<error_code(const std::string& path, const std::string& content)> write_file;

    /// Runs a command line in the platform's shell and waits for its end, or ends it and gives `error::timed_out`.
    /// Cancellation (`terminal`) ends it too: `operation_aborted`.
    std::function<asio::awaitable<result<ProcessOutput>>(std::string command, std::chrono::milliseconds patience)> run;

    /// The addresses of a host; `error::name_not_resolved`.
    std::function<asio::awaitable<result<std::vector<asio::ip::address>>>(std::string host)> resolve;
};

} // namespace sluice::aws
