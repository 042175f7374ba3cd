#include <sluice/offload/none.hpp>
#include <sluice/offload/offload.hpp>

#include <doctest/doctest.h>

namespace {

using sluice::asio::awaitable;

class Running {
public:
    std::size_t threshold() const;
    std::size_t at_once() const;
    awaitable<sluice::result<std::string>> store(const sluice::RecordId&, std::string_view);
};

class Untagged {
public:
    awaitable<sluice::result<Running>> open(sluice::World&);
    std::size_t max_payload(std::size_t) const;
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::offload;
};

class OpensAtOnce : public Tagged {
public:
    sluice::result<Running> open(sluice::World&);
};

class OpensNothing : public Tagged {
public:
    class Idle {};
    awaitable<sluice::result<Idle>> open(sluice::World&);
};

class WithoutLimit {
public:
    using policy_kind = sluice::kind::offload;
    awaitable<sluice::result<Running>> open(sluice::World&);
};

} // namespace

static_assert(sluice::RunningOffload<Running>);
static_assert(sluice::Offload<sluice::NoOffload>);
static_assert(sluice::Offload<Tagged>);
static_assert(!sluice::Offload<Untagged>);
static_assert(!sluice::Offload<OpensAtOnce>);
static_assert(!sluice::Offload<OpensNothing>);
static_assert(!sluice::Offload<WithoutLimit>);
static_assert(!sluice::Offload<Running>, "what runs is not the recipe");

TEST_CASE("without an offload the largest payload is the destination's") {
    CHECK(sluice::NoOffload{}.max_payload(1024) == 1024);
    CHECK(sluice::NoOffload{}.max_payload(0) == 0);
}
