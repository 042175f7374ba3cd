#include <sluice/repository/item.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <string>

namespace {

using boost::json::array;
using boost::json::object;
using sluice::error;
using sluice::repository::check_document;
using sluice::repository::check_id;
using sluice::repository::max_document_depth;
using sluice::repository::max_id_bytes;

boost::json::value nested(std::size_t depth) {
    boost::json::value value = 1;
    for (std::size_t i = 0; i < depth; ++i) value = i % 2 == 0 ? boost::json::value(array{value}) : object{{"x", value}};
    return value;
}

} // namespace

TEST_CASE("an id is a text of some length") {
    CHECK_FALSE(check_id("a"));
    CHECK_FALSE(check_id(std::string(max_id_bytes, 'x')));
    CHECK_FALSE(check_id("\xF0\x9F\x8D\x8E"));
    CHECK(check_id("") == error::id_invalid);
    CHECK(check_id(std::string(max_id_bytes + 1, 'x')) == error::id_invalid);
    CHECK(check_id("\xF0\x9F\x8D") == error::id_invalid);
}

TEST_CASE("a document is an object of what every repository can keep") {
    CHECK_FALSE(check_document(object{}));
    CHECK_FALSE(check_document(object{{"a", nullptr}, {"b", array{1, "x", object{{"c", 1.5}}}}}));
    for (const boost::json::value& bad :
         {boost::json::value(nullptr), boost::json::value(1), boost::json::value("text"), boost::json::value(array{}),
          boost::json::value(object{{"a", array{object{{"", 1}}}}}), boost::json::value(object{{"a", "\x80"}}),
          boost::json::value(object{{"\x80", 1}}),
          boost::json::value(object{{"a", array{-std::numeric_limits<double>::infinity()}}})}) {
        CHECK(check_document(bad) == error::item_invalid);
    }
}

TEST_CASE("a document is of some depth, itself included") {
    CHECK_FALSE(check_document(object{{"x", nested(max_document_depth - 1)}}));
    CHECK(check_document(object{{"x", nested(max_document_depth)}}) == error::item_invalid);
}
