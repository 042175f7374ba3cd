#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/kinesis/user_record.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Aggregates as the format's description has them, built the slow way.
namespace aggregates {

using sluice::HeaderView;
using sluice::kinesis::UserRecord;

inline std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned byte = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    return sluice::aws::hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

inline std::string varint(std::uint64_t number) {
    if (number < 128) return {static_cast<char>(number)};
    return static_cast<char>(static_cast<unsigned char>(128 + number % 128)) + varint(number / 128);
}

inline std::string number(int id, std::uint64_t value) { return varint(static_cast<unsigned>(8 * id)) + varint(value); }

inline std::string bytes(int id, std::string_view value) {
    return varint(static_cast<unsigned>(8 * id + 2)) + varint(value.size()) + std::string(value);
}

/// The Record message of a user record.
inline std::string record(std::optional<std::uint64_t> key, std::optional<std::uint64_t> hash_key,
                          std::optional<std::string_view> data, const std::vector<HeaderView>& headers = {}) {
    std::string message;
    if (key) message += number(1, *key);
    if (hash_key) message += number(2, *hash_key);
    if (data) message += bytes(3, *data);
    for (const auto& header : headers) message += bytes(4, bytes(1, header.name) + bytes(2, header.value));
    return bytes(3, message);
}

/// A message between the magic number and its MD5.
inline std::string framed(std::string_view message) {
    std::string data = "\xF3\x89\x9A\xC2";
    data += message;
    for (const auto byte : sluice::aws::md5(message)) data += static_cast<char>(byte);
    return data;
}

inline std::string aggregate(const std::vector<UserRecord>& records) {
    std::vector<std::string_view> keys, hash_keys;
    std::string body, tables;
    const auto index_of = [](std::vector<std::string_view>& table, std::string_view key) {
        const auto found = std::find(table.begin(), table.end(), key);
        const auto index = static_cast<std::uint64_t>(found - table.begin());
        if (found == table.end()) table.push_back(key);
        return index;
    };
    for (const auto& one : records) {
        const auto key = index_of(keys, one.partition_key);
        std::optional<std::uint64_t> hash_key;
        if (!one.explicit_hash_key.empty()) hash_key = index_of(hash_keys, one.explicit_hash_key);
        body += record(key, hash_key, one.data, one.headers);
    }
    for (const auto key : keys) tables += bytes(1, key);
    for (const auto key : hash_keys) tables += bytes(2, key);
    return framed(tables + body);
}

/// Records of all kinds that fit together, of a few keys or of many; they view what this holds.
class Records {
public:
    explicit Records(unsigned seed) {
        std::mt19937 dice(seed);
        const auto one_in = [&dice](unsigned n) { return dice() % n == 0; };
        const auto distinct = one_in(2) ? 1 + dice() % 5 : 1 + dice() % 1'000;
        for (std::size_t i = 0; i < distinct; ++i) {
            keys_.push_back(std::to_string(i) + std::string(dice() % (one_in(9) ? 300 : 8), 'k'));
            hash_keys_.push_back(one_in(3) ? "" : std::to_string(dice()) + std::string(dice() % 20, '3'));
        }
        for (auto count = dice() % (one_in(8) ? 1'500 : 30) + 1; count > 0; --count) {
            data_.emplace_back(dice() % (one_in(15) ? 40'000 : 200), static_cast<char>(dice()));
            const auto key = dice() % distinct;
            keys_of_.push_back(key);
            headers_of_.push_back(one_in(6) ? dice() % 4 : 0);
        }
        names_ = {"", "trace", std::string(200, 'n')};
        for (std::size_t i = 0; i < data_.size(); ++i) {
            UserRecord one(keys_[keys_of_[i]], hash_keys_[keys_of_[i]], data_[i]);
            for (std::size_t h = 0; h < headers_of_[i]; ++h) {
                one.headers.emplace_back(names_[(i + h) % names_.size()], names_[(i * 7 + h) % names_.size()]);
            }
            records.push_back(one);
        }
    }
    Records(const Records&) = delete;
    Records& operator=(const Records&) = delete;

    std::vector<UserRecord> records;

private:
    std::vector<std::string> keys_, hash_keys_, data_, names_;
    std::vector<std::size_t> keys_of_, headers_of_;
};

} // namespace aggregates
