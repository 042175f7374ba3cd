// A Kinesis that takes everything: HTTPS on loopback, a blocking thread for each connection, answers as cheap as can be.
//
//     sink CA_FILE      writes its certificate there and its port to standard output; ends with standard input
//
// Each entry is told the shard that its key hashes to: a producer that knows its shards would else start to doubt.

#include "tls.hpp"

#include <sluice/kinesis/hash_key.hpp>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

using sluice::kinesis::HashKey;

constexpr unsigned shard_bits = 2; // Four shards.

std::string shard_id(std::uint64_t number) { return "shardId-00000000000" + std::to_string(number); }

/// The value of a member, which is a text without escapes; `from` moves behind it.
std::string_view text_of(std::string_view body, std::string_view member, std::size_t& from) {
    const auto found = body.find(member, from);
    if (found == body.npos) return {};
    const auto begin = body.find('"', found + member.size() + 1) + 1;
    const auto end = body.find('"', begin);
    from = end;
    return body.substr(begin, end - begin);
}

std::string put_records(std::string_view body) {
    std::string answer = R"({"FailedRecordCount":0,"Records":[)";
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const auto key = text_of(body, R"("PartitionKey")", at);
        if (key.empty()) break;
        const auto shard = sluice::kinesis::hash_of(key).high() >> (64 - shard_bits);
        answer.append(first ? "" : ",").append(R"({"SequenceNumber":)");
        answer.append(R"("49590338271490256608559692538361571095921575989136588898","ShardId":")");
        answer.append(shard_id(shard)).append(R"("})");
    }
    return answer.append("]}");
}

std::string list_shards() {
    std::string answer = R"({"Shards":[)";
    for (std::uint64_t i = 0; i < 1U << shard_bits; ++i) {
        const HashKey first(i << (64 - shard_bits), 0);
        const HashKey last(((i + 1) << (64 - shard_bits)) - 1, ~std::uint64_t{0});
        answer.append(i == 0 ? "" : ",").append(R"({"ShardId":")").append(shard_id(i));
        answer.append(R"(","HashKeyRange":{"StartingHashKey":")").append(first.to_string());
        answer.append(R"(","EndingHashKey":")").append(last.to_string());
        answer.append(R"("},"SequenceNumberRange":{"StartingSequenceNumber":"1"}})");
    }
    return answer.append("]}");
}

/// Reads requests and answers them until the client goes away.
void serve(bench::TlsPeer peer) {
    while (const auto request = peer.read_message()) {
        const bool lists = request->head.find("ListShards") != std::string::npos;
        const auto body = lists ? list_shards() : put_records(request->body);
        std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: ";
        answer.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
        if (!peer.write(answer)) return;
    }
}

/// A context with a key and a certificate of its own, which is written to `file`: it is its own authority.
SSL_CTX* make_context(const char* file) {
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
                      SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    return good ? context : nullptr;
}

int listen_on_loopback() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, general, size) != 0 || ::listen(listener, 64) != 0 ||
        ::getsockname(listener, general, &size) != 0) {
        return -1;
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX* const context = make_context(arguments[1]);
    const int listener = context != nullptr ? listen_on_loopback() : -1;
    if (listener < 0) return 1;
    std::thread([] {
        while (std::getchar() != EOF) {
        }
        std::_Exit(0);
    }).detach();
    for (;;) {
        const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) continue;
        std::thread([context, descriptor] {
            auto peer = bench::TlsPeer::accept(context, descriptor);
            if (peer) serve(std::move(*peer));
        }).detach();
    }
}
