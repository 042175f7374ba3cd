#include "adapter.hpp"

#include "storage/temporary.hpp"

#include <sluice/aws/uuid.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/repository/dynamodb.hpp>
#include <sluice/repository/memory.hpp>
#include <sluice/repository/sqlite.hpp>
#include <sluice/session.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conform {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace sluice;

/// What the scenarios keep.
class Product {
public:
    Product(std::string its_id, std::string its_name, double its_price)
        : id(std::move(its_id)), name(std::move(its_name)), price(its_price) {}

    std::string id;
    std::string name;
    double price;
    std::string pad;
};

json::value write(const Product& product) {
    json::object object;
    object["id"] = product.id;
    object["name"] = product.name;
    object["price"] = product.price;
    if (!product.pad.empty()) object["pad"] = product.pad;
    return object;
}

Product read(const json::value& value) {
    const auto& object = value.as_object();
    Product product(text(object, "id"), text(object, "name"), number<double>(object, "price"));
    product.pad = text(object, "pad");
    return product;
}

Mapping<Product> mapping() { return {write, read}; }

Product with_id(Product product, const std::string& id) {
    product.id = id;
    return product;
}

json::object one(std::string_view name, json::value value) {
    json::object object;
    object[name] = std::move(value);
    return object;
}

json::object failed(error_code why) {
    if (why == error::not_found) return one("error", "notFound");
    return one("error", why == error::already_exists ? "alreadyExists" : "other");
}

json::object done() { return one("ok", true); }

/// What a stream told, from its begin.
class Watching {
public:
    explicit Watching(const asio::any_io_executor& executor) : news(executor) {}

    json::array events;
    bool ended = false;
    error_code failure;
    asio::steady_timer news; ///< Cancelled when there are any.
    asio::cancellation_signal stop;
};

json::value event_of(const Product& product) { return one("value", write(product)); }
json::value event_of(const std::vector<Identified<Product>>& found) { return one("count", found.size()); }

/// The steps of a case, in a repository that runs.
template <RunningRepository Products>
class Scenario {
public:
    Scenario(asio::any_io_executor executor, Products products)
        : executor_(std::move(executor)), products_(std::move(products)) {}

    awaitable<json::array> run(json::array steps) {
        json::array results;
        for (const auto& step : steps) {
            auto result = co_await take(step.as_object());
            results.push_back(std::move(result));
        }
        for (const auto& [name, watching] : streams_) watching->stop.emit(asio::cancellation_type::terminal);
        co_return results;
    }

private:
    awaitable<json::object> take(const json::object& step) {
        const auto what = text(step, "do");
        if (what == "add") return add(step, fresh(step));
        if (what == "addAutoIdentified") return add_new(step);
        if (what == "autoIdentify") return identify(step);
        if (what == "addIdentified") return add(step, identified_.at(text(step, "from")));
        if (what == "get") return get(step);
        if (what == "update") return update(step);
        if (what == "delete") return remove(step);
        if (what == "addAll") return add_all(step);
        if (what == "updateAll") return update_all(step);
        if (what == "deleteAll") return remove_all(step);
        if (what == "addMany") return add_many(step);
        if (what == "query") return query(step);
        if (what == "parallelIncrement") return increment(step);
        if (what == "stream") return watch(step, products_.live(id(step)));
        if (what == "streamQuery") return watch(step, products_.live(asked(step)));
        if (what == "collect") return collect(step);
        if (what == "wait") return wait(step);
        throw Unsupported();
    }

    /// An id, or what a variable stands for.
    [[nodiscard]] std::string id(const json::value& given) const {
        const std::string name(given.as_string());
        const auto bound = ids_.find(name);
        return bound == ids_.end() ? name : bound->second;
    }
    [[nodiscard]] std::string id(const json::object& step) const { return id(step.at("id")); }

    void bind(const json::object& step, const std::string& id, const std::string& suffix = {}) {
        if (const auto name = text(step, "as"); !name.empty()) ids_["$" + name + suffix] = id;
    }

    [[nodiscard]] static Product product(const json::object& of, std::string id) {
        Product made(std::move(id), text(of, "name"), number<double>(of, "price", 9.99));
        made.pad.assign(number<std::size_t>(of, "pad_bytes"), 'x');
        return made;
    }

    [[nodiscard]] Identified<Product> fresh(const json::object& of) const {
        return Identified<Product>(id(of), product(of, id(of)));
    }

    static void set(Product& product, const json::object& members) {
        if (members.contains("name")) product.name = text(members, "name");
        product.price = number<double>(members, "price", product.price);
    }

    awaitable<json::object> add(const json::object& step, Identified<Product> item) {
        const auto added = co_await products_.add(item);
        if (!added) co_return failed(added.error());
        bind(step, item.id);
        co_return one("value", write(item.object));
    }

