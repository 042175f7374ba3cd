#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/transport/curl_exchange.hpp>
#include <sluice/transport/curl_options.hpp>
#include <sluice/transport/curl_socket.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sluice {

namespace detail {

template <class...>
class CurlDriver;

/// Ends the drivers of an execution context before it is gone: no timer or socket may outlive it.
class CurlDrivers final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit CurlDrivers(asio::execution_context& owner) : service(owner) {}

    void add(CurlDriver<>& driver) {
        const std::scoped_lock lock(mutex_);
        drivers_.insert(&driver);
    }

    void remove(CurlDriver<>& driver) noexcept {
        const std::scoped_lock lock(mutex_);
        drivers_.erase(&driver);
    }

private:
    inline void shutdown() override; // As the key function of the class every file would make code of it.

    std::mutex mutex_;
    std::unordered_set<CurlDriver<>*> drivers_;
};

/// libcurl's multi interface on an Asio executor: libcurl says which sockets and which time to watch, Asio watches.
///
/// Everything runs on the executor, a strand. libcurl is never called from its own callbacks: those only note and arm.
template <class...>
class CurlDriver : public std::enable_shared_from_this<CurlDriver<>> {
public:
    /// An exchange that libcurl works on, and who waits for it. Shared: libcurl reads its body until told to stop.
    class Pending {
    public:
        Pending(const asio::any_io_executor& executor, HttpRequest request)
            : exchange(std::move(request)), settled(executor, asio::steady_timer::time_point::max()) {}

        void settle(result<HttpResponse> its_outcome) {
            outcome.emplace(std::move(its_outcome));
            settled.cancel();
        }

        CURL* easy = nullptr;
        CurlExchange exchange;
        std::optional<result<HttpResponse>> outcome;
        asio::steady_timer settled; ///< Never expires; cancelled when there is an outcome.
    };

    CurlDriver(asio::any_io_executor executor, CurlOptions options, Log log)
        : options_(std::move(options)), log_(std::move(log)), executor_(std::move(executor)), timer_(executor_),
          drivers_(&asio::use_service<CurlDrivers>(asio::query(executor_, asio::execution::context))) {}

    ~CurlDriver() { stop(); }

    CurlDriver(const CurlDriver&) = delete;
    CurlDriver& operator=(const CurlDriver&) = delete;

