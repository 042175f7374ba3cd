#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <type_traits>

namespace sluice {

using error_code = boost::system::error_code;

/// A value or the reason why there is none; used where nothing waits.
template <class T>
using result = boost::system::result<T>;

/// Everything that can go wrong, by what the caller can do about it.
///
/// Every message is a sentence, and ends with the remedy. The service's own words travel beside the code, in
/// `Receipt::attempts()` and in dead letters.
enum class error {
    // what was put
    record_too_large = 1,
    partition_key_empty,
    partition_key_too_long,
    not_utf8,
    hash_key_invalid,
    stream_name_invalid,
    too_many_streams,
    headers_need_aggregate,
    data_not_json,
    key_field_missing,
    // what became of it
    buffer_full,
    disabled,
    closed,
    cleared,
    expired,
    dropped,
    gave_up,
    kept,
    // storage
    storage_locked,
    storage_corrupt,
    storage_foreign,
    storage_unwritable,
    storage_full,
    storage_failed,
    // credentials
    credentials_missing,
    credentials_refused,
    credentials_expired,
    credentials_failed,
    // what moves bytes
    name_not_resolved,
    connection_failed,
    tls_failed,
    timed_out,
    response_truncated,
    response_too_large,
    protocol_violated,
    // what the service says
    throttled,
    service_failed,
    record_failed,
    wrong_shard,
    stream_not_found,
    access_denied,
    signature_refused,
    clock_skewed,
    request_refused,
    request_too_large,
    key_service_failed,
    resource_in_use,
    iterator_expired,
    limit_exceeded,
    response_invalid,
    bucket_not_found,
    object_not_found,
    object_changed,
    // repositories
    not_found,
    already_exists,
    conflict,
    id_repeated,
    id_invalid,
    item_invalid,
    item_too_large,
    query_invalid,
    batch_too_large,
    table_not_found,
    table_unfit,
    // what was configured
    region_missing,
    endpoint_invalid,
    metrics_failed,
    // text that others wrote
    malformed,
};

namespace detail {

class ErrorCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "sluice"; }

