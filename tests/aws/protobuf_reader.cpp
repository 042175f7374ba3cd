#include <sluice/aws/protobuf_reader.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using sluice::aws::ProtobufField;
using sluice::aws::ProtobufReader;

/// All fields; none if the message is not well-formed. What is refused stays refused.
std::vector<ProtobufField> fields_of(std::string_view message, bool& ok) {
    ProtobufReader reader(message);
    std::vector<ProtobufField> fields;
    while (const auto field = reader.next()) fields.push_back(*field);
    ok = reader.ok();
    CHECK_FALSE(reader.next());
    CHECK(reader.ok() == ok);
    return ok ? fields : std::vector<ProtobufField>();
}

bool accepted(std::string_view message) {
    bool ok = false;
    fields_of(message, ok);
    return ok;
}

std::string nested_groups(std::size_t depth) { return std::string(depth, '\x0B') + std::string(depth, '\x0C'); }

} // namespace

TEST_CASE("numbers and bytes are read in the order in which they stand") {
    bool ok = false;
    const auto message = "\x08\x96\x01\x12\x02hi\x1A\x00\x08\x01"s;
    const auto fields = fields_of(message, ok);
    REQUIRE(ok);
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].is_number(1));
    CHECK(fields[0].number == 150);
    CHECK(fields[1].is_bytes(2));
    CHECK(fields[1].bytes == "hi");
    CHECK(fields[2].is_bytes(3));
    CHECK(fields[2].bytes.empty());
    CHECK(fields[3].number == 1);
    CHECK_FALSE(fields[0].is_bytes(1));
    CHECK_FALSE(fields[1].is_number(2));
}

TEST_CASE("fields of fixed width and groups are read over") {
    for (const auto& unknown :
         {"\x09"s + "12345678", "\x0D"s + "1234", "\x0B\x0C"s, "\x0B\x08\x05\x12\x01x\x19"s + "12345678" + "\x25"s +
          "1234" + "\x0C", nested_groups(2), nested_groups(ProtobufReader::max_depth)}) {
        bool ok = false;
        const auto message = "\x08\x01"s + unknown + "\x10\x02"s;
        const auto fields = fields_of(message, ok);
        REQUIRE(ok);
        REQUIRE(fields.size() == 2);
        CHECK(fields[1].is_number(2));
    }
}

TEST_CASE("what is no message is refused") {
    for (const auto& message : {
             "\x08"s,                                             // no number
             "\x08\x80"s,                                         // half a number
             "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"s,     // 65 bits
             "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s, // 11 bytes
             "\x0A"s, "\x0A\x01"s, "\x0A\x05four"s,               // bytes past the end
             "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s,     // 2^64-1 of them
             "\x0A\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s,     // 2^63 of them
             "\x09"s + "1234567", "\x0D"s + "123",                // fixed widths past the end
             "\x00\x00"s, "\x02\x00"s, "\x07"s,                   // field 0
             "\x0E\x00"s, "\x0F\x00"s,                            // unknown wire types
             "\x88\x80\x80\x80\x10\x00"s,                         // a field id of 30 bits
             "\x0C"s, "\x0B"s, "\x0B\x14"s, "\x0B\x13\x0C\x14"s,  // groups that do not match
             "\x0B\x0E\x0C"s, "\x0B\x08"s, "\x0B\x00\x0C"s,       // bad fields in groups
             nested_groups(ProtobufReader::max_depth + 1),
             std::string(100'000, '\x0B'),
         }) {
        CAPTURE(message);
        CHECK_FALSE(accepted(message));
        CHECK_FALSE(accepted("\x08\x01"s + message));
    }
}

TEST_CASE("an empty message has no fields, and forms longer than needed are read") {
    CHECK(accepted(""));
    bool ok = false;
    const auto message = "\x88\x00\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00\x8A\x80\x00\x81\x00x"s;
    const auto fields = fields_of(message, ok);
    REQUIRE(ok);
    REQUIRE(fields.size() == 2);
    CHECK(fields[0].number == 1);
    CHECK(fields[1].bytes == "x");
}

TEST_CASE("whatever the bytes are, a reader stays within them and ends") {
    std::mt19937 dice(7);
    for (int i = 0; i < 20'000; ++i) {
        std::string message(dice() % 40, '\0');
        for (auto& c : message) c = static_cast<char>(dice() % 3 == 0 ? dice() % 256 : dice() % 32);
        ProtobufReader reader(message);
        std::size_t bytes = 0;
        while (const auto field = reader.next()) bytes += 2 + field->bytes.size();
        CHECK(bytes <= message.size());
    }
}
