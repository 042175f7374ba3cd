#pragma once

#include <sluice/detail/slots.hpp>
#include <sluice/policy.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sluice {

/// The producer behind `Producer<Ps...>`: one policy of each kind, in this order. Defined in `producer.hpp`.
///
/// Unconstrained here, so that a wrong policy is told once, by `detail::resolve`.
template <class Destination, class Storage, class Batching, class Partitioning, class Compression, class Credentials,
          class Offload, class DeadLetters, class Metrics, class Transport, class Clock>
class BasicProducer;

namespace detail {

/// Which policy stands where none is given, as `type`; one specialization a kind, in `detail/defaults.hpp`.
template <class Kind>
struct Fallback;

template <class Kind>
concept KnownKind = requires { sizeof(Slot<Kind>); };

/// A type as policies are named: no const, reference or pointer.
template <class P>
concept PlainPolicy = Policy<P> && std::same_as<P, std::remove_cvref_t<P>>;

template <class P>
concept PolicyHandle = Policy<std::remove_cvref_t<P>> ||
                       requires(P handle) { requires Policy<std::remove_cvref_t<decltype(*handle)>>; } ||
                       requires(P handle) { requires Policy<std::remove_cvref_t<decltype(handle.get())>>; };

template <class P>
concept FittingPolicy = PlainPolicy<P> && KnownKind<typename P::policy_kind> && std::move_constructible<P> &&
                        Slot<typename P::policy_kind>::template fits<P>;

template <class>
inline constexpr bool never = false;

/// Says what is wrong with one policy; once, however often it is asked.
template <class P>
consteval void require_policy() {
    if constexpr (!PlainPolicy<P> && PolicyHandle<P>) {
        static_assert(never<P>, "sluice: a policy is a value; give the object itself, and name its type without const, "
                                "reference or pointer");
    } else if constexpr (!Policy<P>) {
        static_assert(never<P>, "sluice: this argument is not a policy; give it a member type policy_kind, for "
                                "instance 'using policy_kind = sluice::kind::storage;'");
    } else if constexpr (!KnownKind<typename P::policy_kind>) {
        static_assert(never<P>, "sluice: this policy_kind is none of the tags in sluice::kind; choose one from "
                                "<sluice/policy.hpp>");
    } else if constexpr (!std::move_constructible<P>) {
        static_assert(never<P>, "sluice: this policy cannot be moved; make it a recipe, a value that is moved into its "
                                "producer");
    } else if constexpr (Slot<typename P::policy_kind>::opens && !Opens<P>) {
        static_assert(Opens<P>, "sluice: this recipe cannot be opened; give it a member "
                                "'asio::awaitable<result<Running>> open(World&)'");
    } else {
        Slot<typename P::policy_kind>::template require<P>();
    }
}

template <class Kind, class... Ps>
inline constexpr int count = (0 + ... + int{PolicyOf<Ps, Kind>});

template <class Kind, class... Ps>
consteval void require_at_most_one() {
    static_assert(count<Kind, Ps...> <= 1, "sluice: two policies of one kind; give at most one of each");
}

/// The policy of a kind: the first that fits, so that nothing follows from a broken one but its own sentence.
template <class Kind, class... Ps>
struct Pick : Fallback<Kind> {};

template <class Kind, class P, class... Ps>
struct Pick<Kind, P, Ps...>
    : std::conditional_t<FittingPolicy<P> && PolicyOf<P, Kind>, std::type_identity<P>, Pick<Kind, Ps...>> {};

template <class... Kinds>
struct Sort {
    template <class... Ps>
    struct To {
        static_assert((require_policy<Ps>(), ..., true));
        static_assert((require_at_most_one<Kinds, Ps...>(), ..., true));
        using type = BasicProducer<typename Pick<Kinds, Ps...>::type...>;
    };
};

/// Sorts policies, given in any order, into the one type that stands for them: `resolve<Ps...>::type`.
template <class... Ps>
using resolve = Sort<kind::destination, kind::storage, kind::batching, kind::partitioning, kind::compression,
                     kind::credentials, kind::offload, kind::dead_letters, kind::metrics, kind::transport,
                     kind::clock>::To<Ps...>;

template <class P, class... Ps>
inline constexpr int times = (0 + ... + int{std::same_as<P, Ps>});

template <class P, class... Named>
consteval void require_named() {
    static_assert(times<P, Named...> == 1, "sluice: this producer's type does not name a policy that it was given; add "
                                           "it to Producer<...>, or use make_producer");
}

/// Puts policies, given in any order, into the places of `Named`; those not given are made without arguments.
template <class... Named>
struct Arrange {
    template <class... Given>
    [[nodiscard]] static std::tuple<Named...> from(Given... given) {
        (require_policy<Given>(), ...);
        (require_at_most_one<typename Named::policy_kind, Given...>(), ...);
        (require_named_if_sound<Given, Given...>(), ...);
        return std::tuple<Named...>(choose<Named>(std::tie(given...))...);
    }

private:
    template <class P, class... Given>
    static consteval void require_named_if_sound() {
        if constexpr (FittingPolicy<P>) {
            if constexpr (count<typename P::policy_kind, Given...> == 1) require_named<P, Named...>();
        }
    }

    template <class P, class... Given>
    static P choose(std::tuple<Given&...> given) {
        if constexpr (times<P, Given...> == 1) {
            return std::move(std::get<P&>(given));
        } else if constexpr (std::default_initializable<P>) {
            return P();
        } else {
            static_assert(never<P>, "sluice: a policy that this producer's type names cannot be made without "
                                    "arguments; give the producer one");
            std::terminate();
        }
    }
};

} // namespace detail
} // namespace sluice
