#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

/// A key and the certificate that goes with it, made in memory.
class Identity {
public:
    Identity(std::shared_ptr<EVP_PKEY> its_key, std::shared_ptr<X509> its_certificate)
        : key(std::move(its_key)), certificate(std::move(its_certificate)) {}

    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate;
};

/// What a certificate says.
class CertificateText {
public:
    CertificateText() = default;
    explicit CertificateText(std::string names) : subject_alt_name(std::move(names)) {}

    std::string subject_alt_name = "IP:127.0.0.1,DNS:localhost,DNS:good.test";
    long begins = -3'600; ///< Seconds from now.
    long ends = 3'600;
    bool authority = false;
};

/// Signs a new key with `issuer`, or with itself.
inline Identity make_identity(const CertificateText& text, const Identity* issuer = nullptr) {
    static std::atomic<long> serial{1};
    std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    std::shared_ptr<X509> certificate(X509_new(), X509_free);
    auto* raw = certificate.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), serial++);
    X509_gmtime_adj(X509_getm_notBefore(raw), text.begins);
    X509_gmtime_adj(X509_getm_notAfter(raw), text.ends);
    X509_set_pubkey(raw, key.get());
    const std::string name = text.authority ? "test authority" : "test server " + std::to_string(serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(raw, X509_get_subject_name(issuer ? issuer->certificate.get() : raw));
    const auto add = [&](int which, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, which, value.c_str());
        if (!extension) throw std::runtime_error("a certificate extension could not be made");
        X509_add_ext(raw, extension, -1);
        X509_EXTENSION_free(extension);
    };
    add(NID_basic_constraints, text.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!text.authority) add(NID_subject_alt_name, text.subject_alt_name);
    X509_sign(raw, issuer ? issuer->key.get() : key.get(), EVP_sha256());
    return Identity(std::move(key), std::move(certificate));
}

/// An authority, and a file with its certificate that lasts as long as this object.
class TestAuthority {
public:
    TestAuthority() : identity_(make_root()) {
        static std::atomic<int> count{0};
        file_ = std::filesystem::temp_directory_path() /
                ("sluice-ca-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".pem");
        std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_X509(out.get(), identity_.certificate.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        std::ofstream(file_) << std::string(text, static_cast<std::size_t>(size));
    }

    ~TestAuthority() {
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
    }

    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    [[nodiscard]] std::string file() const { return file_.string(); }

    [[nodiscard]] Identity issue(const CertificateText& text = CertificateText()) const {
        return make_identity(text, &identity_);
    }

private:
    static Identity make_root() {
        CertificateText text;
        text.authority = true;
        return make_identity(text);
    }

    Identity identity_;
    std::filesystem::path file_;
};

/// A server's side of TLS.
class TestTls {
public:
    explicit TestTls(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    }

    /// Speaks nothing newer than `version`, for instance `TLS1_1_VERSION`, however weak.
    TestTls& at_most(int version) {
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_cipher_list(context_.get(), "DEFAULT@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_.get(), version);
        return *this;
    }

    [[nodiscard]] std::shared_ptr<SSL> accept(int descriptor) const {
        std::shared_ptr<SSL> session(SSL_new(context_.get()), SSL_free);
        SSL_set_fd(session.get(), descriptor);
        return SSL_accept(session.get()) == 1 ? session : nullptr;
    }

private:
    std::shared_ptr<SSL_CTX> context_;
};
