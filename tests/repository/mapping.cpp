#include <sluice/repository/mapping.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace {

using boost::json::object;
using sluice::error;
using sluice::Mapping;

class Product {
public:
    std::string name;
    double price = 0;

    friend void tag_invoke(const boost::json::value_from_tag&, boost::json::value& into, const Product& product) {
        into = {{"name", product.name}, {"price", product.price}};
    }

    friend Product tag_invoke(const boost::json::value_to_tag<Product>&, const boost::json::value& from) {
        Product product;
        product.name = boost::json::value_to<std::string>(from.at("name"));
        product.price = boost::json::value_to<double>(from.at("price"));
        return product;
    }
};

class Opaque {};

static_assert(std::is_default_constructible_v<Mapping<Product>>);
static_assert(std::is_default_constructible_v<Mapping<object>>);
static_assert(std::is_default_constructible_v<Mapping<std::map<std::string, int>>>);
static_assert(!std::is_default_constructible_v<Mapping<Opaque>>);

} // namespace

TEST_CASE("what Boost.JSON converts becomes a document, and a value again") {
    const Mapping<Product> mapping;
    Product apple;
    apple.name = "Apple";
    apple.price = 1.5;
    const auto document = mapping.write(apple);
    REQUIRE(document.has_value());
    CHECK(*document == object{{"name", "Apple"}, {"price", 1.5}});
    const auto back = mapping.read(*document);
    REQUIRE(back.has_value());
    CHECK(back->name == "Apple");
    CHECK(back->price == 1.5);
}

TEST_CASE("what does not fit is refused") {
    const Mapping<Product> mapping;
    CHECK(mapping.read(object{}).error() == error::item_invalid);
    CHECK(mapping.read(object{{"name", 1}, {"price", 1}}).error() == error::item_invalid);
    Product product;
    product.price = std::numeric_limits<double>::quiet_NaN();
    CHECK(mapping.write(product).error() == error::item_invalid);
    CHECK(Mapping<int>().write(1).error() == error::item_invalid);
}

TEST_CASE("a pair of functions maps what nobody else can") {
    const Mapping<Opaque> mapping([](const Opaque&) -> boost::json::value { return object{{"opaque", true}}; },
                                  [](const boost::json::value& value) {
                                      if (!value.at("opaque").as_bool()) throw std::runtime_error("not opaque");
                                      return Opaque();
                                  });
    CHECK(*mapping.write(Opaque()) == object{{"opaque", true}});
    CHECK(mapping.read(object{{"opaque", true}}).has_value());
    CHECK(mapping.read(object{{"opaque", false}}).error() == error::item_invalid);
}
