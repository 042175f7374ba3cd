#pragma once

#include "records.hpp"
#include "tls.hpp"

#include <sluice/aws/base64.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/md5_lanes.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/kinesis/aggregate.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// The yardstick of the pipeline: what nobody can leave out who sends records to Kinesis, for records of one size.
///
/// Digests of keys and aggregates, framing, base64, one signature and one HTTPS exchange a request, and a look at every
/// entry of the answer. No queue, no outcomes, nothing that could go wrong.
class Floor {
public:
    /// Aggregates of up to this many bytes, as the Kinesis Producer Library makes them.
    static constexpr std::size_t aggregate_bytes = 51'200;

    /// Two times as many as digests are made side by side.
    static constexpr std::size_t aggregates_a_request = 16;

    static constexpr std::size_t entries_a_request = 500;

    /// `shards` is a power of two.
    Floor(int port, const Records& records, std::size_t shards)
        : records_(records), port_(port), host_("127.0.0.1:" + std::to_string(port)),
          shift_(64 - static_cast<unsigned>(std::bit_width(shards - 1))), waiting_(shards) {
        const auto message = 3 + field_size(records.size()); // the index of the key takes two bytes at most
        const auto each = field_size(Records::key_size) + field_size(message);
        capacity_ = (aggregate_bytes - sluice::kinesis::aggregate::overhead) / each;
        for (auto& list : waiting_) list.reserve(capacity_);
    }

    /// Sends so many records in aggregates, each for one shard.
    void aggregated(std::size_t count) {
        for (std::size_t done = 0; done < count; done += digested) {
            digest_keys(done);
            for (std::size_t i = done; i < std::min(done + digested, count); ++i) {
                auto& list = waiting_[shift_ == 64 ? 0 : first_bits(sums_[i - done]) >> shift_];
                list.push_back(static_cast<std::uint32_t>(i));
                if (list.size() == capacity_) close(list);
            }
        }
        for (auto& list : waiting_) close(list);
        if (closed_ > 0) send_aggregates();
    }

    /// Sends so many records as they are, each an entry.
    void collected(std::size_t count) {
        for (std::size_t done = 0; done < count;) {
            begin_body();
            const auto end = std::min(done + entries_a_request, count);
            const auto entries = end - done;
            for (; done < end; ++done) add_entry(records_.data(done), records_.key(done));
            send_body(entries);
        }
    }

    /// Sends so many records, each in a request of its own, over so many connections in turn.
    void singly(std::size_t count, std::size_t in_flight) {
        for (std::size_t i = 0; i < count + in_flight; ++i) {
            auto& peer = connection(i % in_flight);
            if (i >= in_flight && i - in_flight < count) receive(peer, 1);
            if (i >= count) continue;
            begin_body();
            add_entry(records_.data(i), records_.key(i));
            end_body();
            sign();
            send(peer);
        }
    }

    // The steps, for those who ask what each costs.

    static constexpr std::size_t digested = 512;

    /// The digests of the keys of `digested` records.
    void digest_keys(std::size_t first) {
        for (std::size_t i = 0; i < digested; ++i) keys_[i] = records_.key(first + i);
        sluice::aws::md5_all(keys_, sums_);
    }

    /// Frames these records, without the trailer, into the next aggregate.
    void frame(std::span<const std::uint32_t> members) {
        auto& out = aggregates_[closed_];
        out.resize(aggregate_bytes);
        namespace format = sluice::kinesis::aggregate;
        char* to = out.data();
        to = copy(to, format::magic);
        for (const auto i : members) {
            *to++ = tag(format::partition_keys, 2);
            *to++ = static_cast<char>(Records::key_size);
            to = copy(to, records_.key(i));
        }
        for (std::size_t n = 0; n < members.size(); ++n) {
            const auto data = records_.data(members[n]);
            *to++ = tag(format::records, 2);
            to = varint(to, 1 + varint_size(n) + 1 + varint_size(data.size()) + data.size());
            *to++ = tag(format::partition_key_index, 0);
            to = varint(to, n);
            *to++ = tag(format::data, 2);
            to = varint(to, data.size());
            to = copy(to, data);
        }
        ends_[closed_] = static_cast<std::size_t>(to - out.data());
        container_keys_[closed_++] = records_.key(members.front());
    }

    /// Puts the trailers behind the aggregates that were framed.
    void digest_aggregates() {
        constexpr auto magic = sluice::kinesis::aggregate::magic.size();
        std::array<std::string_view, aggregates_a_request> messages;
        std::array<sluice::aws::Md5, aggregates_a_request> sums{};
        for (std::size_t i = 0; i < closed_; ++i) messages[i] = framed(i).substr(magic);
        sluice::aws::md5_all(std::span(messages).first(closed_), std::span(sums).first(closed_));
        for (std::size_t i = 0; i < closed_; ++i) {
            std::memcpy(aggregates_[i].data() + ends_[i], sums[i].data(), sums[i].size());
            ends_[i] += sums[i].size();
        }
    }

    /// Makes a body of the aggregates; gives their number.
    std::size_t encode_aggregates() {
        begin_body();
        for (std::size_t i = 0; i < closed_; ++i) add_entry(framed(i), container_keys_[i]);
        end_body();
        return std::exchange(closed_, 0);
    }

