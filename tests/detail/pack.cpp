#include <sluice/detail/defaults.hpp>
#include <sluice/detail/pack.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace {

namespace kind = sluice::kind;

template <class... Ps>
using Producer = typename sluice::detail::resolve<Ps...>::type;

class Files : public sluice::MemoryStorage {
public:
    explicit Files(std::string its_path) : path(std::move(its_path)) {}
    std::string path;
};

class Shout : public sluice::NoCompression {
public:
    Shout() = default;
    explicit Shout(int its_level) : level(its_level) {}
    int level = 6;
};

// A policy that may be moved, never copied.
class Sole : public sluice::RandomKey {
public:
    explicit Sole(int value) : owned(std::make_unique<int>(value)) {}
    std::unique_ptr<int> owned;
};

using Default = sluice::BasicProducer<sluice::KinesisStream, sluice::MemoryStorage, sluice::Collect, sluice::RandomKey,
                                      sluice::NoCompression, sluice::DefaultCredentials, sluice::NoOffload,
                                      sluice::ReportDeadLetters, sluice::NoMetrics, sluice::CurlTransport,
                                      sluice::SystemClock>;

// No policy at all, one that is the default, and all defaults backwards are the same type.
static_assert(std::same_as<Producer<>, Default>);
static_assert(std::same_as<Producer<sluice::SystemClock>, Default>);
static_assert(std::same_as<
              Producer<sluice::SystemClock, sluice::CurlTransport, sluice::NoMetrics, sluice::ReportDeadLetters,
                       sluice::NoOffload, sluice::DefaultCredentials, sluice::NoCompression, sluice::RandomKey,
                       sluice::Collect, sluice::MemoryStorage, sluice::KinesisStream>,
              Default>);

// The order of the policies makes no difference, the policies do.
static_assert(std::same_as<Producer<Files, Shout>, Producer<Shout, Files>>);
static_assert(std::same_as<Producer<Files, Shout, Sole>, Producer<Sole, Files, Shout>>);
static_assert(!std::same_as<Producer<Files>, Producer<>>);
static_assert(!std::same_as<Producer<Files>, Producer<Shout>>);

// Every default models its concept.
template <class Kind>
constexpr bool default_fits = sluice::detail::FittingPolicy<typename sluice::detail::Fallback<Kind>::type>;
static_assert(default_fits<kind::destination> && default_fits<kind::storage> && default_fits<kind::batching> &&
              default_fits<kind::partitioning> && default_fits<kind::compression> && default_fits<kind::credentials> &&
              default_fits<kind::offload> && default_fits<kind::dead_letters> && default_fits<kind::metrics> &&
              default_fits<kind::transport> && default_fits<kind::clock>);

// A policy that is broken in whatever way fits no place.
class Untagged {};
class NoStorage {
public:
    using policy_kind = kind::storage;
};
class OfNoKind : public sluice::Collect {
public:
    using policy_kind = OfNoKind;
};
class Immovable : public sluice::Collect {
public:
    Immovable(Immovable&&) = delete;
};
static_assert(sluice::detail::FittingPolicy<Files>);
static_assert(sluice::detail::FittingPolicy<Sole>);
static_assert(!sluice::detail::FittingPolicy<Untagged>);
static_assert(!sluice::detail::FittingPolicy<NoStorage>);
static_assert(!sluice::detail::FittingPolicy<OfNoKind>);
static_assert(!sluice::detail::FittingPolicy<Immovable>);
static_assert(!sluice::detail::FittingPolicy<const Files>);
static_assert(!sluice::detail::FittingPolicy<Files&>);
static_assert(!sluice::detail::FittingPolicy<Files*>);

using Arranged = sluice::detail::Arrange<Files, Shout, Sole, sluice::Collect>;

// Policies without state cost a producer nothing.
static_assert(sizeof(std::tuple<sluice::Collect, sluice::RandomKey, sluice::NoCompression, sluice::NoOffload, int>) ==
              sizeof(int));

} // namespace

TEST_CASE("policies find their places in whatever order they come") {
    const auto one = Arranged::from(Sole{7}, Files{"a.db"}, Shout{9});
    CHECK(std::get<Files>(one).path == "a.db");
    CHECK(std::get<Shout>(one).level == 9);
    CHECK(*std::get<Sole>(one).owned == 7);
    const auto other = Arranged::from(Files{"a.db"}, sluice::Collect{}, Shout{9}, Sole{7});
    CHECK(std::get<Files>(other).path == "a.db");
    CHECK(std::get<Shout>(other).level == 9);
    CHECK(*std::get<Sole>(other).owned == 7);
}

TEST_CASE("a policy that is not given is made without arguments") {
    const auto policies = Arranged::from(Files{"b.db"}, Sole{1});
    CHECK(std::get<Shout>(policies).level == 6);
}

TEST_CASE("a named policy is copied, and stays what it was") {
    const Files files(std::string(100, 'x'));
    Shout shout{3};
    const auto policies = Arranged::from(files, shout, Sole{1});
    CHECK(std::get<Files>(policies).path == files.path);
    CHECK(files.path.size() == 100);
    CHECK(shout.level == 3);
}
