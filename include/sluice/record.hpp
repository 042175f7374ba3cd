#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Bytes that several owners read, so that none of them copies.
using SharedBytes = std::shared_ptr<const std::string>;

/// What tells a record from every other: the store that it lies in, and its place there. Not reused once the store has
/// the record.
class RecordId {
public:
    RecordId() = default;
    RecordId(std::array<std::uint8_t, 16> its_store, std::uint64_t its_sequence)
        : store(its_store), sequence(its_sequence) {}

    std::array<std::uint8_t, 16> store{}; ///< 128 random bits, made with the store.
    std::uint64_t sequence = 0;           ///< Grows with every put, over restarts too.

    friend bool operator==(const RecordId&, const RecordId&) = default;
};

/// A name and a value that travel with a record; both any bytes. They need an aggregating batching.
class Header {
public:
    Header() = default;
    Header(std::string its_name, std::string its_value) : name(std::move(its_name)), value(std::move(its_value)) {}

    std::string name;
    std::string value;

    friend bool operator==(const Header&, const Header&) = default;
};

/// A header that lies in somebody else's memory.
class HeaderView {
public:
    HeaderView() = default;
    HeaderView(std::string_view its_name, std::string_view its_value) : name(its_name), value(its_value) {}
    HeaderView(const Header& header) // NOLINT(google-explicit-constructor): a header is its own view
        : name(header.name), value(header.value) {}

    std::string_view name;
    std::string_view value;

    friend bool operator==(const HeaderView&, const HeaderView&) = default;
};

/// One record to be put: data and where it goes.
///
/// A class with constructors and never an aggregate: g++ 12 destroys temporaries of aggregate type twice inside a
/// `co_await` expression.
class Record {
public:
    Record() = default;

    /// Data without a key: the partitioning policy chooses one.
    explicit Record(std::string bytes) : data(std::move(bytes)) {}

    Record(std::string key, std::string bytes) : data(std::move(bytes)), partition_key(std::move(key)) {}

    std::string data;          ///< Any bytes, up to `Options::max_payload` with the key.
    std::optional<std::string> partition_key; ///< 1 to 256 Unicode characters, UTF-8; none: the policy's choice.
    std::string explicit_hash_key; ///< Decimal, 0 to 2^128-1; empty: the MD5 of the partition key.
    std::string stream;        ///< Name or ARN. Empty: `Options::stream`.
    std::vector<Header> headers;
    /// Since the put. None: `Options::time_to_live`. Zero: for ever. Negative, as of a deadline that has passed: it
    /// expires at once.
    std::optional<std::chrono::milliseconds> time_to_live;

    friend bool operator==(const Record&, const Record&) = default;
};

/// A record that lies in the caller's memory, for `try_put`; what it points to is copied before the call returns.
class RecordView {
public:
    RecordView() = default;

    explicit RecordView(std::string_view bytes) : data(bytes) {}

    RecordView(std::string_view key, std::string_view bytes) : data(bytes), partition_key(key) {}

    RecordView(const Record& record) // NOLINT(google-explicit-constructor): a record is its own view
        : data(record.data), explicit_hash_key(record.explicit_hash_key), stream(record.stream),
          headers(record.headers), time_to_live(record.time_to_live) {
        if (record.partition_key) partition_key = *record.partition_key;
    }

    std::string_view data;
    std::optional<std::string_view> partition_key;
    std::string_view explicit_hash_key;
    std::string_view stream;
    std::span<const Header> headers;
    std::optional<std::chrono::milliseconds> time_to_live;
};

} // namespace sluice
