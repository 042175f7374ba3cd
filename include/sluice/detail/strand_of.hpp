#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

namespace sluice::detail {

namespace asio = boost::asio;

/// A strand of an executor.
///
/// One of an `io_context` is made from its own type: it then fits into an `any_io_executor`, while a strand of an
/// `any_io_executor` is allocated, and what it holds as well, whenever either is copied.
[[nodiscard]] inline asio::any_io_executor strand_of(const asio::any_io_executor& executor) {
    const auto* const plain = executor.target<asio::io_context::executor_type>();
    if (plain != nullptr) return asio::make_strand(*plain);
    return asio::make_strand(executor);
}

} // namespace sluice::detail
