#include <sluice/aws/service_error.hpp>

#include <sluice/aws/cbor.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace sluice;

namespace {

HttpResponse response(int status, std::string body, std::vector<HttpHeader> headers = {}) {
    HttpResponse made(status, std::move(body));
    made.headers = std::move(headers);
    return made;
}

HttpResponse cbor(int status, std::string body) {
    return response(status, std::move(body), {{"content-type", "application/x-amz-cbor-1.1"}});
}

std::string cbor_error(std::string code, std::string message) {
    std::string bytes;
    aws::encode_cbor(bytes, aws::CborValue::map({{"ignored", aws::CborValue::array({aws::CborValue::integer(1)})},
                                                 {"__type", aws::CborValue::text(std::move(code))},
                                                 {"message", aws::CborValue::text(std::move(message))}}));
    return bytes;
}

} // namespace

TEST_CASE("every documented code has its meaning") {
    const std::vector<std::pair<error, std::vector<std::string>>> table{
        {error::throttled,
         {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "SlowDown",
          "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
          "RequestLimitExceeded", "BandwidthLimitExceeded", "RequestThrottled", "PriorRequestNotComplete",
          "EC2ThrottledException", "KMSThrottlingException"}},
        {error::service_failed,
         {"InternalFailure", "InternalFailureException", "ServiceUnavailable", "ServiceUnavailableException",
          "InternalServerError", "InternalServiceError", "InternalError", "ServiceFailure", "RequestTimeout",
          "RequestTimeoutException", "IDPCommunicationError", "KeyUnavailableException", "KMSInternalException",
          "DependencyTimeoutException", "ReplicatedWriteConflictException"}},
        {error::stream_not_found, {"ResourceNotFoundException"}},
        {error::access_denied,
         {"AccessDenied", "AccessDeniedException", "OptInRequired", "RegionDisabledException"}},
        {error::credentials_refused,
         {"UnrecognizedClientException", "UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId",
          "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure",
          "InvalidIdentityToken", "IDPRejectedClaim"}},
        {error::credentials_expired, {"ExpiredToken", "ExpiredTokenException", "UnauthorizedException"}},
        {error::signature_refused,
         {"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
          "IncompleteSignatureException"}},
        {error::clock_skewed, {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}},
        {error::request_refused,
         {"InvalidArgumentException", "ValidationException", "SerializationException", "InvalidParameterValue",
          "MissingParameter", "InvalidParameterCombination", "MalformedPolicyDocument", "InvalidInput",
          "NoSuchEntity", "PackedPolicyTooLarge"}},
        {error::request_too_large, {"RequestEntityTooLarge", "RequestEntityTooLargeException"}},
        {error::key_service_failed,
         {"KMSDisabled", "KMSDisabledException", "KMSInvalidState", "KMSInvalidStateException", "KMSAccessDenied",
          "KMSAccessDeniedException", "KMSNotFound", "KMSNotFoundException", "KMSOptInRequired",
          "InvalidKMSResourceException", "NotFoundException", "DisabledException", "InvalidCiphertextException",
          "IncorrectKeyException", "InvalidKeyUsageException"}},
        {error::resource_in_use,
         {"ResourceInUseException", "TableInUseException", "EntityAlreadyExists", "ConcurrentModification",
          "DeleteConflict"}},
        {error::conflict,
         {"ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException"}},
        {error::iterator_expired,
         {"ExpiredIteratorException", "ExpiredNextTokenException", "TrimmedDataAccessException"}},
        {error::limit_exceeded, {"LimitExceededException", "LimitExceeded"}},
        {error::response_invalid, {"UnknownOperationException"}},
    };
    for (const auto& [meaning, codes] : table) {
        for (const auto& code : codes) {
            CAPTURE(code);
            CHECK(aws::error_of(code, 400) == meaning);
            CHECK(aws::error_of(code, 500) == meaning);
        }
    }
}

TEST_CASE("an unknown code is judged by its status") {
    CHECK(aws::error_of("Surprise", 400) == error::request_refused);
    for (const int other : {301, 404, 405, 410, 451}) CHECK(aws::error_of("Surprise", other) == error::response_invalid);
    CHECK(aws::error_of("Surprise", 413) == error::request_too_large);
    CHECK(aws::error_of("Surprise", 429) == error::throttled);
    CHECK(aws::error_of("Surprise", 408) == error::service_failed);
    CHECK(aws::error_of("Surprise", 500) == error::service_failed);
    CHECK(aws::error_of("Surprise", 599) == error::service_failed);
    CHECK(aws::error_of("Surprise", 403) == error::access_denied);
}

TEST_CASE("codes are compared whole and with their case") {
    CHECK(aws::error_of("throttlingexception", 400) == error::request_refused);
    CHECK(aws::error_of("ThrottlingException2", 400) == error::request_refused);
    CHECK(aws::error_of("MyKMSException", 400) == error::request_refused);
}

