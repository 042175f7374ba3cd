#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Reads what a program of `credential_process` prints (AWS SDKs and Tools reference, "Process credential provider");
/// `error::malformed` if it is no JSON object of format 1, or lacks a key, or tells a time that is none. Without a
/// time the credentials never expire.
[[nodiscard]] inline result<Secrets> parse_process_output(std::string_view json) {
    Secrets secrets;
    std::optional<std::int64_t> format;
    std::string key;
    std::string token;
    std::string expiration;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const bool well = reader.whole([&](std::string_view name) {
        if (name == "Version") return reader.integer(format);
        if (name == "AccessKeyId") return reader.text(secrets.access_key_id);
        if (name == "SecretAccessKey") return reader.text(key);
        if (name == "SessionToken") return reader.text(token);
        if (name == "Expiration") return reader.text(expiration);
        if (name == "AccountId") return reader.text(secrets.account_id);
        return reader.skip();
    });
    secrets.secret_access_key = Secret(std::move(key));
    secrets.session_token = Secret(std::move(token));
    const bool complete = !secrets.access_key_id.empty() && !secrets.secret_access_key.empty();
    if (!well || format != 1 || !complete) return error::malformed;
    if (!expiration.empty()) {
        secrets.expires = aws::parse_iso_date(expiration);
        if (!secrets.expires) return error::malformed;
    }
    return secrets;
}

namespace detail {

/// The beginning of what a program complains of, fit for a log.
[[nodiscard]] inline std::string first_line(std::string_view text) {
    std::string line(text.substr(0, std::min<std::size_t>(text.find_first_of("\r\n"), 200)));
    std::replace_if(line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return line;
}

} // namespace detail

/// Credentials that a program prints: `credential_process` of the AWS SDKs. The command line is given to `sh -c`; the
/// program is run again when its credentials near their end.
///
/// A program that fails, takes longer than a minute (or `patience`) or prints something else is `credentials_failed`;
/// the log has the reason, and the first line of the program's standard error. Its output is never logged.
class ProcessCredentials {
public:
    using policy_kind = kind::credentials;

    /// Throws `std::invalid_argument` if the command is empty.
    explicit ProcessCredentials(std::string command, std::chrono::milliseconds patience = std::chrono::minutes(1),
                                aws::Machine machine = aws::this_machine())
        : command_(std::move(command)), patience_(patience), machine_(std::move(machine)) {
        if (command_.empty()) throw std::invalid_argument("sluice: ProcessCredentials need a command to run");
    }

    class Running {
    public:
        Running(std::string command, std::chrono::milliseconds patience, aws::Machine machine, const World& world)
            : command_(std::move(command)), patience_(patience), machine_(std::move(machine)),
              complain_(world, "process") {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            if (!machine_.run) co_return complain_("programs cannot be run here");
            auto ended = co_await machine_.run(command_, patience_);
            if (ended.has_error() && ended.error() == asio::error::operation_aborted) co_return ended.error();
            if (ended.has_error()) co_return complain_(why(ended.error()));
            const Secret output(std::move(ended->output));
            const auto words = detail::first_line(ended->complaint);
            if (ended->exit_code != 0) {
                co_return complain_("the command ended with code ", ended->exit_code, words.empty() ? "" : ": ", words);
            }
            auto secrets = parse_process_output(output.reveal());
            if (!secrets) co_return complain_("the command did not print credentials as JSON of version 1");
            complain_.settle();
            co_return secrets;
        }

    private:
        [[nodiscard]] std::string why(error_code failure) const {
            if (failure == error::timed_out) {
                return "the command was ended, since it took longer than " + std::to_string(patience_.count()) + " ms";
            }
            if (failure == error::response_too_large) return "the command was ended, since it printed too much";
            return "the command could not be run: " + failure.message();
        }

        std::string command_;
        std::chrono::milliseconds patience_;
        aws::Machine machine_;
        detail::Complaint complain_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(command_, patience_, machine_, world);
    }

private:
    std::string command_;
    std::chrono::milliseconds patience_;
    aws::Machine machine_;
};

} // namespace sluice
