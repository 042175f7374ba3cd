#include <sluice/repository/conformance.hpp>
#include <sluice/repository/memory.hpp>

#include "world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using Objects = sluice::MemoryRepository<boost::json::object>;

} // namespace

TEST_CASE("a repository in memory keeps every rule") {
    asio::io_context context;
    TestWorld world(context.get_executor());
    auto check = asio::co_spawn(context, sluice::check_repository([] { return Objects(); }, world.world),
                                asio::use_future);
    context.run();
    for (const auto& broken : check.get()) FAIL_CHECK(broken);
}