    /// To be called once, before all else.
    [[nodiscard]] error_code open() {
        static const auto initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (initialised != CURLE_OK) return error::connection_failed;
        multi_ = curl_multi_init();
        if (!multi_) return error::connection_failed;
        drivers_->add(*this);
        idle_.reserve(most_idle);
        const auto connections = static_cast<long>(options_.connections_per_host);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
        curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 4 * connections); // Idle ones too, of several hosts.
        return {};
    }

    /// Hands a request to libcurl, which begins with it. It may have its outcome already.
    [[nodiscard]] result<std::shared_ptr<Pending>> start(HttpRequest request) {
        if (!multi_) return error_code(asio::error::operation_aborted);
        auto pending = std::make_shared<Pending>(executor_, std::move(request));
        Easy easy = take_easy();
        if (!easy) return error::connection_failed;
        if (const auto refused = pending->exchange.prepare(easy.get(), options_)) return refused;
        pending->easy = easy.get();
        pending_.emplace(easy.get(), pending);
        // Its callback for timers has nothing to post: it is called here and now.
        const bool kicked = std::exchange(kicked_, true);
        const bool added = curl_multi_add_handle(multi_, easy.release()) == CURLM_OK;
        kicked_ = kicked;
        if (!added) {
            withdraw(*pending);
            return error::connection_failed;
        }
        on_time();
        return pending;
    }

    /// Lets go of an exchange; the connection that it uses is closed.
    void abandon(const std::shared_ptr<Pending>& pending) noexcept {
        if (pending->outcome) return;
        withdraw(*pending);
        pending->settle(error_code(asio::error::operation_aborted));
    }

    /// Ends everything that is pending with `operation_aborted`; nothing can be started any more.
    void stop() noexcept {
        if (!multi_) return;
        drivers_->remove(*this);
        // libcurl calls back even while it is torn down.
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, static_cast<curl_socket_callback>(nullptr));
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, static_cast<curl_multi_timer_callback>(nullptr));
        for (auto& [descriptor, socket] : sockets_) socket->release();
        sockets_.clear();
        while (!pending_.empty()) abandon(std::shared_ptr(pending_.begin()->second));
        idle_.clear();
        curl_multi_cleanup(std::exchange(multi_, nullptr));
        timer_.reset();
        executor_ = {};
    }

    /// The strand; none once the execution context has ended.
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    struct FreeEasy {
        void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
    };
    using Easy = std::unique_ptr<CURL, FreeEasy>;

    static_assert(CURL_POLL_IN == CURL_CSELECT_IN && CURL_POLL_OUT == CURL_CSELECT_OUT);

    static constexpr std::size_t most_idle = 64; ///< Handles kept for reuse.

    // No exception may pass through libcurl, nor could it go on without its sockets: these end the process when there
    // is no memory left.
    static int on_socket(CURL*, curl_socket_t descriptor, int what, void* driver, void*) noexcept {
        static_cast<CurlDriver*>(driver)->watch(descriptor, what);
        return 0;
    }

    static int on_timer(CURLM*, long milliseconds, void* driver) noexcept {
        static_cast<CurlDriver*>(driver)->schedule(milliseconds);
        return 0;
    }

    void watch(curl_socket_t descriptor, int what) {
        if (what == CURL_POLL_REMOVE) {
            const auto gone = sockets_.extract(descriptor);
            if (gone) gone.mapped()->release();
            return;
        }
        auto& socket = sockets_[descriptor];
        if (!socket) socket = std::make_shared<CurlSocket>(executor_, descriptor);
        socket->want(what);
        arm(socket);
    }

    void arm(const std::shared_ptr<CurlSocket>& socket) {
        // Weak, since the number of a socket that is gone is soon that of another.
        socket->wait([me = weak_from_this(), of = std::weak_ptr(socket)](int event) {
            return [me, of, event](error_code failure) {
                const auto self = me.lock();
                const auto ready = of.lock();
                if (self && ready) self->on_ready(ready, event, failure);
            };
        });
    }

    void on_ready(const std::shared_ptr<CurlSocket>& socket, int event, error_code failure) {
        socket->came(event);
        if (!socket->wants(event)) return;
        act(socket->descriptor(), failure ? CURL_CSELECT_ERR : event);
        if (!failure) arm(socket);
    }

    void schedule(long milliseconds) {
        if (milliseconds < 0) {
            deadline_.reset();
            armed_ = false;
            timer_->cancel();
            return;
        }
        deadline_ = asio::steady_timer::clock_type::now() + std::chrono::milliseconds(milliseconds);
        if (milliseconds == 0) return kick();
        // An earlier wake-up does no harm: it looks at the deadline again.
        if (!armed_ || *deadline_ < timer_->expiry()) arm_timer();
    }

    void kick() {
        if (std::exchange(kicked_, true)) return;
        asio::post(executor_, [me = weak_from_this()] {
            const auto self = me.lock();
            if (!self) return;
            self->kicked_ = false;
            self->on_time();
        });
    }

    void arm_timer() {
        armed_ = true;
        timer_->expires_at(*deadline_);
        timer_->async_wait([me = weak_from_this()](error_code failure) {
            const auto self = me.lock();
            if (!self || failure) return;
            self->armed_ = false;
            self->on_time();
        });
    }

    void on_time() {
        if (!deadline_) return;
        if (asio::steady_timer::clock_type::now() < *deadline_) {
            if (!armed_) arm_timer();
            return;
        }
        deadline_.reset();
        act(CURL_SOCKET_TIMEOUT, 0);
    }

    void act(curl_socket_t descriptor, int events) {
        if (!multi_) return;
        int running = 0;
        curl_multi_socket_action(multi_, descriptor, events, &running);
        int left = 0;
        while (const auto* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const auto found = pending_.find(message->easy_handle);
            if (found != pending_.end()) complete(std::shared_ptr(found->second), message->data.result);
        }
    }

    void complete(const std::shared_ptr<Pending>& pending, CURLcode code) {
        auto& exchange = pending->exchange;
        auto outcome = exchange.conclude(code);
        if (!outcome) log_.debug("transport: ", exchange.host(), ": ", exchange.reason(code));
        withdraw(*pending);
        pending->settle(std::move(outcome));
    }

    Easy take_easy() {
        if (idle_.empty()) return Easy(curl_easy_init());
        auto easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
    }

    /// Takes a handle back from libcurl, for another exchange.
    void withdraw(Pending& pending) noexcept {
        Easy easy(std::exchange(pending.easy, nullptr));
        curl_multi_remove_handle(multi_, easy.get());
        curl_easy_reset(easy.get());
        pending_.erase(easy.get());
        if (idle_.size() < most_idle) idle_.push_back(std::move(easy));
    }

    CurlOptions options_;
    Log log_;
    asio::any_io_executor executor_;
    std::optional<asio::steady_timer> timer_;
    CurlDrivers* drivers_;
    CURLM* multi_ = nullptr;
    std::unordered_map<curl_socket_t, std::shared_ptr<CurlSocket>> sockets_;
    std::unordered_map<CURL*, std::shared_ptr<Pending>> pending_;
    std::vector<Easy> idle_;
    std::optional<asio::steady_timer::time_point> deadline_; ///< When libcurl wants to be called.
    bool armed_ = false;  ///< The timer runs; it may end before the deadline, never after it.
    bool kicked_ = false; ///< A call at once is posted.
};

