#pragma once

#include <sluice/credentials/credentials.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What a scripted destination was sent, and what it answers.
class Script {
public:
    /// One entry as it arrived.
    class Arrival {
    public:
        Arrival(std::string its_stream, const sluice::Entry& entry)
            : stream(std::move(its_stream)), key(entry.partition_key), data(entry.data) {}

        std::string stream;
        std::string key;
        std::string data;
    };

    using Reply = std::function<sluice::Answer(const std::string& stream, std::span<const sluice::Entry> entries)>;

    /// Every entry is taken, by one shard, with sequence numbers that grow.
    sluice::Answer take(const std::string& stream, std::span<const sluice::Entry> entries) {
        sluice::Answer answer;
        answer.text = std::make_shared<const std::string>("shardId-000000000000");
        for (const auto& entry : entries) {
            auto& said = answer.entries.emplace_back();
            said.shard_id = *answer.text;
            said.sequence_number = numbers_.emplace_back(std::to_string(numbers_.size() + 1));
            taken.emplace_back(stream, entry);
        }
        return answer;
    }

    sluice::Answer reply(const std::string& stream, std::span<const sluice::Entry> entries) {
        ++requests;
        if (replies.empty()) return take(stream, entries);
        auto next = std::move(replies.front());
        if (replies.size() > 1 || !repeat_last) {
            replies.pop_front();
            return next(stream, entries);
        }
        replies.front() = next;
        return next(stream, entries);
    }

    std::deque<Reply> replies;    ///< Used up in order; then everything is taken.
    bool repeat_last = false;     ///< The last reply is given for ever.
    std::vector<Arrival> taken;
    std::size_t requests = 0;
    std::function<boost::asio::awaitable<void>()> before; ///< Awaited before each answer.

private:
    std::deque<std::string> numbers_;
};

/// A destination that does what its script says.
class ScriptedDestination {
public:
    using policy_kind = sluice::kind::destination;

    ScriptedDestination() : script(std::make_shared<Script>()) {}
    explicit ScriptedDestination(std::shared_ptr<Script> its_script) : script(std::move(its_script)) {}

    class Running {
    public:
        explicit Running(std::shared_ptr<Script> script) : script_(std::move(script)) {}

        boost::asio::awaitable<sluice::Answer> send(const std::string& stream, std::span<const sluice::Entry> entries) {
            if (script_->before) co_await script_->before();
            co_return script_->reply(stream, entries);
        }

        boost::asio::awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(std::string) {
            co_return std::vector<sluice::ShardRange>{};
        }

    private:
        std::shared_ptr<Script> script_;
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(script); }

    [[nodiscard]] sluice::RequestLimits limits(const sluice::Options& options) const {
        return {options.request_records, options.request_bytes, options.max_payload};
    }

    std::shared_ptr<Script> script;
};

/// Credentials that are always the same.
class NobodySigns {
public:
    using policy_kind = sluice::kind::credentials;

    class Running {
    public:
        boost::asio::awaitable<sluice::result<sluice::Secrets>> fetch() {
            co_return sluice::Secrets("nobody", sluice::Secret("nothing"));
        }
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(); }
};

/// A transport through which nothing passes.
class NoTransport {
public:
    using policy_kind = sluice::kind::transport;

    class Running {
    public:
        boost::asio::awaitable<sluice::result<sluice::HttpResponse>> send(sluice::HttpRequest) {
            co_return sluice::error::connection_failed;
        }
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(); }
};

/// Keeps dead letters in a list.
class KeepDeadLetters {
public:
    using policy_kind = sluice::kind::dead_letters;

    explicit KeepDeadLetters(std::shared_ptr<std::vector<sluice::DeadLetter>> its_letters)
        : letters(std::move(its_letters)) {}

    class Running {
    public:
        explicit Running(std::shared_ptr<std::vector<sluice::DeadLetter>> letters) : letters_(std::move(letters)) {}

        boost::asio::awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            letters_->push_back(std::move(letter));
            co_return sluice::result<void>{};
        }

    private:
        std::shared_ptr<std::vector<sluice::DeadLetter>> letters_;
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(letters); }

    std::shared_ptr<std::vector<sluice::DeadLetter>> letters;
};
