#include <sluice/error.hpp>
#include <sluice/policy.hpp>

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <set>
#include <string>
#include <typeindex>
#include <typeinfo>

namespace {

class Store {
public:
    using policy_kind = sluice::kind::storage;

    class Running {};

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&);
};

class Shy {
    using policy_kind = sluice::kind::storage; // private: nobody can ask

public:
    policy_kind* unused = nullptr;
};

class Value {
public:
    int policy_kind = 0;
};

} // namespace

static_assert(sluice::Policy<Store>);
static_assert(!sluice::Policy<Shy>);
static_assert(!sluice::Policy<Value>);
static_assert(!sluice::Policy<std::string>);
static_assert(!sluice::Policy<int>);
static_assert(!sluice::Policy<void>);
static_assert(!sluice::Policy<Store*>);
static_assert(!sluice::Policy<Store&>);

static_assert(sluice::PolicyOf<Store, sluice::kind::storage>);
static_assert(!sluice::PolicyOf<Store, sluice::kind::clock>);
static_assert(!sluice::PolicyOf<std::string, sluice::kind::storage>);

static_assert(std::same_as<sluice::running_t<Store>, Store::Running>);

TEST_CASE("the kinds are eleven types, each its own") {
    const std::set<std::type_index> kinds{
        typeid(sluice::kind::destination*),  typeid(sluice::kind::storage*),     typeid(sluice::kind::batching*),
        typeid(sluice::kind::partitioning*), typeid(sluice::kind::compression*), typeid(sluice::kind::credentials*),
        typeid(sluice::kind::offload*),      typeid(sluice::kind::dead_letters*), typeid(sluice::kind::metrics*),
        typeid(sluice::kind::transport*),    typeid(sluice::kind::clock*)};
    CHECK(kinds.size() == 11);
}
