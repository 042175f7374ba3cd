#include <sluice/transport/curl.hpp>
#include <sluice/transport/transport.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using namespace sluice;

class Canned {
public:
    using policy_kind = kind::transport;

    class Running {
    public:
        [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest) { co_return HttpResponse(204, ""); }
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running{}; }
};

class WithoutTag {
public:
    using Running = Canned::Running;
    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running{}; }
};

class OfAnotherKind : public Canned {
public:
    using policy_kind = kind::storage;
};

class NotOpened {
public:
    using policy_kind = kind::transport;
    [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest) { co_return HttpResponse(204, ""); }
};

class SendsStatusOnly {
public:
    using policy_kind = kind::transport;

    class Running {
    public:
        [[nodiscard]] asio::awaitable<result<int>> send(HttpRequest) { co_return 204; }
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const { co_return Running{}; }
};

class OpensAtOnce {
public:
    using policy_kind = kind::transport;
    [[nodiscard]] result<Canned::Running> open(World&) const { return Canned::Running{}; }
};

static_assert(Transport<Canned>);
static_assert(Transport<CurlTransport>);
static_assert(RunningTransport<Canned::Running>);
static_assert(RunningTransport<CurlTransport::Running>);
static_assert(std::same_as<running_t<CurlTransport>, CurlTransport::Running>);

static_assert(!Transport<int>);
static_assert(!Transport<WithoutTag>);
static_assert(!Transport<OfAnotherKind>);
static_assert(!Transport<NotOpened>);
static_assert(!Transport<SendsStatusOnly>);
static_assert(!Transport<CurlTransport::Running>);
static_assert(!RunningTransport<SendsStatusOnly::Running>);
static_assert(!RunningTransport<CurlTransport>);
static_assert(!RunningTransport<int>);

static_assert(std::movable<CurlTransport::Running>);
static_assert(!std::copyable<CurlTransport::Running>);
static_assert(std::copyable<CurlTransport>);

TEST_CASE("a header is found without regard to case, and the first of a name wins") {
    const std::vector<HttpHeader> headers{{"X-Amzn-RequestId", "1"}, {"x-amzn-requestid", "2"}, {"Empty", ""}};
    CHECK(find_header(headers, "x-AMZN-requestID") == "1");
    CHECK(find_header(headers, "empty").empty());
    CHECK(find_header(headers, "x-amzn-request").empty());
    CHECK(find_header(headers, "").empty());
    CHECK(find_header({}, "Date").empty());
}

TEST_CASE("names that differ in more than the case of letters are different headers") {
    const std::vector<HttpHeader> headers{{"a[b", "square"}, {"a{b", "curly"}};
    CHECK(find_header(headers, "A{B") == "curly");
    CHECK(find_header(headers, "A[B") == "square");
}

} // namespace

TEST_CASE("a body is a request's own, or borrowed") {
    sluice::HttpRequest request;
    CHECK(request.content().empty());
    const std::string theirs = "theirs";
    request.borrowed = theirs;
    CHECK(request.content().data() == theirs.data());
    request.body = std::make_shared<const std::string>("ours");
    CHECK(request.content() == "ours");
}
