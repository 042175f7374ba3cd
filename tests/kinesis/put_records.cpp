#include <sluice/kinesis/put_records.hpp>

#include <sluice/aws/cbor.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sluice::Answer;
using sluice::Entry;
using sluice::error;
using sluice::Wire;
using sluice::aws::CborMember;
using sluice::aws::CborValue;
using sluice::kinesis::decode_put_records;
using sluice::kinesis::encode_put_records;

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 15U];
    }
    return hex;
}

/// The JSON value as CBOR, so that one text tests both wires.
CborValue as_cbor(const boost::json::value& value) {
    if (value.is_string()) return CborValue::text(std::string(value.as_string()));
    if (value.is_int64()) return CborValue::integer(value.as_int64());
    if (value.is_bool()) return CborValue::boolean(value.as_bool());
    if (value.is_array()) {
        CborValue::Array items;
        for (const auto& item : value.as_array()) items.push_back(as_cbor(item));
        return CborValue::array(std::move(items));
    }
    if (value.is_object()) {
        CborValue::Map members;
        for (const auto& member : value.as_object()) {
            members.emplace_back(std::string(member.key()), as_cbor(member.value()));
        }
        return CborValue::map(std::move(members));
    }
    return {};
}

std::string cbor_of(const std::string& json) {
    std::string bytes;
    encode_cbor(bytes, as_cbor(boost::json::parse(json)));
    return bytes;
}

/// Runs a check on the answer as JSON and as CBOR.
template <class Check>
void on_both_wires(const std::string& json, std::size_t expected, Check check) {
    for (const auto wire : {Wire::json, Wire::cbor}) {
        CAPTURE(static_cast<int>(wire));
        check(decode_put_records(wire == Wire::json ? json : cbor_of(json), expected, wire));
    }
}

void check_invalid(const std::string& json, std::size_t expected) {
    on_both_wires(json, expected, [](const Answer& answer) {
        CHECK(answer.error == error::response_invalid);
        CHECK(answer.entries.empty());
        CHECK_FALSE(answer.message.empty());
    });
}

bool within(std::string_view piece, std::string_view whole) {
    const std::less_equal<const char*> before;
    return before(whole.data(), piece.data()) && before(piece.data() + piece.size(), whole.data() + whole.size());
}

// The example of the PutRecords API reference.
const std::string mixed = R"({"FailedRecordCount":2,"Records":[
    {"SequenceNumber":"21269319989900637946712965403778482371","ShardId":"shardId-000000000001"},
    {"ErrorCode":"ProvisionedThroughputExceededException",
     "ErrorMessage":"Rate exceeded for shard shardId-000000000001 in stream exampleStreamName under account 1111."},
    {"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}]})";

} // namespace

TEST_CASE("the body in JSON is, byte for byte, what the API reference shows") {
    const std::vector<Entry> entries = {
        Entry("a", "", "hello"), Entry("k\"\n\xc3\xa4", "0", std::string_view("\0\xff", 2)), Entry("c", "", "")};
    CHECK(encode_put_records("s", entries, Wire::json) ==
          R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"a"},)"
          R"({"Data":"AP8=","PartitionKey":"k\"\n)" "\xc3\xa4" R"(","ExplicitHashKey":"0"},)"
          R"({"Data":"","PartitionKey":"c"}]})");
    CHECK(encode_put_records("s", {}, Wire::json) == R"({"StreamName":"s","Records":[]})");
}

TEST_CASE("the body in CBOR carries the bytes themselves") {
    const std::vector<Entry> entries = {Entry("a", "", "a"), Entry("b", "340282366920938463463374607431768211455",
                                                                   std::string_view("\xff\xfe", 2))};
    const auto body = encode_put_records("s", entries, Wire::cbor);
    CHECK(to_hex(body) ==
          "bf6a53747265616d4e616d656173675265636f7264739fbf64446174614161"
          "6c506172746974696f6e4b65796161ffbf644461746142fffe6c506172746974696f6e4b6579"
          "61626f4578706c69636974486173684b65"
          "7978273334303238323336363932303933383436333436333337343630373433313736383231313435"
          "35ffffff");
    const auto value = sluice::aws::decode_cbor(body);
    REQUIRE(value.has_value());
    const auto& second = value->find("Records")->get<CborValue::Array>()->at(1);
    CHECK(*second.find("Data") == CborValue::bytes("\xff\xfe"));
    CHECK(*second.find("PartitionKey") == CborValue::text("b"));
}

