#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/service_error.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/s3/replies.hpp>
#include <sluice/s3/requests.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::s3 {

/// A bucket, and how it is reached.
class Bucket {
public:
    Bucket() = default;
    Bucket(std::string its_name) : name(std::move(its_name)) {} // NOLINT(google-explicit-constructor): its name is it
    Bucket(const char* its_name) : name(its_name) {}            // NOLINT(google-explicit-constructor)

    std::string name;
    std::string region;   ///< Empty: the producer's.
    std::string endpoint; ///< `http[s]://host[:port]`; empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's
                          ///< `endpoint_url`, the region's. `Options::endpoint` is not S3's.
    /// Whether the name stands in the path, or in the host. None: in the path at an endpoint that is configured, and
    /// where it cannot be part of a host: with dots in it no certificate would match.
    std::optional<bool> path_style;
};

/// Calls S3 for the objects of one bucket.
///
/// Calls are tried again as `aws::Settings::retry` says. Errors are those of `sluice::error`, among them
/// `bucket_not_found`, `object_not_found`, `access_denied`, `endpoint_invalid` (another region); the service's own
/// words go to the log, once for each change. Any number of calls may be under way, on the strand of the world, which
/// outlives the client. To be moved only before the first call.
class Client {
public:
    Client(World& world, const aws::ResolvedEndpoint& where, std::string bucket)
        : world_(&world), bucket_(std::move(bucket)),
          client_(world, where.signing_name, where.signing_region, where.endpoint),
          timeout_(world.options().request_timeout) {}

    /// Errors: `region_missing`, `endpoint_invalid`. Nothing is sent yet.
    [[nodiscard]] static result<Client> open(World& world, const Bucket& bucket, const aws::Machine& machine) {
        auto options = world.options();
        if (!bucket.region.empty()) options.region = bucket.region;
        const auto settings = aws::Settings::read(std::move(options), machine);
        aws::EndpointParameters more;
        more.bucket = bucket.name;
        more.custom = bucket.endpoint;
        auto parameters = settings.parameters(aws::Service::s3, std::move(more));
        if (!parameters) return parameters.error();
        parameters->path_style = bucket.path_style.value_or(!parameters->custom.empty());
        const auto where = aws::resolve_endpoint(aws::Service::s3, *parameters);
        if (!where) return where.error();
        Client client(world, *where, bucket.name);
        client.client_.set_retry(settings.retry());
        return client;
    }

    /// How long one attempt may take, whatever it moves; else `Options::request_timeout`. Zero: for ever.
    void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

