#include <sluice/aws/field_reader.hpp>
#include <sluice/field_path.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::error;
using sluice::aws::FieldReader;

using Names = std::vector<std::string>;

std::string found(std::string_view path, std::string_view json) {
    FieldReader reader;
    reader.add(path);
    const auto failure = reader.read(json);
    if (failure == error::key_field_missing) return "MISSING";
    if (failure == error::data_not_json) return "NO JSON";
    REQUIRE_FALSE(failure);
    return std::string(reader.value(0));
}

/// The same from a document; only of texts, numbers below a million, and booleans.
std::string found_in_document(std::string_view path, std::string_view json) {
    boost::system::error_code failure;
    auto document = boost::json::parse(json, failure);
    if (failure || !document.is_object()) return "NO JSON";
    boost::json::value* value = &document;
    const sluice::FieldPath names(path);
    for (const auto& name : names.names()) {
        if (value->is_object()) {
            value = value->as_object().if_contains(name);
        } else if (value->is_array() && name.size() == 1 && name[0] >= '0' && name[0] <= '9') {
            auto& items = value->as_array();
            const auto place = static_cast<std::size_t>(name[0] - '0');
            value = place < items.size() ? &items[place] : nullptr;
        } else {
            value = nullptr;
        }
        if (value == nullptr) return "MISSING";
    }
    if (value->is_string()) return std::string(value->as_string());
    return value->is_structured() || value->is_null() ? "MISSING" : boost::json::serialize(*value);
}

class Documents {
public:
    explicit Documents(std::uint64_t seed) : dice_(seed) {}