    awaitable<json::object> add_new(const json::object& step) {
        const auto added = co_await products_.add_new(product(step, ""), with_id);
        if (!added) co_return failed(added.error());
        bind(step, added->id);
        co_return one("value", write(added->object));
    }

    awaitable<json::object> identify(const json::object& step) {
        auto own = product(step, text(step, "id"));
        auto item = flag(step, "updates_object") ? products_.identify(std::move(own), with_id)
                                                 : products_.identify(std::move(own));
        bind(step, item.id);
        json::object out = one("id", json::string(item.id));
        out["object"] = write(item.object);
        identified_.insert_or_assign(text(step, "as"), std::move(item));
        co_return out;
    }

    awaitable<json::object> get(const json::object& step) {
        const auto found = co_await products_.get(id(step));
        co_return found ? one("value", write(*found)) : failed(found.error());
    }

    awaitable<json::object> update(const json::object& step) {
        const auto change = [&step](Product product) {
            set(product, step.at("set").as_object());
            return product;
        };
        const auto updated = co_await products_.update(id(step), change);
        co_return updated ? one("value", write(*updated)) : failed(updated.error());
    }

    awaitable<json::object> remove(const json::object& step) {
        const auto removed = co_await products_.remove(id(step));
        co_return removed ? done() : failed(removed.error());
    }

    awaitable<json::object> add_all(const json::object& step) {
        std::vector<Identified<Product>> items;
        if (const auto* names = step.if_contains("auto")) {
            for (const auto& name : names->as_array()) {
                auto made = product(step, "");
                made.name = name.as_string();
                items.push_back(products_.identify(std::move(made), with_id));
            }
        } else {
            for (const auto& item : step.at("items").as_array()) items.push_back(fresh(item.as_object()));
        }
        const auto added = co_await products_.add_all(items);
        if (!added) co_return failed(added.error());
        for (std::size_t i = 0; i < items.size(); ++i) bind(step, items[i].id, std::to_string(i));
        co_return values(items);
    }

    awaitable<json::object> update_all(const json::object& step) {
        std::vector<Identified<Product>> items;
        for (const auto& each : step.at("items").as_array()) {
            const auto its_id = id(each.as_object());
            auto now = co_await products_.get(its_id);
            if (!now && now.error() != error::not_found) co_return failed(now.error());
            Product changed = now ? *std::move(now) : Product(its_id, "", 0); // who is missing is found out below
            set(changed, each.at("set").as_object());
            items.emplace_back(its_id, std::move(changed));
        }
        const auto updated = co_await products_.update_all(items);
        co_return updated ? values(items) : failed(updated.error());
    }

    awaitable<json::object> remove_all(const json::object& step) {
        std::vector<std::string> ids;
        for (const auto& each : step.at("ids").as_array()) ids.push_back(id(each));
        const auto removed = co_await products_.remove_all(std::move(ids));
        co_return removed ? done() : failed(removed.error());
    }

    awaitable<json::object> add_many(const json::object& step) {
        const auto all = number<std::size_t>(step, "n");
        const auto pad = number<std::size_t>(step, "pad_bytes");
        const auto at_once = std::clamp<std::size_t>(1'000'000 / (pad + 100), 1, 100);
        for (std::size_t next = 0; next < all;) {
            std::vector<Identified<Product>> items;
            for (; next < all && items.size() < at_once; ++next) {
                Product made("", text(step, "name_prefix") + std::to_string(next), number<double>(step, "price", 9.99));
                made.pad.assign(pad, 'x');
                items.push_back(products_.identify(std::move(made), with_id));
            }
            const auto added = co_await products_.add_all(std::move(items));
            if (!added) co_return failed(added.error());
        }
        co_return done();
    }

    awaitable<json::object> query(const json::object& step) {
        const auto found = co_await products_.query(asked(step));
        co_return found ? values(found->items) : failed(found.error());
    }

    [[nodiscard]] static Query asked(const json::object& step) {
        Query query;
        if (step.contains("name_prefix")) query.where(Field("name").starts_with(text(step, "name_prefix")));
        if (step.contains("min_price")) query.where(Field("price") >= number<double>(step, "min_price"));
        if (step.contains("max_price")) query.where(Field("price") <= number<double>(step, "max_price"));
        return query;
    }

    [[nodiscard]] static json::object values(const std::vector<Identified<Product>>& items) {
        json::array array;
        for (const auto& item : items) array.push_back(write(item.object));
        return one("values", std::move(array));
    }

    awaitable<json::object> increment(const json::object& step) {
        const auto times = number<std::size_t>(step, "times");
        std::size_t ended = 0;
        std::size_t succeeded = 0;
        asio::steady_timer last(executor_, asio::steady_timer::time_point::max());
        for (std::size_t i = 0; i < times; ++i) {
            auto note = [&](const std::exception_ptr& thrown, bool well) {
                if (thrown) std::rethrow_exception(thrown);
                succeeded += well ? 1U : 0U;
                if (++ended == times) last.cancel();
            };
            asio::co_spawn(executor_, increment_once(id(step)), std::move(note));
        }
        while (ended < times) co_await rest(last);
        co_return one("succeeded", succeeded);
    }

