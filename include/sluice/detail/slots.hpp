#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/compression/compression.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/offload/offload.hpp>
#include <sluice/partitioning/partitioning.hpp>
#include <sluice/policy.hpp>
#include <sluice/storage/storage.hpp>
#include <sluice/transport/transport.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace sluice::detail {

/// What a kind demands of its policies: `opens` tells whether they are recipes with `open(World&)`, `fits` decides,
/// `require` says what is missing in a sentence.
///
/// The sentences assert the bare concept: only then does a compiler name the member that is missing.
template <class Kind>
struct Slot;

template <class P>
concept Opens = requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
};

template <>
struct Slot<kind::destination> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Destination<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningDestination<running_t<P>>,
                      "sluice: what this destination opens does not model sluice::RunningDestination; "
                      "give it the members that <sluice/destination/destination.hpp> lists");
        static_assert(requires(const P constant, const Options& options) {
            { constant.limits(options) } -> std::same_as<RequestLimits>;
        }, "sluice: this destination does not tell its limits; give it a member "
           "'RequestLimits limits(const Options&) const'");
    }
};

// A second base with a member of the same name makes that ambiguous, whatever the first one's is.
class NamesClose {
public:
    int close;
};
template <class M, class Name>
class Named : public M, public Name {};

template <class S>
concept HasClose = requires { &S::close; } || (!std::is_final_v<S> && !requires { &Named<S, NamesClose>::close; });

template <>
struct Slot<kind::storage> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Storage<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningStorage<running_t<P>>,
                      "sluice: what this storage opens does not model sluice::RunningStorage; "
                      "give it the members that <sluice/storage/storage.hpp> lists");
        if constexpr (RunningStorage<running_t<P>> && HasClose<running_t<P>>) {
            static_assert(ClosingStorage<running_t<P>>, "sluice: the member 'close' of this storage would not be "
                                                        "awaited; make it 'asio::awaitable<void> close()'");
        }
    }
};

template <>
struct Slot<kind::batching> {
    static constexpr bool opens = false;
    template <class P>
    static constexpr bool fits = Batching<P>;
    template <class P>
    static consteval void require() {
        static_assert(Batching<P>, "sluice: this batching does not model sluice::Batching; "
                                   "give it the members that <sluice/batching/batching.hpp> lists");
    }
};

template <>
struct Slot<kind::partitioning> {
    static constexpr bool opens = false;
    template <class P>
    static constexpr bool fits = Partitioning<P>;
    template <class P>
    static consteval void require() {
        static_assert(Partitioning<P>, "sluice: this partitioning does not model sluice::Partitioning; "
                                       "give it the members that <sluice/partitioning/partitioning.hpp> lists");
    }
};

template <>
struct Slot<kind::compression> {
    static constexpr bool opens = false;
    template <class P>
    static constexpr bool fits = Compression<P>;
    template <class P>
    static consteval void require() {
        static_assert(Compression<P>, "sluice: this compression does not model sluice::Compression; "
                                      "give it the members that <sluice/compression/compression.hpp> lists");
    }
};

template <>
struct Slot<kind::credentials> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Credentials<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningCredentials<running_t<P>>,
                      "sluice: what these credentials open does not model sluice::RunningCredentials; "
                      "give it the members that <sluice/credentials/credentials.hpp> lists");
    }
};

template <>
struct Slot<kind::offload> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Offload<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningOffload<running_t<P>>,
                      "sluice: what this offload opens does not model sluice::RunningOffload; "
                      "give it the members that <sluice/offload/offload.hpp> lists");
        static_assert(requires(const P constant, std::size_t limit) {
            { constant.max_payload(limit) } -> std::same_as<std::size_t>;
        }, "sluice: this offload does not tell the largest payload; give it a member "
           "'std::size_t max_payload(std::size_t limit) const'");
    }
};

class NamesRecord {
public:
    int record;
};
class NamesRetried {
public:
    int retried;
};
class NamesFinish {
public:
    int finish;
};
class NamesTakeAll {
public:
    int take_all;
};

template <class R>
concept HasTakeAll =
    requires { &R::take_all; } || (!std::is_final_v<R> && !requires { &Named<R, NamesTakeAll>::take_all; });

template <>
struct Slot<kind::dead_letters> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = DeadLetters<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningDeadLetters<running_t<P>>,
                      "sluice: what these dead letters open does not model sluice::RunningDeadLetters; "
                      "give it the members that <sluice/dead_letters/dead_letters.hpp> lists");
        if constexpr (RunningDeadLetters<running_t<P>> && HasTakeAll<running_t<P>>) {
            static_assert(BatchDeadLetters<running_t<P>>,
                          "sluice: these dead letters have a take_all that is never called; make it "
                          "'asio::awaitable<result<void>> take_all(std::vector<DeadLetter>)', or rename it");
        }
    }
};

template <class M>
concept HasRecord = requires { &M::record; } || (!std::is_final_v<M> && !requires { &Named<M, NamesRecord>::record; });
template <class M>
concept HasRetried =
    requires { &M::retried; } || (!std::is_final_v<M> && !requires { &Named<M, NamesRetried>::retried; });
template <class M>
concept HasFinish = requires { &M::finish; } || (!std::is_final_v<M> && !requires { &Named<M, NamesFinish>::finish; });

template <>
struct Slot<kind::metrics> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Metrics<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningMetrics<running_t<P>>,
                      "sluice: what these metrics open does not model sluice::RunningMetrics; "
                      "give it the members that <sluice/metrics/metrics.hpp> lists");
        if constexpr (RunningMetrics<running_t<P>>) require_options<running_t<P>>();
    }

private:
    /// What is optional, and there, must be what it is meant to be: nobody would call anything else.
    template <class M>
    static consteval void require_options() {
        if constexpr (HasRecord<M>) {
            static_assert(RecordMetrics<M>, "sluice: the member 'record' of these metrics would not be called; make it "
                                            "'void record(const AcceptedRecord&)'");
        }
        if constexpr (HasRetried<M>) {
            static_assert(RetryMetrics<M>, "sluice: the member 'retried' of these metrics would not be called; make it "
                                           "'void retried(std::string_view, std::uint64_t, std::uint64_t)'");
        }
        if constexpr (HasFinish<M>) {
            static_assert(FinishingMetrics<M>, "sluice: the member 'finish' of these metrics would not be awaited; "
                                               "make it 'asio::awaitable<void> finish()'");
        }
    }
};

template <>
struct Slot<kind::transport> {
    static constexpr bool opens = true;
    template <class P>
    static constexpr bool fits = Transport<P>;
    template <class P>
    static consteval void require() {
        static_assert(RunningTransport<running_t<P>>,
                      "sluice: what this transport opens does not model sluice::RunningTransport; "
                      "give it the members that <sluice/transport/transport.hpp> lists");
    }
};

template <>
struct Slot<kind::clock> {
    static constexpr bool opens = false;
    template <class P>
    static constexpr bool fits = Clock<P>;
    template <class P>
    static consteval void require() {
        static_assert(Clock<P>, "sluice: this clock does not model sluice::Clock; "
                                "give it the members that <sluice/clock/clock.hpp> lists");
    }
};

} // namespace sluice::detail
