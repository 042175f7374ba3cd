#pragma once

#include <sluice/repository/document.hpp>
#include <sluice/repository/feed.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

inline sluice::repository::Document document(std::string id, std::uint64_t version, boost::json::object body = {}) {
    return {std::move(id), version, std::make_shared<const boost::json::object>(std::move(body))};
}

inline sluice::repository::Document removal(std::string id, std::uint64_t version) {
    return {std::move(id), version, nullptr};
}

/// A change that is known to have found a version; zero: nothing.
inline sluice::repository::Document finding(std::uint64_t found, sluice::repository::Document change) {
    change.found = found;
    return change;
}

/// Reads a feed from outside.
template <class V>
class FeedReader {
public:
    boost::asio::io_context context;
    std::shared_ptr<sluice::repository::Feed<V>> feed =
        std::make_shared<sluice::repository::Feed<V>>(context.get_executor(), 16);

    /// What is there now: a value, the end, or nothing yet.
    std::optional<sluice::result<std::optional<sluice::Update<V>>>> now() {
        if (!waiting_.valid()) waiting_ = boost::asio::co_spawn(context, feed->next(), boost::asio::use_future);
        context.restart();
        context.poll();
        if (waiting_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return std::nullopt;
        return waiting_.get();
    }

private:
    std::future<sluice::result<std::optional<sluice::Update<V>>>> waiting_;
};