TEST_CASE("a body never outgrows what was reserved for it") {
    std::mt19937 dice(9);
    for (const auto wire : {Wire::json, Wire::cbor}) {
        for (int round = 0; round < 200; ++round) {
            std::vector<std::string> texts;
            for (int i = 0; i < 40; ++i) {
                std::string text(dice() % 300, '\0');
                for (auto& c : text) c = static_cast<char>(dice() % 0x80);
                texts.push_back(std::move(text));
            }
            std::vector<Entry> entries;
            for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
                const std::string_view hash_key = i % 4 == 0 ? "340282366920938463463374607431768211455" : "";
                entries.emplace_back(texts[i], hash_key, texts[i + 1]);
            }
            const std::string stream(dice() % 128 + 1, 's');
            const auto body = encode_put_records(stream, entries, wire);
            REQUIRE(body.size() <= sluice::kinesis::detail::body_size(stream, entries, wire));
        }
    }
}

TEST_CASE("what another parser reads in the JSON body is what was put") {
    std::mt19937 dice(10);
    for (int round = 0; round < 50; ++round) {
        std::string data(dice() % 10'000, '\0');
        for (auto& c : data) c = static_cast<char>(dice());
        std::string key;
        for (int i = 0; i < 50; ++i) key += static_cast<char>(dice() % 0x80);
        const std::vector<Entry> entries = {Entry(key, "7", data)};
        const auto value = boost::json::parse(encode_put_records("s", entries, Wire::json));
        const auto& entry = value.at("Records").at(0);
        REQUIRE(entry.at("PartitionKey").as_string() == key);
        REQUIRE(entry.at("ExplicitHashKey").as_string() == "7");
        REQUIRE(sluice::aws::decode_base64(entry.at("Data").as_string()).value() == data);
    }
}

TEST_CASE("each entry gets its own answer, in the order of the request") {
    on_both_wires(mixed, 3, [](const Answer& answer) {
        CHECK_FALSE(answer.error);
        REQUIRE(answer.entries.size() == 3);
        CHECK_FALSE(answer.entries[0].error);
        CHECK(answer.entries[0].sequence_number == "21269319989900637946712965403778482371");
        CHECK(answer.entries[0].shard_id == "shardId-000000000001");
        CHECK(answer.entries[0].code.empty());
        CHECK(answer.entries[1].error == error::throttled);
        CHECK(answer.entries[1].code == "ProvisionedThroughputExceededException");
        CHECK(answer.entries[1].message.substr(0, 13) == "Rate exceeded");
        CHECK(answer.entries[1].sequence_number.empty());
        CHECK(answer.entries[2].error == error::record_failed);
        CHECK(answer.entries[2].message == "Internal service failure.");
    });
}

TEST_CASE("the views point into the answer's text, which the answer keeps") {
    on_both_wires(mixed, 3, [](Answer answer) {
        REQUIRE(answer.text);
        CHECK(within(answer.entries[0].sequence_number, *answer.text));
        CHECK(within(answer.entries[1].message, *answer.text));
        const auto copy = answer;
        answer = Answer();
        CHECK(copy.entries[0].shard_id == "shardId-000000000001");
    });
}

TEST_CASE("a text with escapes is kept beside the answer") {
    auto answer = decode_put_records(
        R"({"Records":[{"ErrorCode":"Odd\/Code","ErrorMessage":"a \"quoted\" word"},
                        {"ErrorCode":"\u0041","ErrorMessage":"line\nbreak"}]})",
        2, Wire::json);
    REQUIRE_FALSE(answer.error);
    const auto copy = std::move(answer);
    CHECK(copy.entries[0].code == "Odd/Code");
    CHECK(copy.entries[0].message == "a \"quoted\" word");
    CHECK(copy.entries[1].code == "A");
    CHECK(copy.entries[1].message == "line\nbreak");
}

TEST_CASE("a CBOR text in chunks is joined beside the answer") {
    // {"Records": [{"SequenceNumber": (_ "4", "95"), "ShardId": "s"}]}, all of indefinite length.
    const std::string body("\xbf\x67Records\x9f\xbf\x6eSequenceNumber\x7f\x61"
                           "4\x62"
                           "95\xff\x67ShardId\x61s\xff\xff\xff");
    const auto answer = decode_put_records(body, 1, Wire::cbor);
    REQUIRE_FALSE(answer.error);
    CHECK_FALSE(answer.entries[0].error);
    CHECK(answer.entries[0].sequence_number == "495");
}

TEST_CASE("null is absent, as kinesis-mock writes it") {
    on_both_wires(
        R"({"FailedRecordCount":0,"EncryptionType":"NONE","Records":[
            {"SequenceNumber":"1","ShardId":"s","ErrorCode":null,"ErrorMessage":null},
            {"SequenceNumber":null,"ShardId":null,"ErrorCode":"InternalFailure","ErrorMessage":null}]})",
        2, [](const Answer& answer) {
            REQUIRE(answer.entries.size() == 2);
            CHECK_FALSE(answer.entries[0].error);
            CHECK(answer.entries[1].error == error::record_failed);
            CHECK(answer.entries[1].message.empty());
        });
}

