#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/fields.hpp>
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
    std::string expiration;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const bool well = reader.whole([&](std::string_view name) {
        if (name == "Version") return reader.integer(format);
        if (name == "AccessKeyId") return reader.text(secrets.access_key_id);
        if (name == "SecretAccessKey") return detail::read_secret(reader, secrets.secret_access_key);
        if (name == "SessionToken") return detail::read_secret(reader, secrets.session_token);
        if (name == "Expiration") return reader.text(expiration);
        if (name == "AccountId") return reader.text(secrets.account_id);
        return reader.skip();
    });
    const bool complete = !secrets.access_key_id.empty() && !secrets.secret_access_key.empty();
    if (!well || format != 1 || !complete) return error::malformed;
    if (!expiration.empty()) {
        secrets.expires = detail::parse_expiration(expiration);
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

/// Whether a text may hold a key: it has one of the words for that, or so many characters of base64 in a row.
[[nodiscard]] inline bool may_hold_a_key(std::string_view text) {
    const auto lowered = aws::to_lower(text);
    for (const auto* word : {"secret", "token", "key", "pass"}) {
        if (lowered.find(word) != std::string::npos) return true;
    }
    const auto in_base64 = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' || c == '-' ||
               c == '_';
    };
    std::size_t run = 0;
    for (const char c : lowered) {
        run = in_base64(c) ? run + 1 : 0;
        if (run == 32) return true;
    }
    return false;
}

} // namespace detail

/// Credentials that a program prints: `credential_process` of the AWS SDKs. The command line is given to `sh -c`; the
/// program is run again when its credentials near their end.
///
/// A program that fails, takes longer than a minute (or `patience`) or prints something else is `credentials_failed`;
/// the log has the reason. Its output is never logged; of its standard error the first line is, at the debug level, and
/// only if nothing in it looks like a key: no `secret`, `token`, `key` or `pass`, and no 32 characters of base64.
/// A program whose exit code nobody knows, since this process ignores SIGCHLD, is judged by its output.
class ProcessCredentials {
public:
    using policy_kind = kind::credentials;

    /// Throws `std::invalid_argument` if the command is empty.
    template <class...>
    explicit ProcessCredentials(std::string command, std::chrono::milliseconds patience = std::chrono::minutes(1),
                                aws::Machine machine = aws::this_machine())
        : command_(std::move(command)), patience_(patience), machine_(std::move(machine)) {
        if (command_.empty()) throw std::invalid_argument("sluice: ProcessCredentials need a command to run");
    }

    class Running {
    public:
        Running(std::string command, std::chrono::milliseconds patience, aws::Machine machine, const World& world)
            : command_(std::move(command)), patience_(patience), machine_(std::move(machine)),
              world_(&world), complain_(world, "process") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            if (!machine_.run) co_return complain_("programs cannot be run here");
            auto ended = co_await machine_.run(command_, patience_);
            if (ended.has_error() && ended.error() == asio::error::operation_aborted) co_return ended.error();
            if (ended.has_error()) co_return complain_(why(ended.error()));
            const Secret output(std::move(ended->output));
            const Secret complaint(std::move(ended->complaint));
            if (ended->exit_code.value_or(0) != 0) {
                quote(complaint.reveal());
                co_return complain_("the command ended with code ", *ended->exit_code);
            }
            auto secrets = parse_process_output(output.reveal());
            if (!secrets) co_return complain_("the command did not print credentials as JSON of version 1");
            complain_.settle();
            co_return secrets;
        }

    private:
        void quote(std::string_view complaint) const {
            const auto words = detail::first_line(complaint);
            if (words.empty() || detail::may_hold_a_key(complaint.substr(0, complaint.find_first_of("\r\n")))) return;
            world_->log().debug("credentials: process: the command complains: ", words);
        }

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
        const World* world_;
        detail::Complaint complain_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(command_, patience_, machine_, world);
    }

private:
    std::string command_;
    std::chrono::milliseconds patience_;
    aws::Machine machine_;
};

} // namespace sluice