    /// Whether the bucket is there and these credentials may use it. The service says no word why not.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> head_bucket() {
        auto call = s3::head_bucket();
        auto reply = co_await send("HeadBucket", std::move(call));
        if (!reply.error) co_return result<void>{};
        if (reply.response.status == 404) co_return error::bucket_not_found;
        if (reply.response.status == 403) co_return error::access_denied;
        co_return reply.error;
    }

    /// Stores data under a key, in place of what is there; `digest` is its SHA-256. The data must live until this
    /// completes, and has at most 5 GB.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> put_object(std::string key, std::string_view data,
                                                           aws::Sha256 digest) {
        auto call = s3::put_object(key, data, digest);
        auto reply = co_await send("PutObject", std::move(call));
        if (reply.error) co_return reply.error;
        // Whoever answers for the service, as a gateway's page does, knows no ETag.
        if (find_header(reply.response.headers, "ETag").empty()) co_return error::response_invalid;
        co_return result<void>{};
    }

    /// The data under a key, of so many bytes at most, else `response_too_large`. What does not have the checksum that
    /// came with it is `response_invalid`.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::string>> get_object(std::string key, std::size_t most) {
        auto call = s3::get_object(key);
        call.max_response_bytes = std::max(most, least_response_bytes);
        auto reply = co_await send("GetObject", std::move(call));
        const bool without_word = reply.response.status == 404 && reply.error == error::response_invalid;
        if (without_word) co_return error::object_not_found;
        if (reply.error) co_return reply.error;
        if (reply.response.body.size() > most) co_return error::response_too_large;
        const auto whole = check_object(reply.response);
        if (!whole) co_return whole.error();
        co_return std::move(reply.response.body);
    }

    /// Deletes what is under a key, if anything is.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> delete_object(std::string key) {
        auto call = s3::delete_object(key);
        auto reply = co_await send("DeleteObject", std::move(call));
        if (reply.error) co_return reply.error;
        co_return result<void>{};
    }

    /// Begins to store something in parts; gives the upload's id.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::string>> create_upload(std::string key) {
        auto call = s3::create_upload(key);
        auto reply = co_await send("CreateMultipartUpload", std::move(call));
        if (reply.error) co_return reply.error;
        auto id = parse_upload(reply.response.body);
        if (!id) co_return error::response_invalid;
        co_return *std::move(id);
    }

    /// Stores a part, of 5 MiB to 5 GiB but for the last; `digest` is its SHA-256. The data must live until this
    /// completes.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Part>> upload_part(std::string key, std::string upload, unsigned number,
                                                            std::string_view data, aws::Sha256 digest) {
        auto call = s3::upload_part(key, upload, number, data, digest);
        auto reply = co_await send("UploadPart", std::move(call));
        if (reply.error) co_return reply.error;
        std::string etag(find_header(reply.response.headers, "ETag"));
        if (etag.empty()) co_return error::response_invalid;
        co_return Part(number, std::move(etag), digest);
    }

    /// Makes an object of parts, in the order of their numbers, in place of what is under the key.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> complete_upload(std::string key, std::string upload,
                                                                std::vector<Part> parts) {
        auto call = s3::complete_upload(key, upload, parts);
        auto reply = co_await send("CompleteMultipartUpload", std::move(call));
        if (reply.error) co_return reply.error;
        if (parse_completed(reply.response.body)) co_return result<void>{};
        const auto failure = aws::parse_service_error(reply.response);
        reply.error = failure.error;
        reply.code = failure.code;
        reply.message = failure.message;
        note("CompleteMultipartUpload", reply);
        co_return reply.error;
    }

    /// Lets go of an upload and its parts. One attempt: a rule of the bucket takes away what is left.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> abort_upload(std::string key, std::string upload) {
        auto call = s3::abort_upload(key, upload);
        call.timeout = timeout_;
        auto reply = co_await client_.send_once(std::move(call));
        if (reply.error) co_return reply.error;
        co_return result<void>{};
    }

private:
    /// A refusal must find room, too.
    static constexpr std::size_t least_response_bytes = std::size_t{1} << 20U;

    template <class...>
    asio::awaitable<aws::Reply> send(std::string_view operation, aws::Call call) {
        call.timeout = timeout_;
        if (!call.max_response_bytes) call.max_response_bytes = least_response_bytes;
        auto reply = co_await client_.send(std::move(call));
        note(operation, reply);
        co_return std::move(reply);
    }

    /// An outage is told once, not at every try.
    void note(std::string_view operation, const aws::Reply& reply) {
        const auto before = std::exchange(last_failure_, reply.error);
        if (!reply.error || reply.error == before || reply.error == asio::error::operation_aborted) return;
        const bool is_word = !reply.code.empty() && (reply.code.front() < '0' || reply.code.front() > '9');
        if (!is_word) return world_->log().warning("S3 did not do ", operation, " in ", bucket_, ": ", reply.error);
        world_->log().warning("S3 did not do ", operation, " in ", bucket_, ": ", reply.code, " ", reply.message);
    }

    World* world_;
    std::string bucket_;
    aws::Client client_;
    std::chrono::milliseconds timeout_;
    error_code last_failure_;
};

} // namespace sluice::s3
