#include <sluice/destination/destination.hpp>

#include <doctest/doctest.h>

#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::Answer>);
static_assert(!std::is_aggregate_v<sluice::EntryAnswer>);
static_assert(!std::is_aggregate_v<sluice::ShardRange>);

namespace {

using sluice::asio::awaitable;

class Running {
public:
    awaitable<sluice::Answer> send(const std::string&, std::span<const sluice::Entry>);
    awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(const std::string&);
};

class Untagged {
public:
    awaitable<sluice::result<Running>> open(sluice::World&);
    sluice::RequestLimits limits(const sluice::Options&) const;
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::destination;
};

class OfAnotherKind : public Untagged {
public:
    using policy_kind = sluice::kind::storage;
};

class WithoutLimits {
public:
    using policy_kind = sluice::kind::destination;
    awaitable<sluice::result<Running>> open(sluice::World&);
};

class Throws : public Tagged {
public:
    class Running {
    public:
        awaitable<void> send(const std::string&, std::span<const sluice::Entry>);
        awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(const std::string&);
    };
    awaitable<sluice::result<Running>> open(sluice::World&);
};

class KeepsTheOptions : public Tagged {
public:
    sluice::RequestLimits limits(sluice::Options&) const;
};

} // namespace

static_assert(sluice::RunningDestination<Running>);
static_assert(!sluice::RunningDestination<Throws::Running>);
static_assert(sluice::Destination<Tagged>);
static_assert(!sluice::Destination<Untagged>);
static_assert(!sluice::Destination<OfAnotherKind>);
static_assert(!sluice::Destination<WithoutLimits>);
static_assert(!sluice::Destination<Throws>);
static_assert(!sluice::Destination<KeepsTheOptions>);

TEST_CASE("an answer of a whole request has no entries") {
    const sluice::Answer answer(sluice::error::stream_not_found, "ResourceNotFoundException", "Stream x not found.");
    CHECK(answer.error == sluice::error::stream_not_found);
    CHECK(answer.code == "ResourceNotFoundException");
    CHECK(answer.message == "Stream x not found.");
    CHECK(answer.entries.empty());
    CHECK_FALSE(answer.retry_after.has_value());
}

TEST_CASE("an entry's words live as long as the answer's text") {
    sluice::Answer answer;
    answer.text = std::make_shared<const std::string>("shardId-000000000000");
    sluice::EntryAnswer entry;
    entry.shard_id = *answer.text;
    answer.entries.push_back(entry);
    const sluice::Answer moved = std::move(answer);
    CHECK(moved.entries[0].shard_id.data() == moved.text->data());
    CHECK_FALSE(moved.entries[0].error);
}
