#include "server_fixture.hpp"

#include <sluice/local/server_thread.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

using namespace std::chrono_literals;
using namespace sluice::local;

TEST_CASE("a server with its own thread answers while the caller does nothing") {
    ServerFixture f;
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("it can be destroyed at once, unstarted, started, or with connections open and answers under way") {
    {
        ServerThread unstarted;
    }
    {
        ServerThread started;
        CHECK_FALSE(started->start());
    }
    std::optional<ServerFixture> f(std::in_place);
    f->server->add(Fault(fault::Delay(1h)));
    RawClient client(f->server->port());
    client.write(RawClient::text_of(f->put()));
    while (f->stored() == 0) std::this_thread::yield();
    f.reset();
    CHECK(client.read_all() == "");
    CHECK(client.failure);
}

TEST_CASE("it knows the keys and the settings that it is given") {
    Settings settings;
    settings.region = "eu-west-1";
    ServerThread server(Service(settings, {sluice::Secrets("key", sluice::Secret("secret"))}));
    REQUIRE_FALSE((*server).start());
    const Caller stranger;
    const Caller known(sluice::Secrets("key", sluice::Secret("secret")));
    RawClient client(server->port());
    CHECK(client.exchange(stranger.call("ListStreams", "{}", moment_now().wall)).find("UnrecognizedClientException") !=
          std::string::npos);
    CHECK(status_line(client.exchange(known.call("ListStreams", "{}", moment_now().wall))) == "HTTP/1.1 200 OK");
    CHECK(server->with([](Service& service) { return service.kinesis.arn("s"); }) ==
          "arn:aws:kinesis:eu-west-1:000000000000:stream/s");
}
