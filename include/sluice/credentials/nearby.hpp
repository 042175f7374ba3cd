#pragma once

#include <sluice/error.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace sluice::detail {

/// A request to an endpoint of this host: never through a proxy, soon answered, in few words.
[[nodiscard]] inline HttpRequest nearby_request(std::string method, std::string url) {
    HttpRequest request(std::move(method), std::move(url));
    request.connect_timeout = std::chrono::seconds(1);
    request.timeout = std::chrono::seconds(2);
    request.max_response_bytes = std::size_t{64} << 10U;
    request.proxy = false;
    request.http2 = false;
    return request;
}

/// Whether an endpoint of this host may have a better answer a moment later.
[[nodiscard]] inline bool is_passing(const result<HttpResponse>& answer) noexcept {
    if (answer) return answer->status >= 500 || answer->status == 429;
    return answer.error() == error::timed_out || answer.error() == error::connection_failed ||
           answer.error() == error::response_truncated;
}

/// Sends a request up to `attempts` times, at least once, until the answer is no passing failure. The delays between
/// are random: up to 100 ms, 200 ms, 400 ms and so on. As long as nobody knows whether an endpoint `is_there`, no
/// answer is an answer too.
template <class...>
[[nodiscard]] asio::awaitable<result<HttpResponse>> send_nearby(World& world, HttpRequest request,
                                                                unsigned attempts, bool is_there = true) {
    std::chrono::milliseconds most(100);
    while (true) {
        auto answer = co_await world.transport().send(request);
        if (!is_passing(answer) || --attempts == 0 || (!answer && !is_there)) co_return answer;
        const std::chrono::milliseconds delay(world.clock().random() % static_cast<std::uint64_t>(most.count()));
        const auto interrupted = co_await world.clock().async_wait_until(world.clock().steady() + delay);
        if (interrupted) co_return interrupted;
        most *= 2;
    }
}

} // namespace sluice::detail
