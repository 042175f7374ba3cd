#include <sluice/partitioning/from.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::KeyFrom;
using sluice::RecordView;

template <class F>
std::string key_of(KeyFrom<F>& partitioning, std::string_view data) {
    std::string key;
    const auto failure = partitioning.key(RecordView(data), 42, key);
    return failure ? failure.message() : key;
}

std::string_view front_of(const RecordView& record) {
    return record.data.substr(0, 2);
}

std::string message(error value) {
    return make_error_code(value).message();
}

class Counts {
public:
    const std::string& operator()(const RecordView&) { return text_ = std::to_string(++calls_); }

private:
    int calls_ = 0;
    std::string text_;
};

} // namespace

static_assert(sluice::Partitioning<KeyFrom<Counts>>);
static_assert(sluice::Partitioning<KeyFrom<std::string (*)(const RecordView&)>>);
static_assert(sluice::KeyCallable<sluice::result<std::string> (*)(RecordView)>);
static_assert(sluice::KeyCallable<const char* (*)(const RecordView&)>);
static_assert(!sluice::KeyCallable<int (*)(const RecordView&)>);
static_assert(!sluice::KeyCallable<error_code (*)(const RecordView&)>);
static_assert(!sluice::KeyCallable<void (*)(const RecordView&)>);
static_assert(!sluice::KeyCallable<std::string (*)()>);
static_assert(!sluice::KeyCallable<std::string (*)(RecordView&)>);

TEST_CASE("a callable gives the key, as a text or a result") {
    KeyFrom views(&front_of);
    CHECK(key_of(views, "data") == "da");
    KeyFrom texts([suffix = std::make_unique<std::string>("!")](const RecordView& record) {
        return std::string(record.data) + *suffix;
    });
    CHECK(key_of(texts, "data") == "data!");
    KeyFrom results([](const RecordView& record) -> sluice::result<std::string> {
        if (record.data.empty()) return error::key_field_missing;
        return std::string(record.data);
    });
    CHECK(key_of(results, "data") == "data");
    CHECK(key_of(results, "") == message(error::key_field_missing));
}

TEST_CASE("it may remember what it gave") {
    KeyFrom partitioning{Counts()};
    CHECK(key_of(partitioning, "data") == "1");
    CHECK(key_of(partitioning, "data") == "2");
}

TEST_CASE("it sees all of the record") {
    sluice::Record record("data");
    record.stream = "clicks";
    record.explicit_hash_key = "7";
    KeyFrom partitioning([](const RecordView& its) {
        return std::string(its.stream) + '/' + std::string(its.explicit_hash_key);
    });
    std::string key;
    CHECK_FALSE(partitioning.key(record, 0, key));
    CHECK(key == "clicks/7");
}

TEST_CASE("what is no key is refused") {
    KeyFrom same([](const RecordView& record) { return record.data; });
    CHECK(key_of(same, "") == message(error::partition_key_empty));
    CHECK(key_of(same, std::string(257, 'x')) == message(error::partition_key_too_long));
    CHECK(key_of(same, "\xFF") == message(error::not_utf8));
    CHECK(key_of(same, "data") == "data");
}

TEST_CASE("what it throws goes through to whoever asked for a key") {
    KeyFrom partitioning([](const RecordView&) -> std::string { throw std::runtime_error("no key today"); });
    std::string key;
    CHECK_THROWS_AS(static_cast<void>(partitioning.key(RecordView("data"), 0, key)), std::runtime_error);
}
