#pragma once

#include "tls.hpp"

#include <sluice/aws/cbor_reader.hpp>
#include <sluice/aws/cbor_writer.hpp>
#include <sluice/kinesis/hash_key.hpp>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

/// How a stream is divided: shards of equal size.
class Shards {
public:
    explicit Shards(std::size_t count) {
        const auto size = step(count);
        sluice::kinesis::HashKey first;
        for (std::size_t i = 0; i < count; ++i) {
            const auto next = sum(first, size);
            lasts_.push_back(i + 1 == count ? sluice::kinesis::HashKey::max() : sluice::kinesis::before(next));
            ids_.push_back(id(i));
            first = next;
        }
    }

    /// The id of the shard that holds a key.
    [[nodiscard]] const std::string& holder(sluice::kinesis::HashKey key) const {
        const auto found = std::lower_bound(lasts_.begin(), lasts_.end(), key);
        return ids_[static_cast<std::size_t>(found - lasts_.begin())];
    }

    /// What ListShards answers, in JSON.
    [[nodiscard]] std::string list() const {
        std::string answer = R"({"Shards":[)";
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const auto first = i == 0 ? sluice::kinesis::HashKey() : sluice::kinesis::after(lasts_[i - 1]);
            answer.append(i == 0 ? "" : ",").append(R"({"ShardId":")").append(ids_[i]);
            answer.append(R"(","HashKeyRange":{"StartingHashKey":")").append(first.to_string());
            answer.append(R"(","EndingHashKey":")").append(lasts_[i].to_string());
            answer.append(R"("},"SequenceNumberRange":{"StartingSequenceNumber":"1"}})");
        }
        return answer.append("]}");
    }

    /// The same in CBOR.
    [[nodiscard]] std::string list_cbor() const {
        std::string answer;
        sluice::aws::CborWriter out(answer);
        out.begin_map();
        out.key("Shards");
        out.begin_array();
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const auto first = i == 0 ? sluice::kinesis::HashKey() : sluice::kinesis::after(lasts_[i - 1]);
            out.begin_map();
            write(out, "ShardId", ids_[i]);
            out.key("HashKeyRange");
            out.begin_map();
            write(out, "StartingHashKey", first.to_string());
            write(out, "EndingHashKey", lasts_[i].to_string());
            out.end_map();
            out.key("SequenceNumberRange");
            out.begin_map();
            write(out, "StartingSequenceNumber", "1");
            out.end_map();
            out.end_map();
        }
        out.end_array();
        out.end_map();
        return answer;
    }

private:
    static void write(sluice::aws::CborWriter& out, std::string_view name, std::string_view text) {
        out.key(name);
        out.text(text);
    }

    static std::string id(std::size_t number) {
        char text[32];
        std::snprintf(text, sizeof text, "shardId-%012zu", number);
        return text;
    }

    static sluice::kinesis::HashKey step(std::size_t count) {
        auto size = sluice::kinesis::HashKey::max();
        size.divide(static_cast<std::uint32_t>(count));
        return count == 1 ? size : sluice::kinesis::after(size);
    }

    static sluice::kinesis::HashKey sum(sluice::kinesis::HashKey a, sluice::kinesis::HashKey b) {
        const auto low = a.low() + b.low();
        return {a.high() + b.high() + (low < a.low() ? 1U : 0U), low};
    }

    std::vector<sluice::kinesis::HashKey> lasts_;
    std::vector<std::string> ids_;
};

/// Where the entries of one PutRecords go: by their explicit hash keys, else by their partition keys.
class Places {
public:
    void clear() {
        keys_.clear();
        hashes_.clear();
        explicit_.clear();
    }

    void add(std::string_view partition_key, std::string_view explicit_hash_key) {
        if (!explicit_hash_key.empty()) {
            explicit_.emplace_back(keys_.size(), *sluice::kinesis::HashKey::parse(explicit_hash_key));
        }
        keys_.push_back(partition_key);
    }

    [[nodiscard]] const std::vector<sluice::kinesis::HashKey>& hashes() {
        if (explicit_.size() < keys_.size()) {
            hashes_ = sluice::kinesis::hashes_of(keys_);
        } else {
            hashes_.resize(keys_.size());
        }
        for (const auto& [index, key] : explicit_) hashes_[index] = key;
        return hashes_;
    }

private:
    std::vector<std::string_view> keys_;
    std::vector<sluice::kinesis::HashKey> hashes_;
    std::vector<std::pair<std::size_t, sluice::kinesis::HashKey>> explicit_;
};

/// A Kinesis that takes everything: HTTPS on loopback, a blocking thread for each connection, answers as cheap as can
/// be. Each entry is told the shard that it goes to: a producer that knows its shards would else start to doubt.
class Sink {
public:
    /// Called when a request is there, and before it is answered, on its connection's thread.
    using Watcher = std::function<void(std::string_view head)>;

    /// Writes its certificate, which is its own authority, to a file. It never ends but with the process.
    Sink(const std::string& ca_file, std::size_t shards, Watcher watcher = {})
        : shards_(shards), watcher_(std::move(watcher)), context_(make_context(ca_file.c_str())), listener_(listen()) {
        if (context_ == nullptr || listener_ < 0) throw std::runtime_error("the sink cannot start");
    }

