#include <sluice/repository/check_query.hpp>
#include <sluice/repository/random_documents.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace {

using sluice::Condition;
using sluice::error;
using sluice::Field;
using sluice::Query;
using sluice::repository::check_query;
using sluice::repository::max_condition_depth;

sluice::error_code check(Condition condition) { return check_query(Query(std::move(condition))); }

} // namespace

TEST_CASE("constants that compare everywhere are taken") {
    const Field field("a");
    for (const auto& condition : {Condition(), field == nullptr, field == true, field != "x", field < 1, field >= 1.5,
                                  field > std::numeric_limits<std::int64_t>::max(), field <= "", field.contains(nullptr),
                                  field == std::uint64_t{7}, field.between("a", "b"), field.exists()}) {
        CHECK_FALSE(check(condition));
    }
    sluice::repository::RandomDocuments some(4);
    for (int i = 0; i < 1'000; ++i) REQUIRE_FALSE(check_query(some.query()));
}

TEST_CASE("others are not, however deep they are") {
    const Field field("a");
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto& condition :
         {field == nan, field < std::numeric_limits<double>::infinity(), field == boost::json::array{},
          field != boost::json::object{}, field < nullptr, field >= true, field == "\xFF", field.starts_with("\xC3"),
          field.contains("\xED\xA0\x80"), field.contains(nan), field.between(1, nan), field.contains(boost::json::array{}),
          field == std::uint64_t{1} << 63U, Field("/").exists(), Field("/a/").exists(), Field("/\xFF") == 1}) {
        CHECK(check(condition) == error::query_invalid);
        CHECK(check(!condition) == error::query_invalid);
        CHECK(check(field == 1 && (field == 2 || !condition)) == error::query_invalid);
    }
}

TEST_CASE("an order needs a name, and a page room") {
    CHECK(check_query(Query().order_by("/")) == error::query_invalid);
    CHECK(check_query(Query().limit(0)) == error::query_invalid);
    CHECK_FALSE(check_query(Query().order_by_descending("a.b").limit(1)));
}

TEST_CASE("depth has an end") {
    auto condition = Field("a") == 1;
    for (std::size_t depth = 1; depth < max_condition_depth; ++depth) condition = !condition;
    CHECK_FALSE(check(condition));
    CHECK(check(!condition) == error::query_invalid);
}