    /// Signs the body.
    void sign() {
        request_ = sluice::HttpRequest("POST", "https://" + host_ + "/");
        request_.headers.emplace_back("Host", host_);
        request_.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
        request_.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.PutRecords");
        request_.body = body_;
        signer_.sign(request_, secrets_, "us-east-1", "kinesis", std::chrono::system_clock::now());
    }

    /// Sends what was signed, reads the answer and looks at its entries.
    void exchange(std::size_t entries) {
        send(connection(0));
        receive(connection(0), entries);
    }

    /// How many records make an aggregate.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    [[nodiscard]] TlsPeer& connection(std::size_t number) {
        while (peers_.size() <= number) peers_.push_back(TlsPeer::connect(port_));
        return peers_[number];
    }

    void send(TlsPeer& peer) {
        head_ = "POST / HTTP/1.1\r\n";
        for (const auto& header : request_.headers) {
            head_.append(header.name).append(": ").append(header.value).append("\r\n");
        }
        head_.append("Content-Length: ").append(std::to_string(body_->size())).append("\r\n\r\n");
        if (!peer.write(head_) || !peer.write(*body_)) throw std::runtime_error("the sink failed");
    }

    static void receive(TlsPeer& peer, std::size_t entries) {
        const auto answer = peer.read_message();
        if (!answer || answer->head.find(" 200 ") == answer->head.npos || taken(answer->body) != entries) {
            throw std::runtime_error("the sink failed");
        }
    }

    static std::uint64_t first_bits(const sluice::aws::Md5& sum) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof bits; ++i) bits = bits << 8U | sum[i];
        return bits;
    }

    static std::size_t varint_size(std::size_t number) { return number < 128 ? 1 : number < 16'384 ? 2 : 3; }
    static std::size_t field_size(std::size_t bytes) { return 1 + varint_size(bytes) + bytes; }
    static char tag(std::uint32_t id, std::uint32_t type) { return static_cast<char>(id << 3U | type); }

    static char* varint(char* to, std::size_t number) {
        for (; number >= 128; number >>= 7U) *to++ = static_cast<char>(static_cast<unsigned char>(number | 128U));
        *to++ = static_cast<char>(number);
        return to;
    }

    static char* copy(char* to, std::string_view bytes) {
        std::memcpy(to, bytes.data(), bytes.size());
        return to + bytes.size();
    }

    [[nodiscard]] std::string_view framed(std::size_t i) const {
        return std::string_view(aggregates_[i]).substr(0, ends_[i]);
    }

    void close(std::vector<std::uint32_t>& list) {
        if (list.empty()) return;
        frame(list);
        list.clear();
        if (closed_ == aggregates_a_request) send_aggregates();
    }

    void send_aggregates() {
        digest_aggregates();
        const auto entries = encode_aggregates();
        sign();
        exchange(entries);
    }

    void send_body(std::size_t entries) {
        end_body();
        sign();
        exchange(entries);
    }

    void begin_body() { *body_ = R"({"StreamName":"benchmark","Records":[)"; }

    void add_entry(std::string_view data, std::string_view key) {
        auto& body = *body_;
        body.append(R"({"Data":")");
        sluice::aws::append_base64(body, data);
        body.append(R"(","PartitionKey":")").append(key).append(R"("},)");
    }

    void end_body() {
        body_->back() = ']';
        body_->push_back('}');
    }

    /// How many entries have a sequence number and a shard.
    static std::size_t taken(std::string_view answer) {
        constexpr std::string_view number = R"("SequenceNumber":")";
        constexpr std::string_view shard = R"("ShardId":")";
        std::size_t count = 0;
        for (std::size_t at = 0;; ++count) {
            at = answer.find('{', at + 1);
            if (at == answer.npos || answer.substr(at + 1, number.size()) != number) return count;
            at = answer.find('"', at + 1 + number.size());
            if (at == answer.npos || answer.substr(at + 2, shard.size()) != shard) return count;
            at = answer.find('"', at + 2 + shard.size());
            if (at == answer.npos) return count;
        }
    }

    const Records& records_;
    int port_;
    std::vector<TlsPeer> peers_; ///< Connections, made when they are needed.
    std::string host_;
    unsigned shift_;
    std::vector<std::vector<std::uint32_t>> waiting_; ///< A list of records for each shard.
    std::size_t capacity_ = 0;
    std::array<std::string_view, digested> keys_;
    std::array<sluice::aws::Md5, digested> sums_{};
    std::array<std::string, aggregates_a_request> aggregates_;
    std::array<std::size_t, aggregates_a_request> ends_{};
    std::array<std::string_view, aggregates_a_request> container_keys_;
    std::size_t closed_ = 0; ///< Aggregates that were framed.
    std::shared_ptr<std::string> body_ = std::make_shared<std::string>();
    sluice::HttpRequest request_;
    sluice::Secrets secrets_{"AKIDEXAMPLE", sluice::Secret("an example of a secret access key")};
    sluice::aws::Signer signer_;
    std::string head_;
};

} // namespace bench
