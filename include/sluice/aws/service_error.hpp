#pragma once

#include <sluice/aws/cbor_reader.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/redactor.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

namespace detail {

/// The services' words, by what a caller can do (their API references; "AWS SDKs and Tools" for what is retried).
[[nodiscard]] constexpr auto error_codes() {
    using enum error;
    return std::to_array<std::pair<std::string_view, error>>({
        {"Throttling", throttled},
        {"ThrottlingException", throttled},
        {"ThrottledException", throttled},
        {"RequestThrottled", throttled},
        {"RequestThrottledException", throttled},
        {"TooManyRequestsException", throttled},
        {"ProvisionedThroughputExceededException", throttled},
        {"TransactionInProgressException", throttled},
        {"RequestLimitExceeded", throttled},
        {"BandwidthLimitExceeded", throttled},
        {"SlowDown", throttled},
        {"PriorRequestNotComplete", throttled},
        {"EC2ThrottledException", throttled},
        {"KMSThrottlingException", throttled},

        {"InternalFailure", service_failed},
        {"InternalFailureException", service_failed},
        {"InternalError", service_failed},
        {"InternalServerError", service_failed},
        {"InternalServiceError", service_failed},
        {"ServiceFailure", service_failed},
        {"ServiceUnavailable", service_failed},
        {"ServiceUnavailableException", service_failed},
        {"RequestTimeout", service_failed},
        {"RequestTimeoutException", service_failed},
        {"IDPCommunicationError", service_failed},
        {"ReplicatedWriteConflictException", service_failed},
        {"KMSInternalException", service_failed},
        {"KeyUnavailableException", service_failed},
        {"DependencyTimeoutException", service_failed},

        {"ResourceNotFoundException", stream_not_found},

        {"AccessDenied", access_denied},
        {"AccessDeniedException", access_denied},
        {"OptInRequired", access_denied},
        {"RegionDisabledException", access_denied},

        {"UnrecognizedClient", credentials_refused},
        {"UnrecognizedClientException", credentials_refused},
        {"InvalidClientTokenId", credentials_refused},
        {"InvalidAccessKeyId", credentials_refused},
        {"MissingAuthenticationToken", credentials_refused},
        {"MissingAuthenticationTokenException", credentials_refused},
        {"InvalidIdentityToken", credentials_refused},
        {"IDPRejectedClaim", credentials_refused},
        {"AuthFailure", credentials_refused},

        {"ExpiredToken", credentials_expired},
        {"ExpiredTokenException", credentials_expired},
        {"UnauthorizedException", credentials_expired}, // SSO's word for an access token that is over

        {"InvalidSignatureException", signature_refused},
        {"SignatureDoesNotMatch", signature_refused},
        {"IncompleteSignature", signature_refused},
        {"IncompleteSignatureException", signature_refused},

        {"RequestExpired", clock_skewed},
        {"RequestInTheFuture", clock_skewed},
        {"RequestTimeTooSkewed", clock_skewed},

        {"InvalidArgumentException", request_refused},
        {"ValidationException", request_refused},
        {"SerializationException", request_refused},
        {"MalformedPolicyDocument", request_refused},
        {"InvalidInput", request_refused},
        {"InvalidParameterValue", request_refused},
        {"InvalidParameterCombination", request_refused},
        {"MissingParameter", request_refused},
        {"NoSuchEntity", request_refused},
        {"PackedPolicyTooLarge", request_refused},

        {"RequestEntityTooLarge", request_too_large},
        {"RequestEntityTooLargeException", request_too_large},

        {"InvalidKMSResourceException", key_service_failed},
        {"NotFoundException", key_service_failed},
        {"DisabledException", key_service_failed},
        {"InvalidCiphertextException", key_service_failed},
        {"IncorrectKeyException", key_service_failed},
        {"InvalidKeyUsageException", key_service_failed},

        {"ResourceInUseException", resource_in_use},
        {"TableInUseException", resource_in_use},
        {"EntityAlreadyExists", resource_in_use},
        {"ConcurrentModification", resource_in_use},
        {"DeleteConflict", resource_in_use},

        {"ConditionalCheckFailedException", conflict},
        {"TransactionCanceledException", conflict},
        {"TransactionConflictException", conflict},

        {"ExpiredIteratorException", iterator_expired},
        {"ExpiredNextTokenException", iterator_expired},
        {"TrimmedDataAccessException", iterator_expired},

        {"LimitExceeded", limit_exceeded},
        {"LimitExceededException", limit_exceeded},

        {"NoSuchBucket", bucket_not_found},
        {"NoSuchKey", object_not_found},
        {"NoSuchVersion", object_not_found},
        {"PreconditionFailed", resource_in_use},
        {"ConditionalRequestConflict", resource_in_use},
        {"OperationAborted", resource_in_use},
        {"NoSuchUpload", service_failed}, // somebody aborted it: the next upload begins anew
        {"BadDigest", service_failed},    // the bytes changed on their way
        {"XAmzContentSHA256Mismatch", service_failed},
        {"IncompleteBody", service_failed},
        // What S3 says to who looks in the wrong region.
        {"PermanentRedirect", endpoint_invalid},
        {"TemporaryRedirect", endpoint_invalid},
        {"AuthorizationHeaderMalformed", endpoint_invalid},
        {"IllegalLocationConstraintException", endpoint_invalid},
        {"InvalidBucketName", endpoint_invalid},
        {"EntityTooLarge", request_too_large},
        {"AllAccessDisabled", access_denied},
        {"AccountProblem", access_denied},

        // A server that does not know the operation is another service, or too old: no fault of what was sent.
        {"UnknownOperationException", response_invalid},
    });
}

/// What a status says when the code says nothing. The services refuse what they were sent with 400; with others, an
/// unknown word is a gateway's or that of another service, which has not judged the records.
[[nodiscard]] inline error error_of_status(int status, bool has_code) noexcept {
    if (status == 413) return error::request_too_large;
    if (status == 429) return error::throttled;
    if (status == 408 || status >= 500) return error::service_failed;
    if (!has_code) return error::response_invalid;
    if (status == 401 || status == 403) return error::access_denied;
    return status == 400 ? error::request_refused : error::response_invalid;
}

} // namespace detail

