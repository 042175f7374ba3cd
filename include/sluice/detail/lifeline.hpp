#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace sluice::detail {

namespace asio = boost::asio;

/// Ties an object to an execution context, which tells it when it is destroyed.
///
/// A context that is being destroyed takes handlers and never destroys them, so that what they own would leak; and who
/// holds the handlers of others has to let them go, since they may own, at the end of a chain, their holder.
class Lifeline {
public:
    Lifeline(const Lifeline&) = delete;
    Lifeline& operator=(const Lifeline&) = delete;

    /// Whether the context still runs what is posted to it; safe to ask for ever, on any thread.
    [[nodiscard]] bool holds() const {
        const std::lock_guard lock(ties_->mutex);
        return ties_->alive;
    }

protected:
    explicit Lifeline(const asio::any_io_executor& executor)
        : ties_(asio::use_service<Service>(asio::query(executor, asio::execution::context)).ties) {
        const std::lock_guard lock(ties_->mutex);
        ties_->all.push_back(this);
    }

    ~Lifeline() {
        const std::lock_guard lock(ties_->mutex);
        ties_->all.remove(this);
    }

private:
    class Ties {
    public:
        std::mutex mutex;
        bool alive = true;
        std::list<Lifeline*> all;
    };

    /// A context shuts its services down, the youngest first, before it destroys what is queued.
    class Service final : public asio::execution_context::service {
    public:
        using key_type = Service;
        static inline asio::execution_context::id id;

        explicit Service(asio::execution_context& context) : service(context) {}

        const std::shared_ptr<Ties> ties = std::make_shared<Ties>();

    private:
        void shutdown() override {
            while (auto* const tied = next()) tied->context_ends();
        }

        [[nodiscard]] Lifeline* next() {
            const std::lock_guard lock(ties->mutex);
            ties->alive = false;
            if (ties->all.empty()) return nullptr;
            auto* const first = ties->all.front();
            ties->all.pop_front();
            return first;
        }
    };

    /// The context is being destroyed, and nothing runs any more: handlers are to be destroyed uncalled. May destroy
    /// this object, and others.
    virtual void context_ends() noexcept = 0;

    std::shared_ptr<Ties> ties_;
};

} // namespace sluice::detail
