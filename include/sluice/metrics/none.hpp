#pragma once

#include <sluice/metrics/metrics.hpp>

namespace sluice {

/// Nobody counts; `stats()` still does.
class NoMetrics {
public:
    using policy_kind = kind::metrics;

    class Running {
    public:
        static constexpr auto exchange_detail = ExchangeDetail::request;

        void accepted(std::string_view, std::uint64_t, std::uint64_t) {}
        void exchanged(std::string_view, const Exchange&) {}
        void settled(std::string_view, error_code, std::uint64_t) {}
        void observed(const Stats&) {}
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running{}; }
};

} // namespace sluice
