#pragma once

#include <sluice/local/checks.hpp>
#include <sluice/local/failure.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::local {

/// The streams of one account, by name, and the rules about which may be used when.
class Account {
public:
    using Streams = std::map<std::string, Stream, std::less<>>;

    explicit Account(Settings its_settings) : settings(std::move(its_settings)) {}

    Settings settings;

    [[nodiscard]] const Streams& streams() const { return streams_; }

    [[nodiscard]] std::string arn(std::string_view stream) const {
        return "arn:aws:kinesis:" + settings.region + ":" + settings.account + ":stream/" + std::string(stream);
    }

    /// Forgets the streams whose deletion is over. Every call begins with it.
    void tidy(Moment now) {
        std::erase_if(streams_, [now](const auto& entry) { return entry.second.gone(now.steady); });
    }

    /// Makes a stream that breaks no rule of the account.
    Reply<void> add(const StreamSpec& spec, std::uint32_t shards, Moment now) {
        if (streams_.contains(spec.name)) return in_use(spec.name, " already exists.");
        if (auto failure = over_limits(shards, now)) return *std::move(failure);
        streams_.try_emplace(spec.name, spec, shards, next_serial_++, now.wall, now.steady + settings.change_time);
        return {};
    }

    /// A stream that is not gone.
    [[nodiscard]] Reply<Stream*> existing(std::string_view name, Moment now) {
        tidy(now);
        Checks checks;
        checks.name(name, "streamName");
        if (auto failure = checks.failure()) return *std::move(failure);
        const auto found = streams_.find(name);
        if (found == streams_.end()) return not_found(name);
        return &found->second;
    }

    /// A stream that takes and gives records: as the service does, one that is being made is not found yet.
    [[nodiscard]] Reply<Stream*> usable(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream;
        const auto status = (*stream)->status(now.steady);
        if (status == StreamStatus::creating || status == StreamStatus::deleting) return not_found(name);
        (*stream)->expire(now.wall);
        return stream;
    }

    /// A stream whose shards may be split and merged.
    [[nodiscard]] Reply<Stream*> changeable(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream;
        if ((*stream)->status(now.steady) != StreamStatus::active) return in_use(name, " is not ACTIVE.");
        if ((*stream)->on_demand) {
            return Failure("ValidationException", "The shards of an on-demand stream cannot be split or merged.");
        }
        (*stream)->expire(now.wall);
        return stream;
    }

    /// The stream that an iterator or a page token means.
    [[nodiscard]] Reply<Stream*> by_serial(std::uint64_t serial, Moment now) {
        tidy(now);
        for (auto& [name, stream] : streams_) {
            if (stream.serial != serial) continue;
            stream.expire(now.wall);
            return &stream;
        }
        return not_found("");
    }

    /// Why the account may not have so many more open shards.
    [[nodiscard]] std::optional<Failure> over_limits(std::uint64_t more, Moment now) const {
        std::uint64_t shards = 0;
        int creating = 0;
        for (const auto& [name, stream] : streams_) {
            shards += stream.open_shards();
            if (stream.status(now.steady) == StreamStatus::creating) ++creating;
        }
        if (creating >= most_creating) {
            return Failure("LimitExceededException",
                           "This request would exceed the limit of 5 streams that are created "
                           "at the same time.");
        }
        if (shards + more <= settings.shard_limit) return std::nullopt;
        return Failure("LimitExceededException",
                       "This request would exceed the shard limit for the account " + settings.account + " in " +
                           settings.region + ". Current shard count for the account: " + std::to_string(shards) +
                           ". Limit: " + std::to_string(settings.shard_limit) +
                           ". Number of additional shards that would have resulted from this request: " +
                           std::to_string(more) + ".");
    }

private:
    static constexpr int most_creating = 5;

    [[nodiscard]] Failure not_found(std::string_view name) const {
        const std::string named = name.empty() ? "" : std::string(name) + ' ';
        return {"ResourceNotFoundException", "Stream " + named + "under account " + settings.account + " not found."};
    }

    [[nodiscard]] Failure in_use(std::string_view name, std::string_view state) const {
        return {"ResourceInUseException",
                "Stream " + std::string(name) + " under account " + settings.account + std::string(state)};
    }

    Streams streams_;
    std::uint64_t next_serial_ = 1;
};

} // namespace sluice::local
