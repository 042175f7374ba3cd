#include <sluice/transport/curl_socket.hpp>

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using detail::CurlSocket;

/// Two ends of a connection; the first is watched and may be closed early.
class Ends {
public:
    Ends() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0); }
    ~Ends() {
        close_watched();
        ::close(ends_[1]);
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

    void close_watched() {
        if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
    }
    [[nodiscard]] int watched() const { return ends_[0]; }
    void write() const { CHECK(::write(ends_[1], "x", 1) == 1); }
    /// Whether the other end has been told that nobody listens any more.
    [[nodiscard]] bool hung_up() const {
        char byte = 0;
        return ::recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

class Event {
public:
    Event(int its_event, error_code its_failure) : event(its_event), failure(its_failure) {}
    int event;
    error_code failure;
};

/// Arms `socket`; what comes is noted in `events`.
void arm(CurlSocket& socket, std::vector<Event>& events) {
    socket.wait([&](int event) {
        return [&socket, &events, event](error_code failure) {
            if (!failure) socket.came(event);
            events.emplace_back(event, failure);
        };
    });
}

void run_briefly(asio::io_context& context) {
    context.restart();
    context.run_for(std::chrono::milliseconds(20));
}

TEST_CASE("only wanted events are told, each once for each wait") {
    asio::io_context context;
    Ends ends;
    CurlSocket socket(context.get_executor(), ends.watched());
    std::vector<Event> events;
    arm(socket, events);
    ends.write();
    run_briefly(context);
    CHECK(events.empty());
    socket.want(CURL_POLL_IN);
    CHECK(socket.wants(CURL_POLL_IN));
    CHECK_FALSE(socket.wants(CURL_POLL_OUT));
    arm(socket, events);
    arm(socket, events);
    run_briefly(context);
    REQUIRE(events.size() == 1);
    CHECK(events[0].event == CURL_POLL_IN);
    CHECK(!events[0].failure);
    arm(socket, events);
    run_briefly(context);
    CHECK(events.size() == 2);
    socket.want(CURL_POLL_INOUT);
    arm(socket, events);
    run_briefly(context);
    CHECK(events.size() == 4);
}

TEST_CASE("the end of a watch aborts its waits, and leaves the socket open") {
    asio::io_context context;
    Ends ends;
    std::vector<Event> events;
    CurlSocket socket(context.get_executor(), ends.watched());
    socket.want(CURL_POLL_IN);
    arm(socket, events);
    socket.release();
    socket.release();
    ends.write();
    run_briefly(context);
    REQUIRE(events.size() == 1);
    CHECK(events[0].failure == asio::error::operation_aborted);
    CHECK_FALSE(ends.hung_up());
    char byte = 0;
    CHECK(::read(ends.watched(), &byte, 1) == 1);
}

TEST_CASE("a watched socket that is closed is closed for the other side once the watch ends") {
    asio::io_context context;
    Ends ends;
    CurlSocket socket(context.get_executor(), ends.watched());
    ends.close_watched();
    socket.release();
    CHECK(ends.hung_up());
}

TEST_CASE("a socket that took the number of one that was closed under its watch is left alone") {
    asio::io_context context;
    std::vector<Event> events;
    Ends first;
    const int number = first.watched();
    CurlSocket stale(context.get_executor(), number);
    stale.want(CURL_POLL_IN);
    arm(stale, events);
    first.close_watched();
    Ends second;
    REQUIRE(::dup2(second.watched(), number) == number); // As if it had been opened with that number.
    asio::ip::tcp::socket other(context, asio::ip::tcp::v4(), number);
    bool heard = false;
    other.async_wait(asio::socket_base::wait_read, [&](error_code failure) { heard = !failure; });
    stale.release();
    second.write();
    run_briefly(context);
    CHECK(heard);
    REQUIRE(events.size() == 1);
    CHECK(events[0].failure);
}

TEST_CASE("a descriptor that is none fails to be waited for") {
    asio::io_context context;
    std::vector<Event> events;
    CurlSocket socket(context.get_executor(), CURL_SOCKET_BAD);
    socket.want(CURL_POLL_IN);
    arm(socket, events);
    run_briefly(context);
    REQUIRE(events.size() == 1);
    CHECK(events[0].failure);
}

} // namespace
