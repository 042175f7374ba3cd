#pragma once

#include <sluice/offload/offload.hpp>

#include <limits>

namespace sluice {

/// A payload that is too large is refused with `error::record_too_large`.
class NoOffload {
public:
    using policy_kind = kind::offload;

    class Running {
    public:
        [[nodiscard]] std::size_t threshold() const { return std::numeric_limits<std::size_t>::max(); }

        [[nodiscard]] std::size_t at_once() const { return 1; }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::string>> store(const RecordId&, std::string_view) {
            co_return error::record_too_large;
        }
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running{}; }

    [[nodiscard]] std::size_t max_payload(std::size_t limit) const { return limit; }
};

} // namespace sluice