TEST_CASE("an answer without a code is never the service's judgement of a request") {
    for (const int status : {0, 100, 301, 400, 401, 403, 404, 405}) {
        CAPTURE(status);
        CHECK(aws::error_of("", status) == error::response_invalid);
    }
    CHECK(aws::error_of("", 413) == error::request_too_large);
    CHECK(aws::error_of("", 503) == error::service_failed);
}

TEST_CASE("an AWS JSON error is read") {
    const auto failure = aws::parse_service_error(response(
        400, R"({"__type":"ResourceNotFoundException","message":"Stream s under account 1 not found."})",
        {{"x-amzn-requestid", "id-1"}}));
    CHECK(failure.error == error::stream_not_found);
    CHECK(failure.code == "ResourceNotFoundException");
    CHECK(failure.message == "Stream s under account 1 not found.");
    CHECK(failure.request_id == "id-1");
}

TEST_CASE("a code is cut free of namespace and address") {
    for (const std::string code : {"com.amazonaws.kinesis.v20131202#ThrottlingException",
                                   "ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.service/",
                                   "a#b#ThrottlingException:x#y"}) {
        CAPTURE(code);
        const auto failure = aws::parse_service_error(response(400, R"({"__type":")" + code + R"("})"));
        CHECK(failure.code == "ThrottlingException");
        CHECK(failure.error == error::throttled);
    }
}

TEST_CASE("the header names the error, whatever the body does") {
    const std::vector<HttpHeader> headers{{"X-Amzn-ErrorType", "ExpiredTokenException:http://x/"}};
    CHECK(aws::parse_service_error(response(400, "", headers)).code == "ExpiredTokenException");
    CHECK(aws::parse_service_error(response(400, R"({"Message":"m"})", headers)).message == "m");
    CHECK(aws::parse_service_error(response(400, R"({"__type":"Other"})", headers)).code == "ExpiredTokenException");
    CHECK(aws::parse_service_error(response(400, R"({"__type":"Other"})", {{"x-amzn-ErrorType", ""}})).code == "Other");
    CHECK(aws::parse_service_error(response(400, R"({"__type":"Other"})", {{"x-amzn-ErrorType", ":"}})).code == "Other");
}

TEST_CASE("the code of an older protocol stands above all") {
    std::vector<HttpHeader> headers{{"x-amzn-ErrorType", "New"}, {"X-Amzn-Query-Error", "InvalidParameterValue;Sender"}};
    const auto failure = aws::parse_service_error(response(400, R"({"__type":"N","message":"m"})", headers));
    CHECK(failure.code == "InvalidParameterValue");
    CHECK(failure.message == "m");
    headers[1].value = "Bare";
    CHECK(aws::parse_service_error(response(400, "", headers)).code == "Bare");
    headers[1].value = ";Sender";
    CHECK(aws::parse_service_error(response(400, "", headers)).code == "400");
}