    [[nodiscard]] std::string message(int value) const override { return sentence(static_cast<error>(value)); }

private:
    static const char* sentence(error value) noexcept {
        switch (value) {
        case error::record_too_large:
            return "The record is larger than the limit; split it, compress it, offload it, or raise "
                   "Options::max_payload if the stream allows more.";
        case error::partition_key_empty:
            return "The partition key is empty; give 1 to 256 characters, or none at all to let the partitioning "
                   "policy choose.";
        case error::partition_key_too_long:
            return "The partition key has more than 256 characters; shorten it, or put a hash of it.";
        case error::not_utf8:
            return "The partition key is not valid UTF-8; encode it, for instance as hexadecimal digits.";
        case error::hash_key_invalid:
            return "The explicit hash key is not a decimal number from 0 to 2^128-1; leave it empty to have the "
                   "partition key hashed.";
        case error::stream_name_invalid:
            return "The stream name is not 1 to 128 characters of a-z, A-Z, 0-9, '_', '.' and '-', nor an ARN; set "
                   "Options::stream or Record::stream to the name of the stream, or to its ARN.";
        case error::too_many_streams:
            return "More streams hold records than Options::max_streams allows; raise it, or wait until one is "
                   "empty.";
        case error::headers_need_aggregate:
            return "Headers travel only inside aggregates; choose the Aggregate batching, or put the record without "
                   "headers.";
        case error::data_not_json:
            return "The data is no JSON object, in which the partitioning policy looks for its field; put JSON, or "
                   "give the record a partition key.";
        case error::key_field_missing:
            return "The field that makes the partition key is absent, or is null, an object or an array; correct the "
                   "path, or give the record a partition key.";
        case error::buffer_full:
            return "The buffer is full; await async_put to wait for room, or raise Options::buffer_bytes and "
                   "Options::buffer_records.";
        case error::disabled:
            return "The producer is disabled; call enable() first.";
        case error::closed:
            return "The producer is closed; make a new one.";
        case error::cleared:
            return "The record was removed by async_clear; put it again if it is still wanted.";
        case error::expired:
            return "The record outlived its time-to-live before it could be delivered; raise Options::time_to_live, "
                   "or see stats().paused_by for what held it up.";
        case error::dropped:
            return "The record was dropped to make room for newer ones; raise Options::buffer_bytes, or choose "
                   "another Options::when_full.";
        case error::gave_up:
            return "The record was refused as often as Options::attempts allows; see in its attempts what the "
                   "service said.";
        case error::kept:
            return "The producer ended before the record was delivered; open the same storage again, and the next "
                   "producer delivers it.";
        case error::storage_locked:
            return "Somebody else has this storage, or writes to it for long; close that one, wait for it, or give "
                   "each a storage of its own.";
        case error::storage_corrupt:
            return "The storage is damaged; see the log for what, and whether it was set aside so that opening again "
                   "starts with an empty one.";
        case error::storage_foreign:
            return "What is stored there is not of sluice, or of a newer version; choose another place, or update.";
        case error::storage_unwritable:
            return "The storage cannot be opened for writing; check that the directory exists and its permissions.";
        case error::storage_full:
            return "The storage has no room left; free disk space, and put the record again.";
        case error::storage_failed:
            return "The storage failed; see the log for its reason, and put again what was not acknowledged.";
        case error::credentials_missing:
            return "No credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or "
                   "choose a credentials policy.";
        case error::credentials_refused:
            return "The service does not know these credentials; check the access key and the account.";
        case error::credentials_expired:
            return "The credentials have expired; renew them, or use a credentials policy that refreshes them.";
        case error::credentials_failed:
            return "The credentials policy failed to give credentials; see the log for its reason.";
        case error::name_not_resolved:
            return "The host name of the endpoint was not found; check the network, the region and the endpoint.";
        case error::connection_failed:
            return "The connection could not be made, or broke; check the network and the endpoint.";
        case error::tls_failed:
            return "The TLS handshake failed or the certificate is not trusted; check the endpoint, the clock and "
                   "the CA bundle.";
        case error::timed_out:
            return "No answer came in time, or not the state that was waited for; check the network and the service, "
                   "or allow more time.";
        case error::response_truncated:
            return "The answer was cut off before its end; try again, as a producer does by itself.";
        case error::response_too_large:
            return "The answer is larger than allowed; check that the endpoint is the service that you expect.";
        case error::protocol_violated:
            return "The answer is not HTTP; check the scheme and the port of the endpoint.";
        case error::throttled:
            return "The service asks to slow down; spread the keys, or give the stream more shards, the table more "
                   "capacity.";
        case error::service_failed:
            return "The service failed or is not available; try again, as a producer does by itself.";
        case error::record_failed:
            return "The service failed to take this record; try again, as a producer does by itself.";
        case error::wrong_shard:
            return "The shards changed while the record was on its way; try again, as a producer does by itself.";
        case error::stream_not_found:
            return "The stream does not exist in this account and region; create it, or check its name and the "
                   "region.";
        case error::access_denied:
            return "The credentials do not permit this call; grant it in IAM.";
        case error::signature_refused:
            return "The service computed another signature; check the secret access key and the region.";
        case error::clock_skewed:
            return "The clock of this machine is too far from the service's; set the clock.";
        case error::request_refused:
            return "The service refused the request as invalid; see its message for which part.";
        case error::request_too_large:
            return "The request is larger than the service takes; lower Options::request_bytes.";
        case error::key_service_failed:
            return "The stream's encryption key cannot be used; check the key's state and policy in KMS.";
        case error::resource_in_use:
            return "The resource exists already or is being changed; wait until it is active.";
        case error::iterator_expired:
            return "The place to read on from has expired, or what follows it is not kept any more; begin anew, with "
                   "a new token, iterator or live query.";
        case error::limit_exceeded:
            return "A limit of the account is reached; wait, or ask for a higher one.";
        case error::response_invalid:
            return "The answer does not have the form that the service documents; check that the endpoint is the "
                   "service that you expect.";
        case error::bucket_not_found:
            return "The bucket does not exist in this region; create it, or check its name and the region.";
        case error::object_not_found:
            return "The object does not exist, or not any more; keep objects longer than the stream keeps the records "
                   "that point to them.";
        case error::object_changed:
            return "The object is not what was stored under its key; check what else writes to the bucket.";
        case error::not_found: return "There is no item with this id; add it first, or look whether it was removed.";
        case error::already_exists:
            return "There is an item with this id already; update it, or choose another id.";
        case error::conflict:
            return "Somebody else changes the same item at the same time, again and again; try once more.";
        case error::id_repeated:
            return "An id is twice among the items that are changed together; give each item once.";
        case error::id_invalid:
            return "The id of an item is not 1 to 2,048 bytes of UTF-8; shorten it, or encode it.";
        case error::item_invalid:
            return "The item is no JSON object that every repository can keep, or no value of this one; give its "
                   "members names, UTF-8 as text, finite numbers, and no more than 30 levels.";
        case error::item_too_large:
            return "The item is larger than 400 KB with its names; split it, or keep its data elsewhere.";
        case error::query_invalid:
            return "The query has a constant that does not compare, an empty name, a page without room, or a token of "
                   "another query; correct it.";
        case error::batch_too_large:
            return "More than 100 items, or 4 MB, cannot be changed together; change fewer at a time.";
        case error::table_not_found:
            return "The table does not exist in this account and region, or is being made; create it, or check its "
                   "name and the region.";
        case error::table_unfit:
            return "The table has not the key, the indexes or the change stream that are needed; see the log for "
                   "which, and change it or name another table.";
        case error::region_missing:
            return "No region is known; set Options::region, AWS_REGION, or the profile's region.";
        case error::endpoint_invalid:
            return "The endpoint is not a URL of the form http[s]://host[:port], or does not go with what else is "
                   "configured; correct Options::endpoint, AWS_ENDPOINT_URL or the profile.";
        case error::metrics_failed:
            return "The metrics could not be opened, and the producer with them; see the log for why, or do without "
                   "metrics.";
        case error::malformed:
            return "The text does not have the form that its format demands; check what wrote it.";
        }
        return "This is not an error of sluice; compare codes with sluice::error.";
    }
};

} // namespace detail

/// The category of `sluice::error`.
inline const boost::system::error_category& error_category() noexcept {
    static const detail::ErrorCategory category;
    return category;
}

inline error_code make_error_code(error value) noexcept {
    return {static_cast<int>(value), error_category()};
}

} // namespace sluice

template <>
struct boost::system::is_error_code_enum<sluice::error> : std::true_type {};