TEST_CASE("the number of failed records is not relied on") {
    for (const auto* json : {R"({"Records":[{"SequenceNumber":"1","ShardId":"s"}]})",
                             R"({"FailedRecordCount":null,"Records":[{"SequenceNumber":"1","ShardId":"s"}]})",
                             R"({"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"s"}]})",
                             R"({"Records":[{"SequenceNumber":"1","ShardId":"s"}],"FailedRecordCount":0,
                                 "Future":{"x":[[1]]}})"}) {
        on_both_wires(json, 1, [](const Answer& answer) {
            REQUIRE(answer.entries.size() == 1);
            CHECK_FALSE(answer.entries[0].error);
        });
    }
}

TEST_CASE("an entry that is not clearly taken counts as failed") {
    on_both_wires(
        R"({"Records":[{},{"ShardId":"s"},{"SequenceNumber":"","ShardId":"s"},
            {"SequenceNumber":"1","ErrorCode":"InternalFailure"},{"ErrorCode":"NeverHeardOf"}]})",
        5, [](const Answer& answer) {
            REQUIRE(answer.entries.size() == 5);
            for (const auto& entry : answer.entries) CHECK(entry.error == error::record_failed);
        });
}

TEST_CASE("every word for too fast means throttled") {
    for (const std::string code :
         {"ProvisionedThroughputExceededException", "ThrottlingException", "KMSThrottlingException"}) {
        on_both_wires(R"({"Records":[{"ErrorCode":")" + code + R"("}]})", 1,
                      [](const Answer& answer) { CHECK(answer.entries.at(0).error == error::throttled); });
    }
}

TEST_CASE("an answer about another number of entries is invalid as a whole") {
    check_invalid(mixed, 2);
    check_invalid(mixed, 4);
    check_invalid(mixed, 0);
    check_invalid(R"({"FailedRecordCount":0,"Records":[]})", 1);
    check_invalid(R"({"FailedRecordCount":0})", 1);
    check_invalid(R"({"FailedRecordCount":0,"Records":null})", 1);
    const std::string twice = R"({"Records":[{"SequenceNumber":"1"}],"Records":[{"SequenceNumber":"1"}]})";
    CHECK(decode_put_records(twice, 1, Wire::json).error == error::response_invalid);
}

TEST_CASE("an answer of another form is invalid") {
    check_invalid("[]", 1);
    check_invalid("1", 1);
    check_invalid("{}", 1);
    check_invalid(R"({"Records":{}})", 1);
    check_invalid(R"({"Records":"x"})", 1);
    check_invalid(R"({"Records":[1]})", 1);
    check_invalid(R"({"Records":[null]})", 1);
    check_invalid(R"({"Records":[{"SequenceNumber":1}]})", 1);
    check_invalid(R"({"Records":[{"ErrorCode":["x"]}]})", 1);
    for (const auto wire : {Wire::json, Wire::cbor}) {
        for (const std::string body : {"", "<html>oops</html>", "{\"Records\":[", "\xff",
                                       "\xa1\x67Records\x9b\xff\xff\xff\xff\xff\xff\xff\xff"}) {
            CHECK(decode_put_records(body, 1, wire).error == error::response_invalid);
        }
        CHECK(decode_put_records(std::string(100'000, '['), 1, wire).error == error::response_invalid);
        CHECK(decode_put_records(std::string(100'000, '\x81'), 1, wire).error == error::response_invalid);
    }
    CHECK(decode_put_records(mixed + "x", 3, Wire::json).error == error::response_invalid);
    CHECK(decode_put_records(cbor_of(mixed) + "x", 3, Wire::cbor).error == error::response_invalid);
    CHECK(decode_put_records("\xa1\x01\x02", 0, Wire::cbor).error == error::response_invalid);
}

TEST_CASE("a damaged answer is decoded or invalid, never more") {
    std::mt19937 dice(20261);
    std::size_t good = 0;
    for (const auto wire : {Wire::json, Wire::cbor}) {
        const auto seed = wire == Wire::json ? mixed : cbor_of(mixed);
        for (int round = 0; round < 20'000; ++round) {
            auto body = seed;
            for (auto changes = dice() % 4; changes > 0 && !body.empty(); --changes) {
                const auto place = dice() % body.size();
                switch (dice() % 4) {
                case 0: body[place] = static_cast<char>(dice()); break;
                case 1: body.insert(place, 1, static_cast<char>(dice())); break;
                case 2: body.erase(place, 1 + dice() % 3); break;
                default: body.resize(place + 1); break;
                }
            }
            const auto answer = decode_put_records(std::move(body), 3, wire);
            if (answer.error) {
                REQUIRE(answer.entries.empty());
                continue;
            }
            ++good;
            REQUIRE(answer.entries.size() == 3);
            std::size_t length = 0;
            for (const auto& entry : answer.entries) {
                REQUIRE((entry.error || !entry.sequence_number.empty()));
                for (const char c : entry.message) length += static_cast<unsigned char>(c);
            }
            REQUIRE(length < 1'000'000);
        }
    }
    CHECK(good > 10'000);
}