TEST_CASE("a code has two names in JSON, of which one is weaker") {
    CHECK(aws::parse_service_error(response(400, R"({"code":"a#Foo:http://x"})")).code == "Foo");
    CHECK(aws::parse_service_error(response(400, R"({"code":"Foo","__type":"Bar"})")).code == "Bar");
    CHECK(aws::parse_service_error(response(400, R"({"__type":"Bar","code":"Foo"})")).code == "Bar");
    CHECK(aws::parse_service_error(response(400, R"({"code":17,"message":"m"})")).code == "400");
    CHECK(aws::parse_service_error(response(400, R"({"code":"Foo","message":)")).code == "Foo");
}

TEST_CASE("the request's id is found where the service writes it") {
    const std::string xml = "<Error><Code>X</Code><RequestId>in the body</RequestId></Error>";
    CHECK(aws::parse_service_error(response(400, xml)).request_id == "in the body");
    CHECK(aws::parse_service_error(response(400, "<E><Error><Code>X</Code></Error><RequestID>r</RequestID></E>"))
              .request_id == "r");
    CHECK(aws::parse_service_error(response(400, xml, {{"x-amz-request-id", "S3's"}})).request_id == "S3's");
    CHECK(aws::parse_service_error(response(400, xml, {{"x-amz-request-id", "S3's"}, {"x-amzn-requestid", "other"}}))
              .request_id == "other");
    CHECK(aws::parse_service_error(response(400, xml, {{"x-amz-request-id", std::string(500, 'x')}}))
              .request_id.size() == 128);
}

TEST_CASE("both spellings of the message are read") {
    CHECK(aws::parse_service_error(response(400, R"({"__type":"A","Message":"big"})")).message == "big");
    CHECK(aws::parse_service_error(response(400, R"({"Message":"big","message":"small","__type":"A"})")).message ==
          "big");
    CHECK(aws::parse_service_error(response(400, R"({"message":null,"Message":"big","__type":"A"})")).message == "big");
}

TEST_CASE("a page of HTML becomes the message") {
    const auto failure = aws::parse_service_error(response(502, "<html>\r\n<h1>Bad Gateway</h1></html>"));
    CHECK(failure.error == error::service_failed);
    CHECK(failure.code == "502");
    CHECK(failure.message == "<html>  <h1>Bad Gateway</h1></html>");
}

TEST_CASE("an error in XML is read, wherever it stands") {
    const std::string error = "<Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>a &lt; b</Message>"
                              "</Error>";
    for (const std::string& body :
         {error, "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://x/\">" + error + "</ErrorResponse>",
          "<ErrorResponse><Errors>" + error + "</Errors></ErrorResponse>"}) {
        CAPTURE(body);
        const auto failure = aws::parse_service_error(response(403, body));
        CHECK(failure.error == error::signature_refused);
        CHECK(failure.code == "SignatureDoesNotMatch");
        CHECK(failure.message == "a < b");
    }
    CHECK(aws::parse_service_error(response(400, "<Error><Code>SlowDown</Code></Error>")).message.empty());
}

TEST_CASE("of an error in XML only its own elements count, the first of each") {
    const std::string body = "<r><Message>no</Message><x:Error a='b'><Code>One</Code><Detail><Code>no</Code></Detail>"
                             "<message>no</message><Code>Two</Code><Message>a<![CDATA[ & ]]>b</Message></x:Error>"
                             "<Error><Code>Three</Code></Error><RequestId>r</RequestId>";
    const auto failure = aws::parse_service_error(response(400, body)); // cut off after the error
    CHECK(failure.code == "One");
    CHECK(failure.message == "a & b");
    CHECK(failure.request_id == "r");
    CHECK(aws::parse_service_error(response(400, "<r><Error/><Error><Code>SlowDown</Code></Error></r>")).error ==
          error::throttled);
}

TEST_CASE("XML that is cut off, or of another shape, is no error of the service") {
    const std::string whole = "<ErrorResponse><Error><Code>SlowDown</Code></Error></ErrorResponse>";
    for (std::size_t size = 0; size < whole.find("</ErrorR"); ++size) {
        CAPTURE(size);
        CHECK(aws::parse_service_error(response(400, whole.substr(0, size))).error == error::response_invalid);
    }
    for (const std::string body : {"<Code>SlowDown</Code>", "<Error><code>SlowDown</code></Error>",
                                   "<Error></Error><Code>SlowDown</Code>", "</Error><Error><Code></Code></Error>"}) {
        CAPTURE(body);
        const auto failure = aws::parse_service_error(response(400, body));
        CHECK(failure.error == error::response_invalid);
        CHECK(failure.message == body);
    }
    CHECK(aws::parse_service_error(response(500, std::string(1'000'000, '<'))).error == error::service_failed);
}

TEST_CASE("an empty body leaves the status") {
    const auto failure = aws::parse_service_error(response(413, ""));
    CHECK(failure.error == error::request_too_large);
    CHECK(failure.code == "413");
    CHECK(failure.message.empty());
}

TEST_CASE("a body that is cut off tells what it can") {
    const std::string whole = R"({"__type":"ThrottlingException","message":"Rate exceeded","x":[1,{"y":2}]})";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        CAPTURE(size);
        const auto failure = aws::parse_service_error(response(400, whole.substr(0, size)));
        if (size >= whole.find(",\"message")) {
            CHECK(failure.error == error::throttled);
        } else {
            CHECK(failure.error == error::response_invalid);
        }
    }
}

TEST_CASE("JSON of another shape is no error of the service") {
    for (const std::string body : {"[]", "\"ThrottlingException\"", "null", "17", "true", "{}", "[{\"__type\":\"A\"}]",
                                   R"({"x":{"__type":"ThrottlingException"}})", R"({"__type":17,"message":[]})"}) {
        CAPTURE(body);
        const auto failure = aws::parse_service_error(response(400, body));
        CHECK(failure.error == error::response_invalid);
        CHECK(failure.code == "400");
        CHECK(failure.message == body);
    }
}

TEST_CASE("values of a wrong type are passed over") {
    const auto failure = aws::parse_service_error(
        response(400, R"({"message":{"a":["b",{}]},"__type":null,"__type":"ThrottlingException"})"));
    CHECK(failure.error == error::throttled);
    CHECK(failure.message.empty());
}

TEST_CASE("deep nesting is survived") {
    const std::string deep(1'000'000, '[');
    CHECK(aws::parse_service_error(response(500, deep)).error == error::service_failed);
    CHECK(aws::parse_service_error(response(400, R"({"__type":"SlowDown","x":)" + deep)).error == error::throttled);
    CHECK(aws::parse_service_error(cbor(500, std::string(1'000'000, '\x81'))).error == error::service_failed);
}

TEST_CASE("an AWS CBOR error is read") {
    const auto failure = aws::parse_service_error(
        cbor(400, cbor_error("com.amazonaws#ProvisionedThroughputExceededException", "Rate exceeded")));
    CHECK(failure.error == error::throttled);
    CHECK(failure.code == "ProvisionedThroughputExceededException");
    CHECK(failure.message == "Rate exceeded");
}

TEST_CASE("a CBOR error of indefinite length is read") {
    const std::string body = "\xbf\x66__type\x7f\x64Slow\x64" "Down\xff\x67message\x62no\xff";
    const auto failure = aws::parse_service_error(cbor(503, body));
    CHECK(failure.error == error::throttled);
    CHECK(failure.message == "no");
}

TEST_CASE("keys of CBOR that are no text are passed over") {
    const std::string body = "\xa3\x81\x01\x02\xc1\x01\xa0\x66__type\x68SlowDown";
    CHECK(aws::parse_service_error(cbor(503, body)).error == error::throttled);
}

TEST_CASE("CBOR that is cut off, or is JSON after all, is survived") {
    const auto whole = cbor_error("SlowDown", "m");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK(aws::parse_service_error(cbor(503, whole.substr(0, size))).error.value() != 0);
    }
    CHECK(aws::parse_service_error(cbor(400, R"({"__type":"SlowDown"})")).error == error::throttled);
}

TEST_CASE("any byte string is survived") {
    std::uint64_t seed = 1;
    for (int round = 0; round < 20'000; ++round) {
        std::string body;
        const auto size = (seed >> 33U) % 40;
        for (std::uint64_t i = 0; i < size; ++i) {
            seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
            constexpr std::string_view likely = "{\"__type\":\"a\\u00ff[]},\xa1\xbf\xff\x66";
            body += (seed >> 62U) == 0 ? static_cast<char>(seed >> 40U) : likely[(seed >> 40U) % likely.size()];
        }
        seed += 0x9E37'79B9'7F4A'7C15U;
        CHECK(aws::parse_service_error(response(400, body)).error.failed());
        CHECK(aws::parse_service_error(cbor(400, body)).error.failed());
    }
}

TEST_CASE("a message is one line of bounded length, and ends with a whole character") {
    const std::string umlaut = "\xc3\xa4";
    std::string body = "x";
    for (int i = 0; i < 1'000; ++i) body += umlaut;
    const auto failure = aws::parse_service_error(response(500, body + "\n\x01\x7f"));
    CHECK(failure.message.size() == aws::ServiceError::max_message - 1);
    CHECK(failure.message.ends_with(umlaut));
    CHECK(aws::parse_service_error(response(500, "\xff\x01\xc3\xa4\xc3 \x80")).message == "? \xc3\xa4? ?");
    CHECK(aws::parse_service_error(response(500, "a\n\tb\x7f\x1b[31m")).message == "a  b  [31m");
    CHECK(aws::parse_service_error(response(500, std::string(1'000'000, '\x80'))).message.size() <=
          aws::ServiceError::max_message);
}

TEST_CASE("what is secret is struck out wherever the service repeats it") {
    const Secrets secrets("AKID", Secret("wJalrXUtnFEMI"), Secret("SESSION/TOKEN=="));
    const auto failure = aws::parse_service_error(
        response(403,
                 R"({"__type":"SESSION\/TOKEN==","message":"should have been 'x-amz-security-token:)"
                 R"(SESSION\/TOKEN\u003d= SESSION/TOKEN==SESSION/TOKEN== wJalrXUtnFEMI AKID'"})",
                 {{"x-amzn-RequestId", "SESSION/TOKEN=="}}),
        secrets);
    CHECK(failure.message == "should have been 'x-amz-security-token:*** ****** *** AKID'");
    CHECK(failure.code == "***");
    CHECK(failure.request_id == "***");
}

TEST_CASE("a secret that the limit would cut in two is struck out before") {
    const Secrets secrets("AKID", Secret("key"), Secret("SESSIONTOKEN"));
    const auto failure =
        aws::parse_service_error(response(400, std::string(aws::ServiceError::max_message - 6, 'x') + "SESSIONTOKEN"),
                                 secrets);
    CHECK(failure.message.find("SESS") == std::string::npos);
}

TEST_CASE("what else a request held is struck out too") {
    const auto failure = aws::parse_service_error(response(400, R"({"__type":"X","message":"no TOKEN"})"), {},
                                                  Secret("TOKEN"));
    CHECK(failure.message == "no ***");
}
