#include <sluice/credentials/complaint.hpp>

#include <aws/fakes.hpp>

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

using namespace sluice;

namespace {

template <class T>
concept Told = requires(detail::Complaint complain, T part) { complain(part); };

static_assert(Told<std::string>);
static_assert(Told<error_code>);
static_assert(!Told<Secret>);
static_assert(!Told<Secrets>);

} // namespace

TEST_CASE("a complaint is told once, until it is something else or all was well in between") {
    asio::io_context context;
    FakeWorld fake(context.get_executor());
    detail::Complaint complain(fake.world, "container");
    CHECK(complain("status ", 500) == error::credentials_failed);
    CHECK(fake.log == "credentials: container: status 500\n");
    complain("status ", 500);
    CHECK(fake.log == "credentials: container: status 500\n");
    complain("status ", 403);
    CHECK(fake.log == "credentials: container: status 500\ncredentials: container: status 403\n");
    fake.log.clear();
    complain.settle();
    complain("status ", 403);
    CHECK(fake.log == "credentials: container: status 403\n");
}
