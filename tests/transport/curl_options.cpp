#include <sluice/transport/curl.hpp>
#include <sluice/transport/curl_options.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace {

using namespace sluice;

template <class Change>
void check_refused(Change change) {
    CurlOptions options;
    CHECK_NOTHROW(CurlTransport{options});
    change(options);
    CHECK_THROWS_AS(CurlTransport{options}, std::invalid_argument);
}

TEST_CASE("options that can never work are refused when the recipe is made") {
    check_refused([](CurlOptions& options) { options.connections_per_host = 0; });
    check_refused([](CurlOptions& options) { options.connections_per_host = 10'001; });
    check_refused([](CurlOptions& options) { options.keep_alive = std::chrono::seconds(0); });
    check_refused([](CurlOptions& options) { options.keep_alive = std::chrono::seconds(-1); });
    check_refused([](CurlOptions& options) { options.keep_alive = std::chrono::seconds::max(); });
    check_refused([](CurlOptions& options) { options.connection_lifetime = std::chrono::seconds(-1); });
    check_refused([](CurlOptions& options) { options.connection_lifetime = std::chrono::seconds::max(); });
    check_refused([](CurlOptions& options) { options.proxy = "http://proxy:3128\r\nX: y"; });
    check_refused([](CurlOptions& options) { options.proxy = " "; });
    check_refused([](CurlOptions& options) { options.ca_bundle = std::string("ca.pem\0", 7); });
}

TEST_CASE("a recipe touches neither disk nor network") {
    CurlOptions options;
    options.ca_bundle = "/there/is/no/such/file.pem";
    options.proxy = "socks5h://no-such-proxy.invalid:1080";
    options.connection_lifetime = std::chrono::seconds(0);
    options.connections_per_host = 10'000;
    CHECK_NOTHROW(CurlTransport{options});
}

TEST_CASE("a proxy's password does not show") {
    CurlOptions options;
    options.proxy_password = Secret("hunter2");
    CHECK(options.proxy_password.reveal() == "hunter2");
    static_assert(!detail::Loggable<CurlOptions>);
    static_assert(!detail::Loggable<Secret>);
}

} // namespace