namespace detail {

/// What a service's word means; none if nobody knows it.
[[nodiscard]] inline std::optional<error> meaning_of(std::string_view code) noexcept {
    static constexpr auto rows = error_codes();
    const auto row = std::find_if(rows.begin(), rows.end(), [code](const auto& entry) { return entry.first == code; });
    return row == rows.end() ? std::nullopt : std::optional<error>(row->second);
}

} // namespace detail

/// What a caller can do about a failure. `code` is the service's word for it, without namespace; empty if the answer
/// has none, as a proxy's page: that is never taken for the service's judgement of what was sent.
[[nodiscard]] inline error error_of(std::string_view code, int status) noexcept {
    if (const auto known = detail::meaning_of(code)) return *known;
    if (code.starts_with("KMS")) return error::key_service_failed;
    return detail::error_of_status(status, !code.empty());
}

/// What a service says when it does not do what it was asked.
class ServiceError {
public:
    ServiceError() = default;
    ServiceError(error_code why, std::string word, std::string sentence, std::string id)
        : error(why), code(std::move(word)), message(std::move(sentence)), request_id(std::move(id)) {}

    error_code error;
    std::string code;       ///< `ResourceNotFoundException`; without one the HTTP status, `502`.
    std::string message;    ///< One line, at most `max_message` bytes. May be empty.
    std::string request_id; ///< For AWS support. May be empty.

    static constexpr std::size_t max_message = 1'024;
};

namespace detail {

/// `com.amazonaws.x#Name:http://…` is `Name`.
[[nodiscard]] inline std::string bare_code(std::string_view code) {
    code = code.substr(0, code.find(':'));
    code.remove_prefix(std::min(code.rfind('#') + 1, code.size()));
    return std::string(code.substr(0, 128));
}

/// Reads what it can; what follows a mistake in the text is left out. False if the text tells nothing.
template <class Reader>
bool read_service_error(Reader reader, ServiceError& failure) {
    if (!reader.next().is(TokenKind::map)) return false;
    std::string code; // the weaker of two names
    for (auto name = reader.next(); !name.is(TokenKind::end) && !name.is(TokenKind::failed); name = reader.next()) {
        if (!name.is(TokenKind::text)) {
            if (!skip(reader, name) || !skip(reader, reader.next())) break;
            continue;
        }
        std::string* member = nullptr;
        if (name.text == "__type") member = &failure.code;
        if (name.text == "code") member = &code;
        if (name.text == "message" || name.text == "Message") member = &failure.message;
        const auto value = reader.next();
        if (member != nullptr && value.is(TokenKind::text)) {
            if (member->empty()) *member = value.text;
        } else if (!skip(reader, value)) {
            break;
        }
    }
    if (failure.code.empty()) failure.code = std::move(code);
    return !failure.code.empty() || !failure.message.empty();
}

/// The form of the query services and of S3, in which gateways and emulators refuse requests of others too: an `Error`
/// with its `Code` and `Message`, at whatever depth, and a `RequestId` somewhere. A page in HTML has none.
class XmlErrorReader {
public:
    explicit XmlErrorReader(std::string_view document) : reader_(document) {}