    awaitable<bool> increment_once(std::string of) {
        const auto more = [](Product product) {
            product.price += 1;
            return product;
        };
        const auto updated = co_await products_.update(std::move(of), more);
        co_return updated.has_value();
    }

    template <class Live>
    awaitable<json::object> watch(const json::object& step, awaitable<result<Live>> begin) {
        const auto watching = std::make_shared<Watching>(executor_);
        streams_[text(step, "as")] = watching;
        auto live = co_await std::move(begin);
        if (!live) {
            watching->failure = live.error();
            watching->ended = true;
            co_return done();
        }
        auto token = asio::bind_cancellation_slot(watching->stop.slot(), [watching](const std::exception_ptr&) {});
        asio::co_spawn(executor_, follow(*std::move(live), watching), std::move(token));
        co_return done();
    }

    template <class Live>
    static awaitable<void> follow(Live live, std::shared_ptr<Watching> watching) {
        while (!watching->ended) {
            auto update = co_await live.next();
            watching->failure = update ? error_code() : update.error();
            watching->ended = !update || !*update;
            if (!watching->ended) watching->events.push_back(event_of((*update)->value));
            watching->news.cancel();
        }
    }

    awaitable<json::object> collect(const json::object& step) {
        const auto watching = streams_.at(text(step, "stream"));
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(number<int>(step, "within_ms"));
        const auto enough = number<std::size_t>(step, "count");
        while (!watching->ended && watching->events.size() < enough && std::chrono::steady_clock::now() < end) {
            watching->news.expires_at(end);
            co_await rest(watching->news);
        }
        if (watching->failure) co_return failed(watching->failure);
        auto out = one("events", watching->events);
        out["closed"] = watching->ended;
        co_return out;
    }

    awaitable<json::object> wait(const json::object& step) {
        asio::steady_timer timer(executor_, std::chrono::milliseconds(number<int>(step, "ms")));
        co_await rest(timer);
        co_return done();
    }

    static awaitable<void> rest(asio::steady_timer& timer) {
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::any_io_executor executor_;
    Products products_;
    std::map<std::string, std::string> ids_; ///< Of the variables, by `$name`.
    std::map<std::string, Identified<Product>> identified_;
    std::map<std::string, std::shared_ptr<Watching>> streams_;
};

template <Repository Recipe>
awaitable<json::array> play_in(Session session, Recipe recipe, json::array steps) {
    auto products = co_await session.open(std::move(recipe));
    if (!products) throw Refused(products.error().message());
    Scenario<running_t<Recipe>> scenario(session.executor(), *std::move(products));
    auto results = co_await scenario.run(std::move(steps));
    co_return results;
}

/// In a table of its own, which is deleted in the end.
awaitable<json::array> play_in_table(Session session, std::string endpoint, json::array steps) {
    const auto table = "conform-" + aws::uuid_v4(session.world().clock());
    auto client = accepted(dynamodb::Client::open(session.world(), endpoint));
    DynamoDbRepository<Product> recipe(table, mapping());
    recipe = recipe.at(endpoint).create_table().look_every(std::chrono::milliseconds(50));
    auto results = co_await play_in(session, recipe, std::move(steps));
    const dynamodb::DeleteTable end(table);
    const auto deleted = co_await client.call(end);
    if (!deleted) throw Refused(deleted.error().message());
    co_return results;
}

/// What `play(session)` gives.
template <class Play>
json::object played(Play play) {
    asio::io_context context;
    Options options;
    options.region = "eu-west-1";
    const Session session(context.get_executor(), options, StaticCredentials("local", Secret("local")));
    json::object out;
    asio::co_spawn(session.executor(), play(session), [&out](const std::exception_ptr& thrown, json::array steps) {
        if (thrown) std::rethrow_exception(thrown);
        out["steps"] = std::move(steps);
    });
    context.run();
    return out;
}

json::object scenario(const json::object& in) {
    const auto backend = text(in, "backend");
    const auto& steps = in.at("steps").as_array();
    if (backend == "memory") {
        return played([&](Session session) { return play_in(session, MemoryRepository<Product>(mapping()), steps); });
    }
    if (backend == "sqlite") {
        const TemporaryDirectory directory;
        const SqliteRepository<Product> recipe(directory / "products.db", "products", mapping());
        return played([&](Session session) { return play_in(session, recipe, steps); });
    }
    if (backend == "dynamodb") {
        return played([&](Session session) { return play_in_table(session, text(in, "endpoint"), steps); });
    }
    throw Unsupported();
}

} // namespace

void add_repository(Operations& operations) { operations["repo.scenario"] = scenario; }

} // namespace conform
