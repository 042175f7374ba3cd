#include <sluice/repository/live.hpp>

#include "watchers.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace {

namespace asio = boost::asio;
using sluice::error;
using sluice::Identified;
using sluice::Query;
using sluice::repository::Document;
using sluice::repository::DocumentPage;
using sluice::repository::Feed;
using sluice::repository::ItemWatcher;
using sluice::repository::QueryWatcher;

static_assert(std::is_same_v<sluice::LiveItem<int>::value_type, int>);
static_assert(std::is_same_v<sluice::LiveQuery<int>::value_type, std::vector<Identified<int>>>);

/// Numbers in documents.
const sluice::Mapping<int> numbers([](const int& number) { return boost::json::value{{"n", number}}; },
                                   [](const boost::json::value& document) {
                                       return boost::json::value_to<int>(document.at("n"));
                                   });

template <class Live>
auto next(asio::io_context& context, Live& live) {
    auto told = asio::co_spawn(context, live.next(), asio::use_future);
    context.restart();
    context.run();
    return told.get();
}

} // namespace

TEST_CASE("a live item gives values, until it is removed") {
    asio::io_context context;
    const auto watcher =
        std::make_shared<ItemWatcher>("a", std::make_shared<Feed<Document>>(context.get_executor(), 2));
    sluice::LiveItem<int> live(numbers, watcher, nullptr);
    watcher->start(document("a", 1, {{"n", 1}}));
    std::vector<Document> changes;
    for (int i = 2; i <= 4; ++i) changes.push_back(document("a", static_cast<std::uint64_t>(i), {{"n", i}}));
    watcher->changed(changes);
    CHECK((*next(context, live))->value == 1);
    const auto newest = next(context, live);
    CHECK((*newest)->value == 4);
    CHECK((*newest)->skipped == 2);
    const std::vector<Document> others{document("a", 5, {{"m", 5}}), document("a", 6, {{"n", 6}})};
    watcher->changed(others);
    CHECK(next(context, live).error() == error::item_invalid);
    CHECK((*next(context, live))->value == 6);
    const std::vector<Document> end{removal("a", 7)};
    watcher->changed(end);
    CHECK_FALSE(next(context, live)->has_value());
}

TEST_CASE("a live query gives values under their ids, or says that one is none") {
    asio::io_context context;
    const auto watcher = std::make_shared<QueryWatcher>(
        Query(), std::make_shared<Feed<QueryWatcher::Found>>(context.get_executor(), 16));
    sluice::LiveQuery<int> live(numbers, watcher, nullptr);
    DocumentPage now;
    now.documents = {document("a", 1, {{"n", 1}}), document("b", 2, {{"n", 2}})};
    watcher->start(now);
    const std::vector<Identified<int>> both{{"a", 1}, {"b", 2}};
    CHECK((*next(context, live))->value == both);
    const std::vector<Document> wrong{document("b", 3)};
    watcher->changed(wrong);
    CHECK(next(context, live).error() == error::item_invalid);
    watcher->ended(error::iterator_expired);
    CHECK(next(context, live).error() == error::iterator_expired);
}

TEST_CASE("what is live keeps open where it came from") {
    asio::io_context context;
    auto documents = std::make_shared<const int>(0);
    const std::weak_ptr<const int> open = documents;
    const auto watcher =
        std::make_shared<ItemWatcher>("a", std::make_shared<Feed<Document>>(context.get_executor(), 2));
    std::optional<sluice::LiveItem<int>> live(std::in_place, numbers, watcher, std::move(documents));
    CHECK_FALSE(open.expired());
    live.reset();
    CHECK(open.expired());
}
