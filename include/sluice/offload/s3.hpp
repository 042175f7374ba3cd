#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/aws/uuid.hpp>
#include <sluice/offload/offload.hpp>
#include <sluice/offload/pointer.hpp>
#include <sluice/s3/client.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// What an object's name is made of, behind the prefix and a slash. Both come from the record's id alone, so that a
/// retry, after a restart too, writes the same object.
enum class ObjectNames : std::uint8_t {
    id,   ///< The store's id, 32 hexadecimal digits, a dash, and the sequence, 20 digits: they sort by sequence.
    uuid, ///< A version 8 UUID, of the SHA-256 of the id.
};

/// How `S3Offload` works.
class S3OffloadOptions {
public:
    S3OffloadOptions() = default;

    /// Objects at `{log_group}-{schema}-{stream}/{uuid}`.
    [[nodiscard]] static S3OffloadOptions by_schema(const std::string& log_group, const std::string& schema,
                                                    const std::string& stream) {
        S3OffloadOptions how;
        how.prefix = log_group + '-' + schema + '-' + stream;
        how.names = ObjectNames::uuid;
        return how;
    }

    std::string prefix;                  ///< UTF-8, up to 900 bytes, without a slash at its end. May be empty.
    ObjectNames names = ObjectNames::id;
    /// Data of more bytes goes to S3, before compression; 1 KiB to 10 MiB, but never more than nine tenths of
    /// `Options::max_payload`. The default leaves a Kinesis record's usual 1 MiB room for key, headers and framing, so
    /// that whatever is not offloaded can be sent.
    std::size_t threshold = std::size_t{900} << 10U;
    std::size_t max_payload = std::size_t{63} << 20U; ///< Data and key of a put; up to 63 MiB, which storages take.
    std::size_t at_once = 4;                          ///< Payloads on their way at a time; 1 to 64.
    std::chrono::milliseconds timeout{60'000};        ///< Of each request, which has up to 16 MiB. Zero: none.
};

/// Payloads over a threshold go to S3, and a pointer to Kinesis in their place (`S3Pointer`).
///
/// `S3Offload{"payloads"}`. A payload waits in the storage like any other, and is stored when its record is about to be
/// sent; one over 16 MiB in parts of 8 MiB. It is sent from where it lies, uncompressed, and is not copied. Every
/// request is checksummed (SHA-256), and the pointer carries size and digest. Consumers use `S3Resolver`, or fetch the
/// object themselves. Same credentials and, unless the bucket says otherwise, same region as the stream.
///
/// While S3 fails, denies, or knows no such bucket, records under the threshold go on, those over it wait, and one of
/// them tries from time to time; `stats()` tells in `offload_fails_by` why, and the log does once for each change.
/// Nothing of that spends attempts; a time-to-live counts. What S3 refuses as invalid in itself does spend them.
///
/// With a storage that persists, payloads that wait take up to a quarter of `Options::window_bytes`; the others are in
/// the storage alone, and each is read again when its turn comes, `at_once` at a time. So they hold up no small
/// records, but for those that share a lane with one (`Ordering::per_key`): these wait in the window, and may fill it.
/// One that the storage cannot read is tried again; if it is damaged there, and expires, its letter has no data.
///
/// Nothing here ever deletes an object: consumers may still need it. The bucket needs two lifecycle rules: objects
/// under the prefix expire later than the stream's retention (a day to a year), counted from when they are stored; and
/// incomplete multipart uploads are aborted after a day. Retries and restarts overwrite a record's own object; an
/// object without a record is left behind only by one that was stored and then expired, was dropped, cleared or
/// dead-lettered. Permissions: `s3:PutObject` and `s3:AbortMultipartUpload` on the objects; for consumers
/// `s3:GetObject`, with `s3:ListBucket` so that a missing object is not taken for a forbidden one.
class S3Offload {
public:
    using policy_kind = kind::offload;

    /// Throws `std::invalid_argument` for a bucket without a name, and for options out of range.
    template <class...>
    explicit S3Offload(s3::Bucket bucket, S3OffloadOptions how = S3OffloadOptions(),
                       aws::Machine machine = aws::this_machine())
        : bucket_(std::move(bucket)), how_(std::move(how)), machine_(std::move(machine)) {
        require(!bucket_.name.empty(), "sluice: S3Offload needs the name of a bucket");
        require(how_.prefix.size() <= 900 && aws::utf8_length(how_.prefix).has_value() && !how_.prefix.ends_with('/'),
                "sluice: the prefix of S3Offload is UTF-8, of up to 900 bytes, without a slash at its end");
        require(how_.threshold >= 1'024 && how_.threshold <= std::size_t{10} << 20U,
                "sluice: the threshold of S3Offload is 1 KiB to 10 MiB");
        require(how_.max_payload > how_.threshold && how_.max_payload <= std::size_t{63} << 20U,
                "sluice: the largest payload of S3Offload is larger than its threshold, and at most 63 MiB");
        require(how_.at_once >= 1 && how_.at_once <= 64, "sluice: S3Offload stores 1 to 64 payloads at a time");
        require(how_.timeout.count() >= 0, "sluice: the time-out of S3Offload is not negative");
    }

