#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/log.hpp>
#include <sluice/options.hpp>
#include <sluice/transport/transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/assert.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace sluice {

/// What a running policy may use of its producer: the strand, the time, the wire, the keys, the options, the log.
///
/// It outlives every running policy, and what they have under way if that keeps what `hold` gives. Recipes are brought
/// to life in a fixed order (transport, credentials, storage, offload, dead letters, metrics, destination), so
/// `transport()` is there for all but the transport, and `credentials()` for those after the credentials.
///
/// Outside a producer a `Session` has one, in which both are there from the beginning.
class World {
public:
    World(asio::any_io_executor executor, AnyClock& clock, const Options& options)
        : executor_(std::move(executor)), clock_(clock), options_(options) {}

    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// The strand of the producer, or of the session: whatever completes here needs no locks.
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] AnyClock& clock() const noexcept { return clock_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] const Log& log() const noexcept { return options_.log; }

    [[nodiscard]] AnyTransport& transport() const {
        BOOST_ASSERT_MSG(transport_, "sluice: the transport is not open yet");
        return *transport_;
    }

    [[nodiscard]] AnyCredentials& credentials() const {
        BOOST_ASSERT_MSG(credentials_, "sluice: the credentials are not open yet");
        return *credentials_;
    }

    /// The calendar as the services have it: the clock's, put right by what they showed it to be wrong. For when
    /// credentials end, which is a moment of theirs.
    [[nodiscard]] wall_time service_time() const { return clock_.wall() + clock_correction_; }
    [[nodiscard]] std::chrono::seconds clock_correction() const noexcept { return clock_correction_; }

    /// A service's clock was seen to be ahead of this machine's by so much.
    void correct_clock(std::chrono::seconds ahead) noexcept { clock_correction_ = ahead; }

    /// Keeps all of this alive, for work of a policy that may end after the policy. Empty where nobody owns it.
    [[nodiscard]] std::shared_ptr<const void> hold() const noexcept { return owner_.lock(); }

    /// Keeps a session open, for what is opened in it and may be kept longer than the session itself. Empty in a
    /// producer, which its policies do not outlive.
    [[nodiscard]] std::shared_ptr<const void> keep_open() const noexcept { return session_.lock(); }

    /// The producer is to end, its time for that is up, and nothing was put that is not stored: an opening that waits
    /// for others gives up (`operation_aborted`).
    [[nodiscard]] bool is_leaving() const noexcept { return leaving_; }
    void leave() noexcept { leaving_ = true; }

    /// For whoever owns this, before the policies are brought to life.
    void belong_to(std::weak_ptr<const void> owner, std::weak_ptr<const void> session = {}) noexcept {
        owner_ = std::move(owner);
        session_ = std::move(session);
    }

    /// For whoever brings the policies to life, in the order above.
    void offer(AnyTransport& transport) noexcept { transport_ = &transport; }
    void offer(AnyCredentials& credentials) noexcept { credentials_ = &credentials; }

private:
    asio::any_io_executor executor_;
    AnyClock& clock_;
    const Options& options_;
    std::chrono::seconds clock_correction_{0};
    bool leaving_ = false;
    AnyTransport* transport_ = nullptr;
    AnyCredentials* credentials_ = nullptr;
    std::weak_ptr<const void> owner_;
    std::weak_ptr<const void> session_;
};

} // namespace sluice