    std::string object(int depth = 0) {
        std::string text = "{";
        for (auto members = dice_() % 4; members > 0; --members) {
            text += text.size() > 1 ? ", " : " ";
            text += one_of({R"("a")", R"("b")", R"("\u0061")", R"("0")", R"("a.b")"}) + " :" + value(depth + 1);
        }
        return text + "}";
    }

private:
    std::string value(int depth) {
        switch (depth > 4 ? 3 + dice_() % 3 : dice_() % 6) {
        case 0:
        case 1: return object(depth);
        case 2: {
            std::string text = "[";
            for (auto items = dice_() % 3; items > 0; --items) text += (text.size() > 1 ? "," : " ") + value(depth + 1);
            return text + "]";
        }
        case 3: return std::to_string(static_cast<int>(dice_() % 1'000) - 500);
        case 4: return one_of({"true", "false", "null"});
        default: return one_of({R"("")", R"("text")", R"("a longer text without any escapes")", R"("esc\napes\u00e4")"});
        }
    }

    std::string one_of(const Names& all) { return all[dice_() % all.size()]; }

    std::mt19937_64 dice_;
};

} // namespace

TEST_CASE("a value is found wherever it stands") {
    CHECK(found("id", R"({"id":"x"})") == "x");
    CHECK(found("user.id", R"({"id":1,"user":{"x":{"id":2},"id":3,"y":[]},"id":4})") == "3");
    CHECK(found("a.a.a", R"({"a":{"a":{"a":"deep"},"b":{"a":"no"}},"b":{"a":{"a":"no"}}})") == "deep");
    CHECK(found("items.1.sku", R"({"items":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]})") == "b");
    CHECK(found("items.10", R"({"items":[0,1,2,3,4,5,6,7,8,9,"ten"]})") == "ten");
    CHECK(found("items.0", R"({"items":{"0":"a name"}})") == "a name");
    CHECK(found("m.1.0", R"({"m":[[1],[2,3]]})") == "2");
    CHECK(found("/", R"({"":"nameless"})") == "nameless");
    CHECK(found("id", " \n{ \"id\" :\t\"x\" } ") == "x");
    CHECK(found("id", R"({"i\u0064":"x"})") == "x");
    CHECK(found("\u00E4", R"({"\u00e4":"umlaut"})") == "umlaut");
}

TEST_CASE("numbers and booleans are as they are written") {
    for (const auto* number : {"0", "-0", "42", "-1", "1.10", "1E5", "-1.5e-300", "1e999", "18446744073709551616",
                               "123456789012345678901234567890123456789012345678901234567890.5", "9007199254740993"}) {
        CAPTURE(number);
        CHECK(found("id", std::string(R"({"id":)") + number + "}") == number);
        CHECK(found("id", std::string(R"({"e5":1e5, "id" : )") + number + R"( ,"x":-7})") == number);
        CHECK(found("id.1", std::string(R"({"id":[3,)") + number + ",4]}") == number);
    }
    CHECK(found("id", R"({"id":true})") == "true");
    CHECK(found("id", R"({"id":false})") == "false");
}

TEST_CASE("what is absent, or is no single value, is missing") {
    for (const auto* json : {"{}", R"({"id":null})", R"({"id":{}})", R"({"id":[]})", R"({"id":{"id":1}})", R"({"ID":1})",
                             R"({"id ":1})", R"({"x":{"id":1}})", R"({"x":"id"})", R"({"id":["x"]})"}) {
        CAPTURE(json);
        CHECK(found("id", json) == "MISSING");
    }
    CHECK(found("user.id", R"({"user":"id"})") == "MISSING");
    CHECK(found("user.id", R"({"user.id":1})") == "MISSING");
    CHECK(found("items.2", R"({"items":[0,1]})") == "MISSING");
    CHECK(found("items.01", R"({"items":[0,1]})") == "MISSING");
    CHECK(found("items.-1", R"({"items":[0,1]})") == "MISSING");
    CHECK(found("items.0", R"({"items":"text"})") == "MISSING");
}

TEST_CASE("of names that stand twice the last counts, with all that is in it") {
    CHECK(found("id", R"({"id":1,"id":2})") == "2");
    CHECK(found("id", R"({"id":1,"id":null})") == "MISSING");
    CHECK(found("id", R"({"id":"esc\n","id":"plain"})") == "plain");
    CHECK(found("id", R"({"id":"plain","id":"esc\n"})") == "esc\n");
    CHECK(found("user.id", R"({"user":{"id":1},"user":{}})") == "MISSING");
    CHECK(found("user.id", R"({"user":{"id":1},"user":7})") == "MISSING");
    CHECK(found("user.id", R"({"user":{},"user":{"id":1,"id":2}})") == "2");
}

TEST_CASE("what is no JSON object, to its end, is refused") {
    for (const auto* json : {"", " ", "id", "42", "\"id\"", "null", "[{\"id\":1}]", "{\"id\":1", "{\"id\":1}}", "{\"id\":1}{}",
                             "{\"id\":1,}", "{'id':1}", "{\"id\":01}", "{\"id\":+1}", "{\"id\":.5}", "{\"id\":NaN}",
                             "{\"id\":\"\xFF\"}", "{\"id\":\"\n\"}", "{\"id\":\"\\ud800\"}", "{\"id\":\"\\x\"}",
                             "{\"id\":1,\"x\":tru}", "{\"id\":1 \"x\":2}", "\xEF\xBB\xBF{\"id\":1}", "{\"id\"}"}) {
        CAPTURE(json);
        CHECK(found("id", json) == "NO JSON");
        CHECK(found("other", json) == "NO JSON");
    }
    CHECK(found("id", std::string_view("{\"id\":1}\0", 9)) == "NO JSON");
}

TEST_CASE("nesting is followed as far as the reader goes") {
    const auto nested = [](std::size_t depth) {
        std::string path = "a";
        std::string json = R"({"a":)";
        for (std::size_t i = 1; i < depth; ++i) {
            path += ".a";
            json += R"({"a":)";
        }
        return found(path, json + "\"x\"" + std::string(depth, '}'));
    };
    CHECK(nested(1) == "x");
    CHECK(nested(128) == "x");
    CHECK(nested(129) == "NO JSON");
    CHECK(nested(50'000) == "NO JSON");
    CHECK(found("id", R"({"id":1,"x":)" + std::string(100'000, '[')) == "NO JSON");
}

TEST_CASE("several fields are found in one pass, in the order of their paths") {
    FieldReader reader;
    for (const auto* path : {"user.id", "type", "user.name", "user", "type"}) reader.add(path);
    CHECK(reader.read(R"({"type":"t\t","user":{"name":"n","id":1},"user":{"name":"N","id":"\u0041"}})") ==
          error::key_field_missing); // `user` is an object
    FieldReader fields;
    for (const auto* path : {"user.id", "type", "user.name", "type"}) fields.add(path);
    const std::string_view json = R"({"type":"t\t","user":{"name":"n","id":1},"user":{"name":"N","id":"\u0041"}})";
    REQUIRE_FALSE(fields.read(json));
    CHECK(fields.value(0) == "A");
    CHECK(fields.value(1) == "t\t");
    CHECK(fields.value(2) == "N");
    CHECK(fields.value(3) == "t\t");
    CHECK(fields.read("{") == error::data_not_json);
    CHECK(fields.read(R"({"user":{"id":)") == error::data_not_json);
    REQUIRE_FALSE(fields.read(R"({"type":"t","user":{"id":2,"name":"n"}})"));
    CHECK(fields.value(0) == "2");
    CHECK(fields.value(1) == "t");
}

TEST_CASE("it finds what a document has, whatever that looks like") {
    int hits = 0;
    for (std::uint64_t seed = 0; seed < 6'000; ++seed) {
        const auto json = Documents(seed).object();
        for (const auto* path : {"a", "a.a", "b.a", "a.0", "a.0.a", "/a.b", "a.1.b", "a.b.a", "0.0", "/a.b/a"}) {
            const auto expected = found_in_document(path, json);
            CAPTURE(path);
            CAPTURE(json);
            REQUIRE(found(path, json) == expected);
            hits += expected != "MISSING" ? 1 : 0;
        }
    }
    CHECK(hits > 2'000);
}