    /// False if there is no whole `Error`; what follows it may be cut off.
    bool read(ServiceError& failure) {
        for (auto step = reader_.next(); !step.is(XmlKind::done) && !step.is(XmlKind::failed); step = reader_.next()) {
            if (step.is(XmlKind::open)) open(step.text);
            if (step.is(XmlKind::text) && field_ != nullptr) *field_ += step.text;
            if (step.is(XmlKind::close)) close();
        }
        if (!whole_) return false;
        failure.code = std::move(found_.code);
        failure.message = std::move(found_.message);
        failure.request_id = std::move(found_.request_id);
        return true;
    }

private:
    void open(std::string_view name) {
        ++depth_;
        field_ = nullptr;
        if (name == "RequestId" || name == "RequestID") field_ = &found_.request_id;
        if (!whole_ && error_ == 0 && name == "Error") error_ = depth_;
        const bool told = error_ != 0 && depth_ == error_ + 1;
        if (told && name == "Code") field_ = &found_.code;
        if (told && name == "Message") field_ = &found_.message;
        if (field_ != nullptr && !field_->empty()) field_ = nullptr;
    }

    void close() {
        field_ = nullptr;
        if (error_ != 0 && depth_ == error_) {
            whole_ = !found_.code.empty();
            error_ = 0;
        }
        --depth_;
    }

    XmlReader reader_;
    ServiceError found_;
    std::string* field_ = nullptr; ///< What the innermost element tells, if anything.
    std::size_t depth_ = 0;
    std::size_t error_ = 0; ///< The depth of the `Error` around; zero: none.
    bool whole_ = false;
};

/// One line of printable UTF-8, not longer than a log line should be; a character at the end is whole or left out.
inline void tidy(std::string& text, std::size_t most) {
    if (text.size() > most) {
        auto end = most;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
        text.resize(end);
    }
    std::replace_if(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_character(std::string_view(text).substr(at));
        if (length == 0) text[at] = '?';
        at += std::max(length, std::size_t{1});
    }
}

} // namespace detail

namespace detail {

/// The code in the headers: the one that CloudWatch's older protocol has, `InvalidParameterValue;Sender`, or the
/// service's own. They stand above the body, as in the SDKs.
[[nodiscard]] inline std::string_view code_of(const std::vector<HttpHeader>& headers) {
    const auto older = find_header(headers, "x-amzn-query-error");
    if (!older.empty()) return older.substr(0, older.find(';'));
    return find_header(headers, "x-amzn-ErrorType");
}

[[nodiscard]] inline std::string_view request_id_of(const std::vector<HttpHeader>& headers) {
    const auto id = find_header(headers, "x-amzn-RequestId");
    return id.empty() ? find_header(headers, "x-amz-request-id") : id;
}

} // namespace detail

/// Reads the answer of a service that did not succeed, whatever its protocol is: AWS JSON, AWS CBOR, the query
/// protocol's XML or that of S3; and whatever its body is: a proxy's page, nothing, or half of something. Neither what
/// is in `secrets` nor `other`, what else the request held, gets through.
[[nodiscard]] inline ServiceError parse_service_error(const HttpResponse& response, const Secrets& secrets = {},
                                                      const Secret& other = {}) {
    ServiceError failure;
    const bool cbor = find_header(response.headers, "Content-Type").find("cbor") != std::string_view::npos;
    if (!(cbor && detail::read_service_error(CborReader(response.body), failure)) &&
        !detail::read_service_error(JsonReader(response.body), failure) &&
        !detail::XmlErrorReader(response.body).read(failure)) {
        failure.message = response.body;
    }
    const auto code = detail::bare_code(detail::code_of(response.headers));
    failure.code = code.empty() ? detail::bare_code(failure.code) : code;
    failure.error = error_of(failure.code, response.status);
    if (failure.code.empty()) failure.code = std::to_string(response.status);
    const auto id = detail::request_id_of(response.headers);
    if (!id.empty()) failure.request_id = id;
    failure.request_id = failure.request_id.substr(0, 128);
    const Redactor redactor(secrets, other);
    const bool known = detail::meaning_of(failure.code).has_value(); // no secret, whatever is in it
    for (auto* text : {&failure.code, &failure.message, &failure.request_id}) {
        if (known && text == &failure.code) continue;
        *text = redactor.redact(*text, ServiceError::max_message + 4); // so that no character is cut before its end
        detail::tidy(*text, ServiceError::max_message);
    }
    return failure;
}

} // namespace sluice::aws
