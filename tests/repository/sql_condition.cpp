#include <sluice/repository/sql_condition.hpp>

#include <sluice/detail/sqlite.hpp>
#include <sluice/repository/document_text.hpp>
#include <sluice/repository/match.hpp>
#include <sluice/repository/random_documents.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

using boost::json::object;
using sluice::Condition;
using sluice::Field;
using sluice::detail::SqliteDatabase;
using sluice::repository::document_text;
using sluice::repository::is_odd;
using sluice::repository::matches;
using sluice::repository::sql_condition;
using sluice::repository::SqlValue;

class Tables {
public:
    Tables() : database(*SqliteDatabase::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "")) {}

    /// Whether SQLite would find it.
    bool finds(const Condition& condition, const object& document) {
        const auto sql = sql_condition(condition);
        auto statement = database.prepare("SELECT count(*) FROM (SELECT ? AS body) WHERE " + sql.text);
        REQUIRE(statement.has_value());
        std::vector<SqlValue> values{document_text(document)};
        values.insert(values.end(), sql.values.begin(), sql.values.end());
        auto query = statement->with(values);
        const auto row = query.next();
        REQUIRE(row.has_value());
        return query.integer(0) == 1;
    }

    SqliteDatabase database;
};

} // namespace

TEST_CASE("SQLite finds what matches, and little else") {
    Tables tables;
    sluice::repository::RandomDocuments some(1);
    int judged = 0, found = 0, matched = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto document = some.document();
        const auto condition = some.condition();
        const bool wanted = matches(condition, document);
        const bool has = tables.finds(condition, document);
        CAPTURE(document_text(document));
        CAPTURE(sql_condition(condition).text);
        if (wanted) REQUIRE(has);
        ++judged;
        found += has ? 1 : 0;
        matched += wanted ? 1 : 0;
    }
    CHECK(matched > judged / 10);
    CHECK(found - matched < judged / 20);
}

TEST_CASE("what SQLite can tell exactly, it does") {
    Tables tables;
    const auto document = boost::json::parse(
        R"({"n":5,"name":"Apple","none":null,"yes":true,"tags":["a",1,null],"deep":{"er":1},"a.b":2})").as_object();
    for (const auto& condition :
         {Field("n") == 5, Field("n") < 6, Field("n") > 4.5, Field("n") != 4, Field("name").starts_with("App"),
          Field("name").contains("ppl"), Field("tags").contains("a"), Field("tags").contains(1),
          Field("tags").contains(nullptr), Field("none") == nullptr, Field("yes") == true, Field("yes") != false,
          Field("deep.er") >= 1, Field("/a.b") == 2, Field("none").exists()}) {
        CAPTURE(sql_condition(condition).text);
        CHECK(tables.finds(condition, document));
        CHECK_FALSE(tables.finds(!condition, document));
        CHECK(matches(condition, document));
    }
    for (const auto& condition :
         {Field("n") == 6, Field("n") < "6", Field("name").starts_with("pple"), Field("name") == "apple",
          Field("tags").contains(2), Field("none") != nullptr, Field("yes") == false, Field("yes") != true,
          Field("n") == nullptr, Field("a.b").exists(), Field("tags.0").exists(), Field("name").contains(1)}) {
        CAPTURE(sql_condition(condition).text);
        CHECK_FALSE(tables.finds(condition, document));
        CHECK(tables.finds(!condition, document));
        CHECK_FALSE(matches(condition, document));
    }
}

TEST_CASE("no text of a user is text of a statement") {
    const std::string evil = "'; DROP TABLE items; --";
    const auto sql = sql_condition(Field("/" + evil) == evil && Field(evil).contains(evil) &&
                                   Field("/x\"y").starts_with(evil));
    CHECK(sql.text.find("DROP") == std::string::npos);
    CHECK(Tables().finds(Field("/" + evil) == evil, object{{evil, evil}}));
}

TEST_CASE("what SQLite cannot name may be anything") {
    Tables tables;
    for (const std::string name : {"\"", "\\", "a\"b", "\x01"}) {
        const auto condition = Field("/" + name) == 1;
        CHECK(tables.finds(condition, object{{name, 1}}));
        CHECK(tables.finds(!condition, object{{name, 2}}));
    }
    const std::string zero("a\0b", 3);
    CHECK(tables.finds(Field("x") == zero, object{{"x", zero}}));
}

TEST_CASE("documents that SQLite misreads are odd") {
    CHECK(is_odd(object{{"a", boost::json::array{object{{"b", std::string("\0", 1)}}}}}));
    CHECK(is_odd(object{{"a", std::numeric_limits<std::uint64_t>::max()}}));
    CHECK_FALSE(is_odd(object{{"a", std::numeric_limits<std::int64_t>::max()}, {"b", 1e300}, {"c", "\x01"}}));
}
