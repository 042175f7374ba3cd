#pragma once

#include <sluice/aws/cbor_reader.hpp>
#include <sluice/aws/cbor_writer.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/service_error.hpp>
#include <sluice/batching/batching.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/options.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The call that everything else is for, by hand: one pass over the entries, one over the answer, and no copies but
/// the one onto the wire.
namespace sluice::kinesis {

namespace detail {

/// The bytes of an entry's body but for its data and keys, and of the request's around the entries: no less than what
/// the writers write.
inline constexpr std::size_t entry_overhead = 64;
inline constexpr std::size_t request_overhead = 64;

[[nodiscard]] inline std::size_t body_size(std::string_view stream, std::span<const Entry> entries, Wire wire) {
    std::size_t size = request_overhead + stream.size() + entries.size() * entry_overhead;
    for (const auto& entry : entries) {
        size += entry.explicit_hash_key.size();
        size += wire == Wire::cbor ? entry.data.size() + entry.partition_key.size()
                                   : aws::base64_size(entry.data.size()) +
                                         aws::JsonWriter::text_size(entry.partition_key);
    }
    return size;
}

template <class Writer>
void write_put_records(Writer out, std::string_view stream, std::span<const Entry> entries) {
    out.begin_map();
    out.key(is_arn(stream) ? "StreamARN" : "StreamName");
    out.text(stream);
    out.key("Records");
    out.begin_array();
    for (const auto& entry : entries) {
        out.begin_map();
        out.key("Data");
        out.bytes(entry.data);
        out.key("PartitionKey");
        out.text(entry.partition_key);
        if (!entry.explicit_hash_key.empty()) {
            out.key("ExplicitHashKey");
            out.text(entry.explicit_hash_key);
        }
        out.end_map();
    }
    out.end_array();
    out.end_map();
}

/// The text of an answer, and the few pieces of it that do not stand there as they are meant.
class KeptText {
public:
    explicit KeptText(std::string its_body) : body(std::move(its_body)) {}

    std::string body;
    std::deque<std::string> unescaped; ///< A deque, for its elements stay where they are.
};

/// Reads the answer to PutRecords into an `Answer`, member by member.
template <class Reader>
class AnswerReader {
public:
    AnswerReader(KeptText& kept, std::size_t expected, std::vector<EntryAnswer>& entries)
        : reader_(kept.body), kept_(kept), expected_(expected), entries_(entries) {}

    /// Whether the text is well-formed and has as many entries as expected.
    [[nodiscard]] bool read() {
        if (!reader_.next().is(aws::TokenKind::map)) return false;
        for (auto name = reader_.next(); !name.is(aws::TokenKind::end); name = reader_.next()) {
            const bool records = name.is(aws::TokenKind::text) && name.text == "Records";
            if (!is_name(name) || !(records ? read_records(reader_.next()) : skip(reader_, reader_.next()))) {
                return false;
            }
        }
        return reader_.next().is(aws::TokenKind::done) && entries_.size() == expected_;
    }

private:
    static bool is_name(const aws::Token& token) { return token.is(aws::TokenKind::text); }

    bool read_records(const aws::Token& token) {
        if (!token.is(aws::TokenKind::array)) return token.is(aws::TokenKind::null);
        for (auto item = reader_.next(); !item.is(aws::TokenKind::end); item = reader_.next()) {
            if (!item.is(aws::TokenKind::map) || entries_.size() == expected_) return false;
            if (!read_entry(entries_.emplace_back())) return false;
        }
        return true;
    }

    bool read_entry(EntryAnswer& entry) {
        for (auto name = reader_.next(); !name.is(aws::TokenKind::end); name = reader_.next()) {
            if (!is_name(name)) return false;
            auto* const member = member_of(entry, name.text);
            const auto value = reader_.next();
            if (!(member != nullptr ? read_text(value, *member) : skip(reader_, value))) return false;
        }
        if (!entry.code.empty()) {
            const bool throttled = aws::error_of(entry.code, 200) == error::throttled;
            entry.error = throttled ? error::throttled : error::record_failed;
        } else if (entry.sequence_number.empty()) {
            entry.error = error::record_failed;
        }
        return true;
    }

    static std::string_view* member_of(EntryAnswer& entry, std::string_view name) {
        if (name == "SequenceNumber") return &entry.sequence_number;
        if (name == "ShardId") return &entry.shard_id;
        if (name == "ErrorCode") return &entry.code;
        if (name == "ErrorMessage") return &entry.message;
        return nullptr;
    }

    /// Null is absent: some services write every member.
    bool read_text(const aws::Token& value, std::string_view& text) {
        if (value.is(aws::TokenKind::text)) {
            text = value.borrowed ? value.text : kept_.unescaped.emplace_back(value.text);
        }
        return value.is(aws::TokenKind::text) || value.is(aws::TokenKind::null);
    }

    Reader reader_;
    KeptText& kept_;
    std::size_t expected_;
    std::vector<EntryAnswer>& entries_;
};

} // namespace detail

/// The body of a PutRecords with these entries. What they hold has been checked; it is sent as it stands.
[[nodiscard]] inline std::string encode_put_records(std::string_view stream, std::span<const Entry> entries,
                                                    Wire wire) {
    std::string body;
    body.reserve(detail::body_size(stream, entries, wire));
    if (wire == Wire::json) {
        detail::write_put_records(aws::JsonWriter(body), stream, entries);
    } else {
        detail::write_put_records(aws::CborWriter(body), stream, entries);
    }
    return body;
}

/// What the body of a 200 answer says of each of `expected` entries.
///
/// An entry is taken if it has a sequence number and no error code: a throttling one means `error::throttled`, every
/// other `error::record_failed`. If the text is not what the service documents, or speaks of another number of
/// entries, the answer's error is `error::response_invalid`: it is not known what was taken.
[[nodiscard]] inline Answer decode_put_records(std::string body, std::size_t expected, Wire wire) {
    const auto kept = std::make_shared<detail::KeptText>(std::move(body));
    Answer answer;
    answer.entries.reserve(expected);
    const bool good = wire == Wire::json
                          ? detail::AnswerReader<aws::JsonReader>(*kept, expected, answer.entries).read()
                          : detail::AnswerReader<aws::CborReader>(*kept, expected, answer.entries).read();
    if (!good) return {error::response_invalid, {}, "The answer to PutRecords is not what the service documents."};
    answer.text = SharedBytes(kept, &kept->body);
    return answer;
}

} // namespace sluice::kinesis
