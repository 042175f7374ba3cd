#pragma once

#include <sluice/aws/cached_credentials.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/detail/lazy_credentials.hpp>
#include <sluice/detail/lazy_transport.hpp>
#include <sluice/detail/lifeline.hpp>
#include <sluice/detail/strand_of.hpp>
#include <sluice/options.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace sluice::detail {

/// What a session consists of, whatever its policies are. Owned by what is under way in it, and by an `OpenSession`.
class SessionParts : public Lifeline {
public:
    virtual ~SessionParts() = default;

    [[nodiscard]] virtual World& world() noexcept = 0;

    /// Nobody has it open any more: cuts short what nobody waits for. On the strand.
    virtual void end() = 0;

protected:
    using Lifeline::Lifeline;

private:
    void context_ends() noexcept override {} // it holds no handlers
};

template <Credentials C, Transport T, Clock K>
class SessionPartsOf final : public SessionParts {
public:
    SessionPartsOf(const asio::any_io_executor& executor, Options options, C credentials, T transport, K clock)
        : SessionParts(executor), options_(std::move(options)), clock_(std::move(clock)),
          world_(strand_of(executor), clock_, options_), transport_(world_, std::move(transport)),
          credentials_(world_, LazyCredentials<C>(world_, std::move(credentials))) {
        world_.offer(transport_);
        world_.offer(credentials_);
    }

    [[nodiscard]] World& world() noexcept override { return world_; }
    void end() override { credentials_.stop(); }

private:
    Options options_;
    ClockBox<K> clock_;
    World world_;
    LazyTransport<T> transport_;
    CachedCredentials<LazyCredentials<C>> credentials_;
};

/// A session as long as somebody has it open, on whatever thread the last one lets it go.
class OpenSession {
public:
    explicit OpenSession(std::shared_ptr<SessionParts> parts) : parts_(std::move(parts)) {}

    OpenSession(const OpenSession&) = delete;
    OpenSession& operator=(const OpenSession&) = delete;

    ~OpenSession() {
        if (!parts_->holds()) return;
        try {
            const auto executor = world().executor();
            asio::post(executor, [parts = std::move(parts_)] { parts->end(); });
        } catch (const std::exception&) {
            // Without memory for a post, what is under way comes to its end by itself.
        }
    }

    [[nodiscard]] World& world() const noexcept { return parts_->world(); }

private:
    std::shared_ptr<SessionParts> parts_;
};

} // namespace sluice::detail