    [[nodiscard]] int port() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }

    /// Takes connections for ever.
    [[noreturn]] void run() {
        for (;;) {
            const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (descriptor < 0) continue;
            std::thread([this, descriptor] {
                auto peer = TlsPeer::accept(context_, descriptor);
                if (peer) serve(std::move(*peer));
            }).detach();
        }
    }

private:
    /// Reads requests and answers them until the client goes away.
    void serve(TlsPeer peer) const {
        Places places;
        while (const auto request = peer.read_message()) {
            if (watcher_) watcher_(request->head);
            const bool cbor = request->head.find("amz-cbor") != std::string::npos;
            std::string body;
            if (request->head.find("ListShards") != std::string::npos) {
                body = cbor ? shards_.list_cbor() : shards_.list();
            } else if (request->head.find("PutRecords") != std::string::npos) {
                body = cbor ? put_records_cbor(request->body, places) : put_records(request->body, places);
            }
            std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: ";
            answer.append(cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1");
            answer.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
            if (!peer.write(answer)) return;
        }
    }

    static constexpr std::string_view sequence = "49590338271490256608559692538361571095921575989136588898";

    /// Entries in JSON as every known client writes them: the data are the longest of texts without escapes, and keys
    /// have none either.
    [[nodiscard]] std::string put_records(std::string_view body, Places& places) const {
        places.clear();
        for (auto at = body.find('{', 1); at != body.npos;) {
            std::string_view key;
            std::string_view hash_key;
            while (at != body.npos && body[at] != '}') {
                const auto name = text_after(body, at);
                const auto value = text_after(body, at);
                if (name == "PartitionKey") key = value;
                if (name == "ExplicitHashKey") hash_key = value;
                if (at != body.npos) at = body.find_first_of(",}", at);
            }
            places.add(key, hash_key);
            if (at != body.npos) at = body.find_first_of("{]", at);
            if (at != body.npos && body[at] == ']') break;
        }
        std::string answer = R"({"FailedRecordCount":0,"Records":[)";
        bool first = true;
        for (const auto& hash : places.hashes()) {
            answer.append(std::exchange(first, false) ? "" : ",").append(R"({"SequenceNumber":")").append(sequence);
            answer.append(R"(","ShardId":")").append(shards_.holder(hash)).append(R"("})");
        }
        return answer.append("]}");
    }

    /// The next text; `from` moves behind it, or to nowhere.
    static std::string_view text_after(std::string_view body, std::size_t& from) {
        const auto begin = from == body.npos ? from : body.find('"', from);
        const auto end = begin == body.npos ? begin : body.find('"', begin + 1);
        if (end == body.npos) {
            from = end;
            return {};
        }
        from = end + 1;
        return body.substr(begin + 1, end - begin - 1);
    }

    [[nodiscard]] std::string put_records_cbor(std::string_view body, Places& places) const {
        places.clear();
        std::string_view key;
        std::string_view hash_key;
        sluice::aws::CborReader reader(body);
        for (auto token = reader.next(); token.kind != sluice::aws::TokenKind::done; token = reader.next()) {
            if (token.kind == sluice::aws::TokenKind::failed) break;
            if (token.kind == sluice::aws::TokenKind::end && !key.empty()) {
                places.add(std::exchange(key, {}), std::exchange(hash_key, {}));
            }
            if (token.kind != sluice::aws::TokenKind::text) continue;
            if (token.text == "PartitionKey") key = reader.next().text;
            if (token.text == "ExplicitHashKey") hash_key = reader.next().text;
        }
        std::string answer;
        sluice::aws::CborWriter out(answer);
        out.begin_map();
        out.key("Records");
        out.begin_array();
        for (const auto& hash : places.hashes()) {
            out.begin_map();
            out.key("SequenceNumber");
            out.text(sequence);
            out.key("ShardId");
            out.text(shards_.holder(hash));
            out.end_map();
        }
        out.end_array();
        out.end_map();
        return answer;
    }

    /// A context with a key and a certificate of its own.
    static SSL_CTX* make_context(const char* file) {
        SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
        EVP_PKEY* const key = EVP_EC_gen("P-256");
        X509* const certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3'600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
        X509_set_pubkey(certificate, key);
        auto* const name = X509_get_subject_name(certificate);
        const std::string_view words = "sluice benchmark sink";
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(words.data()),
                                   static_cast<int>(words.size()), -1, 0);
        X509_set_issuer_name(certificate, name);
        X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
        X509_add_ext(certificate, names, -1);
        X509_EXTENSION_free(names);
        X509_sign(certificate, key, EVP_sha256());
        std::FILE* const out = std::fopen(file, "w");
        const bool good = out != nullptr && PEM_write_X509(out, certificate) == 1 && std::fclose(out) == 0 &&
                          SSL_CTX_use_certificate(context, certificate) == 1 &&
                          SSL_CTX_use_PrivateKey(context, key) == 1;
        X509_free(certificate);
        EVP_PKEY_free(key);
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
        return good ? context : nullptr;
    }

    static int listen() {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        return bound && ::listen(listener, 64) == 0 ? listener : -1;
    }

    Shards shards_;
    Watcher watcher_;
    SSL_CTX* context_;
    int listener_;
};

} // namespace bench
