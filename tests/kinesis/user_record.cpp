#include <sluice/kinesis/user_record.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

namespace {

using sluice::Header;
using sluice::HeaderView;
using sluice::kinesis::UserRecord;

static_assert(!std::is_aggregate_v<UserRecord>);
static_assert(!std::is_aggregate_v<HeaderView>);

} // namespace

TEST_CASE("a user record views what it is made of") {
    const std::string data = "data";
    const Header header("name", "value");
    const UserRecord record("key", "7", data, {header});
    CHECK(record.data.data() == data.data());
    REQUIRE(record.headers.size() == 1);
    CHECK(record.headers.front().value.data() == header.value.data());
    CHECK(record == UserRecord("key", "7", "data", {HeaderView("name", "value")}));
    CHECK(record != UserRecord("key", "7", "data"));
    CHECK(UserRecord("key", "", "data").explicit_hash_key.empty());
}
