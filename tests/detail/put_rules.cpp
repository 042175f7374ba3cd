#include <sluice/detail/put_rules.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using sluice::error;
using sluice::Record;
using sluice::detail::PutRules;

TEST_CASE("a record that can be sent passes, with a key or without") {
    const PutRules rules;
    CHECK_FALSE(rules.check(Record("key", "data")));
    CHECK_FALSE(rules.check(Record("key", "")));
    CHECK_FALSE(rules.check(sluice::RecordView("data")));
    Record placed("key", "data");
    placed.explicit_hash_key = "340282366920938463463374607431768211455";
    CHECK_FALSE(rules.check(placed));
}

TEST_CASE("each part that is wrong is named") {
    const PutRules rules;
    CHECK(rules.check(Record("", "data")) == error::partition_key_empty);
    CHECK(rules.check(Record(std::string(257, 'k'), "data")) == error::partition_key_too_long);
    CHECK(rules.check(Record("\xff", "data")) == error::not_utf8);
    Record misplaced("key", "data");
    misplaced.explicit_hash_key = "340282366920938463463374607431768211456";
    CHECK(rules.check(misplaced) == error::hash_key_invalid);
}

TEST_CASE("data and key count together, and a key that is still to be chosen counts nothing yet") {
    PutRules rules;
    rules.max_record = 10;
    CHECK_FALSE(rules.check(Record("key", std::string(7, 'd'))));
    CHECK(rules.check(Record("key", std::string(8, 'd'))) == error::record_too_large);
    const std::string ten(10, 'd');
    CHECK_FALSE(rules.check(sluice::RecordView(ten)));
}

TEST_CASE("headers need a batching that carries them") {
    PutRules rules;
    Record record("key", "data");
    record.headers.emplace_back("name", "value");
    CHECK(rules.check(record) == error::headers_need_aggregate);
    rules.headers = true;
    CHECK_FALSE(rules.check(record));
}

TEST_CASE("headers count with their names, and what frames them") {
    PutRules rules;
    rules.headers = true;
    rules.max_record = 100;
    Record record("key", std::string(40, 'd'));
    CHECK_FALSE(rules.check(record));
    record.headers.emplace_back("name", "value");
    CHECK_FALSE(rules.check(record));
    record.headers.emplace_back("name", std::string(40, 'v'));
    CHECK(rules.check(record) == error::record_too_large);
    record.headers.back() = {std::string(40, 'n'), "value"};
    CHECK(rules.check(record) == error::record_too_large);
}

TEST_CASE("where data may go elsewhere, headers still have to fit into what is sent") {
    PutRules rules;
    rules.headers = true;
    rules.max_record = 10'000;
    rules.max_frame = 100;
    Record record("key", std::string(5'000, 'd'));
    record.headers.emplace_back("name", "value");
    CHECK_FALSE(rules.check(record));
    record.headers.emplace_back("name", std::string(100, 'v'));
    CHECK(rules.check(record) == error::record_too_large);
}