    class Running {
    public:
        Running(s3::Client client, s3::Bucket bucket, S3OffloadOptions how)
            : client_(std::move(client)), bucket_(std::move(bucket)), how_(std::move(how)) {}

        [[nodiscard]] std::size_t threshold() const noexcept { return how_.threshold; }
        [[nodiscard]] std::size_t at_once() const noexcept { return how_.at_once; }

        /// Stores a payload, and gives the text of its pointer.
        template <class...>
        [[nodiscard]] asio::awaitable<result<std::string>> store(RecordId id, std::string_view data) {
            auto key = key_of(id);
            result<aws::Sha256> stored = error::record_too_large;
            if (data.size() > whole_bytes) {
                stored = co_await in_parts(key, data);
            } else {
                stored = co_await whole(key, data);
            }
            if (!stored) co_return stored.error();
            const S3Pointer pointer(bucket_.name, std::move(key), data.size(), *stored);
            co_return encode(pointer);
        }

        /// Where the payload of a record lies.
        [[nodiscard]] std::string key_of(const RecordId& id) const {
            const auto name = how_.names == ObjectNames::id ? by_id(id) : by_uuid(id);
            return how_.prefix.empty() ? name : how_.prefix + '/' + name;
        }

    private:
        static constexpr std::size_t whole_bytes = std::size_t{16} << 20U;
        static constexpr std::size_t part_bytes = std::size_t{8} << 20U;

        [[nodiscard]] static std::string by_id(const RecordId& id) {
            const auto sequence = std::to_string(id.sequence);
            return aws::hex(id.store) + '-' + std::string(20 - sequence.size(), '0') + sequence;
        }

        [[nodiscard]] static std::string by_uuid(const RecordId& id) {
            std::string text(id.store.begin(), id.store.end());
            for (unsigned shift = 64; shift > 0; shift -= 8) {
                text += static_cast<char>(id.sequence >> (shift - 8) & 255U);
            }
            const auto digest = aws::sha256(text);
            std::array<std::uint64_t, 2> halves{};
            for (std::size_t i = 0; i < 16; ++i) halves[i / 8] = halves[i / 8] << 8U | digest[i];
            return aws::uuid_v8(halves[0], halves[1]);
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<aws::Sha256>> whole(std::string key, std::string_view data) {
            const auto digest = aws::sha256(data);
            const auto done = co_await client_.put_object(std::move(key), data, digest);
            if (!done) co_return done.error();
            co_return digest;
        }

        /// One part after the other: several payloads are under way beside this one.
        template <class...>
        [[nodiscard]] asio::awaitable<result<aws::Sha256>> in_parts(std::string key, std::string_view data) {
            auto upload = co_await client_.create_upload(key);
            if (!upload) co_return upload.error();
            auto done = co_await fill(key, *upload, data);
            if (done || done.error() == asio::error::operation_aborted) co_return done;
            // What cannot be aborted either is left to the bucket's rule.
            static_cast<void>(co_await client_.abort_upload(key, *upload));
            co_return done;
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<aws::Sha256>> fill(std::string key, std::string upload,
                                                                std::string_view data) {
            std::vector<s3::Part> parts;
            aws::Sha256Sum sum;
            for (std::size_t at = 0; at < data.size(); at += part_bytes) {
                const auto piece = data.substr(at, part_bytes);
                sum.add(piece);
                const auto number = static_cast<unsigned>(parts.size() + 1);
                const auto digest = aws::sha256(piece);
                auto part = co_await client_.upload_part(key, upload, number, piece, digest);
                if (!part) co_return part.error();
                parts.push_back(*std::move(part));
            }
            const auto done = co_await client_.complete_upload(std::move(key), std::move(upload), std::move(parts));
            if (!done) co_return done.error();
            co_return sum.end();
        }

        s3::Client client_;
        s3::Bucket bucket_;
        S3OffloadOptions how_;
    };

    /// Errors: `region_missing`, `endpoint_invalid`. Nothing is sent yet.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        auto client = s3::Client::open(world, bucket_, machine_);
        if (!client) co_return client.error();
        client->set_timeout(how_.timeout);
        auto how = how_;
        how.threshold = std::min(how.threshold, world.options().max_payload / 10 * 9);
        co_return Running(*std::move(client), bucket_, std::move(how));
    }

    [[nodiscard]] std::size_t max_payload(std::size_t limit) const { return std::max(limit, how_.max_payload); }

private:
    static void require(bool fulfilled, const char* rule) {
        if (!fulfilled) throw std::invalid_argument(rule);
    }

    s3::Bucket bucket_;
    S3OffloadOptions how_;
    aws::Machine machine_;
};

} // namespace sluice
