#pragma once

#include <boost/crc.hpp>

#include <cstdint>
#include <string_view>

namespace sluice::aws {

/// The CRC-32 of zlib and Ethernet (IEEE 802.3), which event streams, S3 and DynamoDB's answers carry.
[[nodiscard]] inline std::uint32_t crc32(std::string_view bytes) {
    boost::crc_32_type sum;
    sum.process_bytes(bytes.data(), bytes.size());
    return sum.checksum();
}

} // namespace sluice::aws
