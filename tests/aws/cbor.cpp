#include <sluice/aws/cbor.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sluice::aws::CborBytes;
using sluice::aws::CborMember;
using sluice::aws::CborNegative;
using sluice::aws::CborReader;
using sluice::aws::CborSimple;
using sluice::aws::CborValue;
using sluice::aws::CborWriter;
using sluice::aws::decode_cbor;
using sluice::aws::TokenKind;

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    std::string hex;
    for (const char c : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 15U];
    }
    return hex;
}

CborValue decoded(std::string_view hex) {
    auto value = decode_cbor(from_hex(hex));
    REQUIRE_MESSAGE(value.has_value(), hex);
    return *value;
}

std::string encoded(const CborValue& value) {
    std::string bytes;
    encode_cbor(bytes, value);
    return to_hex(bytes);
}

bool refused(std::string_view hex) {
    const auto value = decode_cbor(from_hex(hex));
    return !value && value.error() == sluice::error::malformed;
}

CborValue number(std::uint64_t n) { return CborValue::of(n); }

} // namespace

TEST_CASE("whole numbers are read and written in the shortest form") {
    // RFC 8949, appendix A.
    const std::vector<std::pair<std::string_view, CborValue>> vectors = {
        {"00", number(0)},
        {"17", number(23)},
        {"1818", number(24)},
        {"18ff", number(255)},
        {"190100", number(256)},
        {"19ffff", number(65535)},
        {"1a00010000", number(65536)},
        {"1a000f4240", number(1000000)},
        {"1affffffff", number(4294967295)},
        {"1b0000000100000000", number(4294967296)},
        {"1b000000e8d4a51000", number(1000000000000)},
        {"1bffffffffffffffff", number(18446744073709551615U)},
        {"20", CborValue::integer(-1)},
        {"3863", CborValue::integer(-100)},
        {"3903e7", CborValue::integer(-1000)},
        {"3b7fffffffffffffff", CborValue::integer(std::numeric_limits<std::int64_t>::min())},
        {"3bffffffffffffffff", CborValue::of(CborNegative(18446744073709551615U))},
    };
    for (const auto& [hex, value] : vectors) {
        CHECK(decoded(hex) == value);
        CHECK(encoded(value) == hex);
    }
    CHECK(decoded("1bffffffffffffffff").to_integer().has_error());
    CHECK(decoded("3bffffffffffffffff").to_integer().has_error());
    CHECK(decoded("3b7fffffffffffffff").to_integer().value() == std::numeric_limits<std::int64_t>::min());
    CHECK(decoded("1b7fffffffffffffff").to_integer().value() == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("numbers longer than necessary are read") {
    for (const auto* hex : {"1805", "190005", "1a00000005", "1b0000000000000005"}) CHECK(decoded(hex) == number(5));
    CHECK(decoded("5b000000000000000161") == CborValue::bytes("a"));
}

TEST_CASE("half, single and double precision give the same numbers") {
    // RFC 8949, appendix A.
    const std::vector<std::pair<std::string_view, double>> vectors = {
        {"f90000", 0.0},
        {"f93c00", 1.0},
        {"fb3ff199999999999a", 1.1},
        {"f93e00", 1.5},
        {"f97bff", 65504.0},
        {"fa47c35000", 100000.0},
        {"fa7f7fffff", 3.4028234663852886e+38},
        {"fb7e37e43c8800759c", 1.0e+300},
        {"f90001", 5.960464477539063e-8},
        {"f90400", 0.00006103515625},
        {"f9c400", -4.0},
        {"fbc010666666666666", -4.1},
        {"f97c00", std::numeric_limits<double>::infinity()},
        {"fa7f800000", std::numeric_limits<double>::infinity()},
        {"f9fc00", -std::numeric_limits<double>::infinity()},
    };
    for (const auto& [hex, value] : vectors) CHECK(decoded(hex) == CborValue::real(value));
    for (const auto* hex : {"f97e00", "fa7fc00000", "fb7ff8000000000000", "f97c01"}) {
        const auto value = decoded(hex);
        REQUIRE(value.get<double>() != nullptr);
        CHECK(std::isnan(*value.get<double>()));
    }
    CHECK(std::signbit(*decoded("f98000").get<double>()));
    CHECK(encoded(CborValue::real(1.1)) == "fb3ff199999999999a");
}

TEST_CASE("byte strings stay distinguishable from texts") {
    CHECK(decoded("4401020304") == CborValue::bytes("\x01\x02\x03\x04"));
    CHECK(decoded("6449455446") == CborValue::text("IETF"));
    CHECK(decoded("4449455446") != CborValue::text("IETF"));
    CHECK(encoded(CborValue::bytes("IETF")) == "4449455446");
    CHECK(encoded(CborValue::text("IETF")) == "6449455446");
}

TEST_CASE("strings in chunks are joined") {
    CHECK(decoded("5f42010243030405ff") == CborValue::bytes("\x01\x02\x03\x04\x05"));
    CHECK(decoded("7f657374726561646d696e67ff") == CborValue::text("streaming"));
    CHECK(decoded("7fff") == CborValue::text(""));
    CHECK(decoded("5f40ff") == CborValue::bytes(""));
}

TEST_CASE("indefinite and definite containers give the same values") {
    CHECK(decoded("9fff") == decoded("80"));
    CHECK(decoded("9f018202039f0405ffff") == decoded("8301820203820405"));
    CHECK(decoded("bf61610161629f0203ffff") == decoded("a26161016162820203"));
    CHECK(decoded("83018202039f0405ff") == decoded("8301820203820405"));
}

TEST_CASE("simple values, null and undefined are read") {
    CHECK(decoded("f4") == CborValue::boolean(false));
    CHECK(decoded("f5") == CborValue::boolean(true));
    CHECK(decoded("f6").is_null());
    CHECK(decoded("f7").is_null());
    CHECK(decoded("f0") == CborValue::of(CborSimple(16)));
    CHECK(decoded("f8ff") == CborValue::of(CborSimple(255)));
    CHECK(encoded(decoded("f0")) == "f0");
    CHECK(encoded(decoded("f8ff")) == "f8ff");
}

TEST_CASE("a timestamp is tag 1 and milliseconds") {
    // Captured from the Java SDK (floci issue 2368).
    const std::string_view hex = "c11b000001a013accc38";
    CHECK(decoded(hex) == CborValue::tagged(1, CborValue::integer(1787036486712)));
    CHECK(decoded(hex).to_integer().value() == 1787036486712);
    std::string bytes;
    CborWriter(bytes).timestamp(std::chrono::system_clock::time_point(std::chrono::milliseconds(1787036486712)));
    CHECK(to_hex(bytes) == hex);
}

TEST_CASE("a member is found by its name, and only in a map") {
    const auto map = decoded("bf6454696d65c11b000001a013accc3864446174615f41004201ffffff");
    REQUIRE(map.find("Data") != nullptr);
    CHECK(*map.find("Data") == CborValue::bytes(std::string("\x00\x01\xff", 3)));
    CHECK(map.find("data") == nullptr);
    CHECK(map.find("Dat") == nullptr);
    CHECK(decoded("816444617461").find("Data") == nullptr);
    CHECK(decoded("a1446461746101").find("data") == nullptr);
}

TEST_CASE("a generic value is written back as it was read") {
    // A PutMetricData body as botocore 1.43 writes it.
    const std::string_view hex =
        "a2694e616d657370616365614e6a4d65747269634461746181a66a4d65747269634e616d65616d6a44696d656e73696f6e7381a2644e61"
        "6d6561646556616c756561766954696d657374616d70c11a695735a56556616c7565fb3ff800000000000064556e697465436f756e7471"
        "53746f726167655265736f6c7574696f6e183c";
    CHECK(encoded(decoded(hex)) == hex);
}

TEST_CASE("what is not well-formed is refused") {
    // RFC 8949, appendix F, and QCBOR's not_well_formed_cbor.h.
    for (const auto* hex :
         {"", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8",
          "d8", "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203",
          "7affffffff00", "7b7fffffffffffffff010203", "81", "818181818181818181", "8200", "a1", "a20102", "a100",
          "a2000000", "c0", "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000",
          "9f9f9f9f9fffffffff", "9f819f819f9fffffff", "1c", "1d", "1e", "3c", "3f", "1f", "5c", "5f00ff", "5f21ff",
          "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff", "7c", "9c",
          "9e", "bc", "dc", "df00", "dfff", "fc", "fd", "fe", "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff",
          "a20000ff", "9f81ff", "9f829f819f9fffffffff", "bf00ff", "bf000000ff", "f800", "f801", "f818", "f81f", "c1ff",
          "9fc1ff", "0000", "f6f6", "80ff"}) {
        CHECK_MESSAGE(refused(hex), hex);
    }
}

TEST_CASE("texts that are not UTF-8 are refused") {
    for (const auto* hex : {"61ff", "61c3", "62c080", "63eda080", "64f4908080", "61a6", "7f61c361a9ff"}) {
        CHECK_MESSAGE(refused(hex), hex);
    }
    CHECK(decoded("62c3a9") == CborValue::text("\xc3\xa9"));
}

TEST_CASE("a length that the input cannot hold costs no memory") {
    for (const auto* hex : {"9b0000000100000000f6", "bb4000000000000000", "bbffffffffffffffff", "7bffffffffffffffff",
                            "9bffffffffffffffff", "9a7fffffff00", "ba0000000100"}) {
        CHECK_MESSAGE(refused(hex), hex);
    }
}

TEST_CASE("damaged bytes are decoded or refused, never more") {
    const auto seed =
        from_hex("bf675265636f7264739fbf6f53657175656e63654e756d62657262343965446174615f41004201ff"
                 "ff6454696d65c11b000001a013accc386178fb3ff8000000000000f93c00a2010203820405ffff6161f6ff");
    std::mt19937 dice(20260);
    std::size_t taken = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = seed;
        for (auto changes = dice() % 4 + 1; changes > 0; --changes) {
            const auto place = dice() % bytes.size();
            switch (dice() % 3) {
            case 0: bytes[place] = static_cast<char>(dice()); break;
            case 1: bytes.insert(place, 1, static_cast<char>(dice())); break;
            default: bytes.erase(place, 1); break;
            }
        }
        if (const auto value = decode_cbor(bytes)) {
            ++taken;
            std::string again;
            encode_cbor(again, *value);
            const auto second = decode_cbor(again);
            REQUIRE(second.has_value());
            std::string third;
            encode_cbor(third, *second);
            REQUIRE(again == third);
        }
    }
    CHECK(taken > 0);
}

TEST_CASE("every prefix of an item is refused") {
    const auto bytes = from_hex("a2675265636f72647381a364446174614200ff6154c11b000001a013accc386178fb3ff8000000000000"
                                "6154f5");
    REQUIRE(decode_cbor(bytes).has_value());
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(decode_cbor(bytes.substr(0, size)).has_error());
}
