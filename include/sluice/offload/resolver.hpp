#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/error.hpp>
#include <sluice/offload/pointer.hpp>
#include <sluice/s3/client.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {

/// Gives a consumer the payloads back that `S3Offload` put into a bucket.
///
/// `S3Resolver{"payloads"}`, or with the prefix that the producer has. It follows no pointer to another bucket or past
/// the prefix: whoever may put records into the stream would else choose what is read with the consumer's permissions.
class S3Resolver {
public:
    /// `most`: bytes of a payload; a pointer to more is refused. Throws `std::invalid_argument` for a bucket without a
    /// name.
    template <class...>
    explicit S3Resolver(s3::Bucket bucket, std::string prefix = {}, std::size_t most = std::size_t{64} << 20U,
                        aws::Machine machine = aws::this_machine())
        : bucket_(std::move(bucket)), prefix_(std::move(prefix)), most_(most), machine_(std::move(machine)) {
        if (bucket_.name.empty()) throw std::invalid_argument("sluice: S3Resolver needs the name of a bucket");
        if (!prefix_.empty()) prefix_ += '/';
    }

    class Running {
    public:
        Running(s3::Client client, std::string bucket, std::string prefix, std::size_t most)
            : client_(std::move(client)), bucket_(std::move(bucket)), prefix_(std::move(prefix)), most_(most) {}

        /// The payload of a record's data, taken out of its aggregate and decompressed: what the pointer points to, or
        /// the data itself, if that is no pointer.
        ///
        /// Errors: `object_not_found`: it was deleted before it was read; `object_changed`: size or digest are not
        /// those of the pointer; `malformed`: a pointer that is none, or of a newer version; `access_denied`: it points
        /// elsewhere, or S3 refuses; `response_too_large`: more bytes than allowed; those of S3.
        template <class...>
        [[nodiscard]] asio::awaitable<result<std::string>> resolve(std::string data) {
            if (!is_pointer(data)) co_return std::move(data);
            const auto pointer = parse_pointer(data);
            if (!pointer) co_return pointer.error();
            if (pointer->bucket != bucket_ || !pointer->key.starts_with(prefix_)) co_return error::access_denied;
            if (pointer->size > most_) co_return error::response_too_large;
            auto payload = co_await client_.get_object(pointer->key, static_cast<std::size_t>(pointer->size));
            if (!payload && payload.error() == error::response_too_large) co_return error::object_changed;
            if (!payload) co_return payload.error();
            const bool same = payload->size() == pointer->size && aws::sha256(*payload) == pointer->sha256;
            if (!same) co_return error::object_changed;
            co_return *std::move(payload);
        }

    private:
        s3::Client client_;
        std::string bucket_;
        std::string prefix_;
        std::size_t most_;
    };

    /// Errors: `region_missing`, `endpoint_invalid`. Nothing is sent yet.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        auto client = s3::Client::open(world, bucket_, machine_);
        if (!client) co_return client.error();
        co_return Running(*std::move(client), bucket_.name, prefix_, most_);
    }

private:
    s3::Bucket bucket_;
    std::string prefix_;
    std::size_t most_;
    aws::Machine machine_;
};

} // namespace sluice
