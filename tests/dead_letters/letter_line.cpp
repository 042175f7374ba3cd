#include <sluice/dead_letters/letter_line.hpp>

#include <boost/json.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>

namespace {

using namespace std::chrono_literals;
using sluice::DeadLetter;
using sluice::error;

const sluice::wall_time noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 12h + 7ms;

DeadLetter full() {
    sluice::Record record{"user-42", R"({"page":"/","note":"a\tb"})"};
    record.stream = "clicks";
    record.explicit_hash_key = "340282366920938463463374607431768211455";
    record.headers.emplace_back("trace", "00-ab\"c");
    record.headers.emplace_back(std::string("\x00\xFF", 2), std::string("\x80", 1));
    record.time_to_live = 90'000ms;
    sluice::RecordId id({0, 1, 0xAB, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xFF},
                        std::numeric_limits<std::uint64_t>::max());
    DeadLetter letter(id, std::move(record), error::gave_up);
    letter.attempts.emplace_back(noon - 1s, 1'500us, error::throttled, "ProvisionedThroughputExceededException", "Slow.");
    letter.attempts.emplace_back(noon, 2ms, error::record_failed, "InternalFailure", "Line\nbreak \xFF");
    return letter;
}

sluice::KeptLetter there_and_back(const DeadLetter& letter) {
    const auto line = letter_line(letter, noon);
    CAPTURE(line);
    REQUIRE(line.ends_with('\n'));
    REQUIRE(line.find('\n') == line.size() - 1);
    boost::system::error_code failure;
    (void)boost::json::parse(line, failure); // another's opinion of what JSON is
    REQUIRE_FALSE(failure);
    const auto kept = sluice::read_letter(line);
    REQUIRE(kept.has_value());
    return *kept;
}

DeadLetter with_data(std::string data) {
    return DeadLetter(sluice::RecordId({}, 1), sluice::Record{"key", std::move(data)}, error::expired);
}

} // namespace

TEST_CASE("all of a record comes back from its line") {
    const auto letter = full();
    const auto kept = there_and_back(letter);
    CHECK(kept.record == letter.record);
    CHECK(kept.id == letter.id);
    CHECK(kept.time == noon);
    CHECK(kept.reason == "gave_up");
    CHECK(kept.message == make_error_code(error::gave_up).message());
    REQUIRE(kept.attempts.size() == letter.attempts.size());
    for (std::size_t i = 0; i < kept.attempts.size(); ++i) {
        CHECK(kept.attempts[i].time == letter.attempts[i].time);
        CHECK(kept.attempts[i].duration == letter.attempts[i].duration);
        CHECK(kept.attempts[i].error == letter.attempts[i].error);
        CHECK(kept.attempts[i].code == letter.attempts[i].code);
        CHECK(kept.attempts[i].message == letter.attempts[i].message);
    }
}

TEST_CASE("a person and another program can read the line") {
    const auto value = boost::json::parse(letter_line(full(), noon)).as_object();
    CHECK(value.at("time").as_string() == "2026-11-22T12:00:00.007Z");
    CHECK(value.at("id").as_string() == "0001ab030405060708090a0b0c0d0eff-18446744073709551615");
    CHECK(value.at("stream").as_string() == "clicks");
    CHECK(value.at("partition_key").as_string() == "user-42");
    CHECK(value.at("data").as_string() == R"({"page":"/","note":"a\tb"})");
    CHECK(value.at("headers").at(1).at("name_base64").as_string() == "AP8=");
    CHECK(value.at("reason").as_string() == "gave_up");
    CHECK(value.at("message").as_string() == make_error_code(error::gave_up).message());
    const auto& attempts = value.at("attempts").as_array();
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].at("code").as_string() == "ProvisionedThroughputExceededException");
    CHECK(attempts[0].at("microseconds").as_int64() == 1'500);
    CHECK(attempts[0].at("error").at("code").as_string() == "throttled");
    CHECK(attempts[0].at("error").at("message").as_string() == make_error_code(error::throttled).message());
    CHECK(attempts[1].at("message_base64").is_string());
}

