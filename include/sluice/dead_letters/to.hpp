#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace sluice {

/// What `DeadLettersTo` takes: a value that can be copied and, called with a `DeadLetter`, gives nothing or a
/// `result<void>`, or an awaitable of either.
template <class F>
concept DeadLetterCallable = std::copy_constructible<F> && std::invocable<F&, DeadLetter> &&
                             (std::is_void_v<std::invoke_result_t<F&, DeadLetter>> ||
                              std::same_as<std::invoke_result_t<F&, DeadLetter>, result<void>> ||
                              std::same_as<std::invoke_result_t<F&, DeadLetter>, asio::awaitable<void>> ||
                              std::same_as<std::invoke_result_t<F&, DeadLetter>, asio::awaitable<result<void>>>);

/// Gives each record that cannot be delivered to a callable of the user.
///
/// It is called on the producer's strand, one letter at a time; one that has to wait returns an awaitable. If it gives
/// an error or throws, the record waits and the letter is offered again, with back-off.
template <DeadLetterCallable F>
class DeadLettersTo {
public:
    using policy_kind = kind::dead_letters;

    explicit DeadLettersTo(F callable) : callable_(std::move(callable)) {}

    class Running {
    public:
        explicit Running(F callable) : callable_(std::move(callable)) {}

        [[nodiscard]] asio::awaitable<result<void>> take(DeadLetter letter) {
            using Given = std::invoke_result_t<F&, DeadLetter>;
            if constexpr (std::same_as<Given, asio::awaitable<result<void>>>) {
                co_return co_await callable_(std::move(letter));
            } else if constexpr (std::same_as<Given, asio::awaitable<void>>) {
                co_await callable_(std::move(letter));
                co_return result<void>{};
            } else if constexpr (std::is_void_v<Given>) {
                callable_(std::move(letter));
                co_return result<void>{};
            } else {
                co_return callable_(std::move(letter));
            }
        }

    private:
        F callable_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running(callable_); }

private:
    F callable_;
};

} // namespace sluice