void CurlDrivers::shutdown() {
    std::unordered_set<CurlDriver<>*> ended;
    {
        const std::scoped_lock lock(mutex_);
        ended.swap(drivers_);
    }
    for (auto* driver : ended) driver->stop();
}

} // namespace detail

/// HTTPS by libcurl, on the producer's strand.
///
/// TLS 1.2 or later, the certificate and its host name always verified; no redirects, cookies, netrc, decompression or
/// headers but the request's own; the body is not copied before libcurl's own buffer. libcurl ends a head of more than
/// 300 KiB, or a line of more than 100, as `response_too_large`.
///
/// Connections are kept alive and used again. When the server closes such a one instead of answering, libcurl sends the
/// request once more on a new one: it may arrive twice. On a new connection that is `connection_failed`.
///
/// The environment's proxy variables count, as libcurl reads them, unless a proxy is given or the request refuses one.
/// While a name is being resolved, libcurl runs a thread, which may outlive an exchange that is cancelled. SIGPIPE is
/// left alone: with a libcurl older than 7.88, ignore it.
class CurlTransport {
public:
    using policy_kind = kind::transport;

    /// Throws `std::invalid_argument` for options that can never work.
    explicit CurlTransport(CurlOptions options = {}, aws::Environment environment = aws::process_environment())
        : options_(std::move(options)), environment_(std::move(environment)) {
        require_sane(options_);
    }

    /// A transport that runs. Its end completes what is in flight with `operation_aborted`; when the execution context
    /// ends first, that is destroyed without a word.
    class Running {
    public:
        explicit Running(std::shared_ptr<detail::CurlDriver<>> driver) noexcept : driver_(std::move(driver)) {}

        Running(Running&&) noexcept = default;

        Running& operator=(Running&& other) noexcept {
            if (this == &other) return *this;
            stop();
            driver_ = std::move(other.driver_);
            return *this;
        }

        ~Running() { stop(); }

        /// One exchange. Adds to the errors of `RunningTransport`: `endpoint_invalid` for a URL that is not one, and
        /// `malformed` for a method or header that HTTP cannot carry.
        ///
        /// Cancellation (`terminal`, `partial`, `total`): the exchange ends where it is, and its connection with it.
        template <class...>
        [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) {
            return exchange(driver_, std::move(request));
        }

    private:
        template <class...>
        static asio::awaitable<result<HttpResponse>> exchange(std::shared_ptr<detail::CurlDriver<>> driver,
                                                              HttpRequest request) {
            const auto cancellation = co_await asio::this_coro::cancellation_state;
            if (cancellation.cancelled() != asio::cancellation_type::none)
                co_return error_code(asio::error::operation_aborted);
            const auto started = driver->start(std::move(request));
            if (!started) co_return started.error();
            const auto& pending = *started;
            if (!pending->outcome) co_await detail::wait_for(pending->settled);
            driver->abandon(pending); // If there is no outcome, the waiting was cancelled.
            co_return std::move(*pending->outcome);
        }

        void stop() noexcept {
            const auto driver = std::move(driver_);
            if (!driver || !driver->executor()) return;
            try {
                const auto executor = driver->executor();
                asio::dispatch(executor, [driver] { driver->stop(); });
            } catch (...) {
                // Out of memory: the last handler that knows the driver stops it.
                return;
            }
        }

        std::shared_ptr<detail::CurlDriver<>> driver_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        auto options = options_;
        if (options.ca_bundle.empty()) options.ca_bundle = aws::variable(environment_, "AWS_CA_BUNDLE").value_or("");
        auto driver = std::make_shared<detail::CurlDriver<>>(world.executor(), std::move(options), world.log());
        if (const auto failure = driver->open()) co_return failure;
        co_return Running(std::move(driver));
    }

private:
    CurlOptions options_;
    aws::Environment environment_;
};

} // namespace sluice