TEST_CASE("errors of others are told by number, and unknown ones are errors all the same") {
    DeadLetter letter(sluice::RecordId({}, 1), sluice::Record{"data"}, {28, boost::system::system_category()});
    for (const auto& code : {sluice::error_code(), make_error_code(error::malformed), letter.reason,
                             make_error_code(boost::system::errc::not_enough_memory)}) {
        letter.attempts.emplace_back(noon, 1us, code);
    }
    const auto kept = there_and_back(letter);
    CHECK(kept.reason == "system:28");
    REQUIRE(kept.attempts.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(kept.attempts[i].error == letter.attempts[i].error);
    for (const auto* strange : {"of_tomorrow", "curl:7", "system:", ":", "", "system:99999999999"}) {
        CHECK(sluice::detail::error_of_text(strange) == boost::system::errc::state_not_recoverable);
    }
}

TEST_CASE("what a record does not have is not in its line") {
    DeadLetter letter(sluice::RecordId({}, 0), sluice::Record{"data"}, error::closed);
    const auto line = letter_line(letter, noon);
    for (const auto* absent : {"partition_key", "hash_key", "headers", "time_to_live", "attempts"}) {
        CAPTURE(absent);
        CHECK(line.find(absent) == std::string::npos);
    }
    CHECK(there_and_back(letter).record == letter.record);
}

TEST_CASE("any data comes back, byte for byte") {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(static_cast<unsigned char>(byte)));
        CHECK(there_and_back(with_data(one)).record.data == one);
        CHECK(there_and_back(with_data("\xC2" + one)).record.data == "\xC2" + one);
    }
    for (const std::string data : {"", "\xEF\xBB\xBF{}", "\xE2\x80\xA8", "\xED\xA0\x80", "\xF0\x9F\x9A\xB0", "a\xC2", "\r\n\n",
                                   R"("\\u0000)"}) {
        CHECK(there_and_back(with_data(data)).record.data == data);
    }
    const std::string large(3'000'000, '"');
    CHECK(there_and_back(with_data(large)).record.data == large);
}

TEST_CASE("what would confuse a terminal stands as base64") {
    const auto coded = [](std::string data) {
        return letter_line(with_data(std::move(data)), noon).find("data_base64") != std::string::npos;
    };
    CHECK(coded("\x1B[2J"));
    CHECK(coded("\x7F"));
    CHECK(coded("\xC2\x9B"
                "2J"));
    CHECK(coded(std::string("a\0b", 3)));
    CHECK(coded("\xFF"));
    CHECK_FALSE(coded("plain\ttext\r\n"));
    CHECK_FALSE(coded("\xC2\xA0\xC3\x9B"));
}

TEST_CASE("no beginning of a line passes for a letter") {
    const auto line = letter_line(full(), noon);
    for (std::size_t size = 0; size + 1 < line.size(); ++size) {
        const auto kept = sluice::read_letter(std::string_view(line).substr(0, size));
        REQUIRE_FALSE(kept.has_value());
        CHECK(kept.error() == error::malformed);
    }
    CHECK(sluice::read_letter(std::string_view(line).substr(0, line.size() - 1)).has_value());
}

TEST_CASE("what is no letter is malformed, and unknown members are none of our business") {
    const std::string head = R"({"time":"2026-11-22T12:00:00Z","id":"00000000000000000000000000000000-1")";
    const auto reads = [&](const std::string& tail) {
        const auto kept = sluice::read_letter(head + tail);
        if (!kept) CHECK(kept.error() == error::malformed);
        return kept.has_value();
    };
    CHECK(reads(R"(,"data":"x"})"));
    CHECK(reads(R"(,"data":"x","more":{"a":[1,null]}})"));
    CHECK(reads(R"(,"data_base64":"eA==","headers":[{"name":"a","value":"b","c":1}]})"));
    CHECK_FALSE(reads("}"));
    CHECK_FALSE(reads(R"(,"data":17})"));
    CHECK_FALSE(reads(R"(,"data":"x","data_base64":"eA=="})"));
    CHECK_FALSE(reads(R"(,"data_base64":"e"})"));
    CHECK_FALSE(reads(R"(,"data":"x","headers":{}})"));
    CHECK_FALSE(reads(R"(,"data":"x","headers":["a"]})"));
    CHECK_FALSE(reads(R"(,"data":"x","time_to_live_ms":1e300})"));
    CHECK(reads(R"(,"data":"x","attempts":[{"microseconds":9223372036854775807,"error":null,"more":1}]})"));
    CHECK_FALSE(reads(R"(,"data":"x","attempts":[{"microseconds":1e300}]})"));
    CHECK_FALSE(reads(R"(,"data":"x","attempts":[{"time":"now"}]})"));
    CHECK_FALSE(reads(R"(,"data":"x","attempts":[{"error":"gave_up"}]})"));
    CHECK_FALSE(reads(R"(,"data":"x","reason":17})"));
    CHECK_FALSE(reads(R"(,"data":"x"} {)"));
    CHECK_FALSE(reads(R"(,"data":"x","id":"zz000000000000000000000000000000-1"})"));
    CHECK_FALSE(reads(R"(,"data":"x","id":"00000000000000000000000000000000-18446744073709551616"})"));
    CHECK_FALSE(reads(R"(,"data":"x","time":"yesterday"})"));
    for (const auto* other : {"", "\n", "{}", "[]", "null", "{\"data\":\"x\"}"}) {
        CHECK_FALSE(sluice::read_letter(other).has_value());
    }
    CHECK_FALSE(sluice::read_letter(std::string(4096, '\0')).has_value());
}
