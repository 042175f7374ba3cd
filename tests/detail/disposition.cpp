#include <sluice/detail/disposition.hpp>

#include <doctest/doctest.h>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <map>
#include <string>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::detail::Disposition;
using sluice::detail::disposition;

/// Whose fault is it? Whatever is not here is the stream's.
const std::map<error, Disposition> table{
    {error::record_failed, Disposition::record},
    {error::throttled, Disposition::throttle},
    {error::request_refused, Disposition::request},
    {error::request_too_large, Disposition::request},
    {error::record_too_large, Disposition::refused},
    {error::partition_key_empty, Disposition::refused},
    {error::partition_key_too_long, Disposition::refused},
    {error::not_utf8, Disposition::refused},
    {error::hash_key_invalid, Disposition::refused},
    {error::headers_need_aggregate, Disposition::refused},
    {error::data_not_json, Disposition::refused},
    {error::key_field_missing, Disposition::refused},
};

TEST_CASE("only a record's own failure is the record's, whatever error there is") {
    const std::string unknown = sluice::error_category().message(0);
    int errors = 0;
    for (int value = 1; value < 200; ++value) {
        if (sluice::error_category().message(value) == unknown) continue;
        ++errors;
        const auto which = static_cast<error>(value);
        const auto expected = table.contains(which) ? table.at(which) : Disposition::stream;
        CAPTURE(sluice::error_category().message(value));
        CHECK(disposition(which) == expected);
    }
    CHECK(errors > 40);
}

TEST_CASE("what stands in the way of a whole stream pauses it") {
    for (const auto why : {error::connection_failed, error::name_not_resolved, error::tls_failed, error::timed_out,
                           error::service_failed, error::credentials_missing, error::credentials_expired,
                           error::credentials_refused, error::credentials_failed, error::signature_refused,
                           error::clock_skewed, error::stream_not_found, error::access_denied,
                           error::key_service_failed, error::response_invalid, error::response_truncated,
                           error::response_too_large, error::protocol_violated}) {
        CHECK(disposition(why) == Disposition::stream);
    }
}

TEST_CASE("no failure is a delivery") { CHECK(disposition(error_code{}) == Disposition::delivered); }

TEST_CASE("an error of somebody else's category is the stream's, even if its number is one of ours") {
    CHECK(disposition(boost::asio::error::operation_aborted) == Disposition::stream);
    CHECK(disposition(make_error_code(boost::system::errc::not_enough_memory)) == Disposition::stream);
    CHECK(disposition({static_cast<int>(error::record_failed), boost::system::generic_category()}) ==
          Disposition::stream);
    CHECK(disposition({static_cast<int>(error::record_too_large), boost::system::system_category()}) ==
          Disposition::stream);
}

TEST_CASE("a number that no error has pauses the stream, and loses nothing") {
    CHECK(disposition({9'999, sluice::error_category()}) == Disposition::stream);
    CHECK(disposition({-1, sluice::error_category()}) == Disposition::stream);
}

} // namespace
