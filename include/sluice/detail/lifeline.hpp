#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace sluice::detail {

namespace asio = boost::asio;

/// Tells whether an execution context still runs what is posted to it.
///
/// A context that is being destroyed takes handlers and never destroys them, so that what they own would leak. It shuts
/// its services down, the youngest first, before it destroys what is queued; this is such a service.
class Lifeline final : public asio::execution_context::service {
public:
    using key_type = Lifeline;
    static inline asio::execution_context::id id;

    explicit Lifeline(asio::execution_context& context) : service(context) {}

    /// A flag that is true as long as the executor's context may be posted to; safe to ask for ever.
    [[nodiscard]] static std::shared_ptr<const std::atomic<bool>> of(const asio::any_io_executor& executor) {
        auto& context = asio::query(executor, asio::execution::context);
        return asio::use_service<Lifeline>(context).alive_;
    }

private:
    void shutdown() override { *alive_ = false; }

    std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
};

} // namespace sluice::detail
