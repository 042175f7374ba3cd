#pragma once

#include <sluice/aws/cached_credentials.hpp>
#include <sluice/batching/batching.hpp>
#include <sluice/compression/compression.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/guarded.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/offload/offload.hpp>
#include <sluice/storage/storage.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The policies that act: their recipes, and what these became. Strand only.
///
/// An opening that fails keeps what is open; the next one goes on from there.
template <Destination D, Storage S, Credentials C, Offload O, DeadLetters L, Metrics M, Transport T>
class Company {
public:
    using Recipes = std::tuple<D, S, C, O, L, M, T>;
    static constexpr bool buries_many = BatchDeadLetters<running_t<L>>;

    explicit Company(Recipes recipes) : recipes_(std::move(recipes)) {}

    Company(const Company&) = delete;
    Company& operator=(const Company&) = delete;

    /// Brings the recipes to life, in the order that `World` documents.
    [[nodiscard]] asio::awaitable<result<void>> open(World& world) {
        error_code failure = co_await bring_to_life(std::get<T>(recipes_), transport_, world);
        if (!failure) world.offer(*transport_);
        if (!failure) failure = co_await open_credentials(world);
        if (!failure) failure = co_await bring_to_life(std::get<S>(recipes_), storage_, world);
        if (!failure) failure = co_await bring_to_life(std::get<O>(recipes_), offload_, world);
        if (!failure) failure = co_await bring_to_life(std::get<L>(recipes_), letters_, world);
        if (!failure) failure = co_await open_metrics(world);
        if (!failure) failure = co_await bring_to_life(std::get<D>(recipes_), destination_, world);
        if (failure) co_return failure;
        co_return result<void>{};
    }

    /// Brings only the dead letters to life, for records that the storage never took.
    [[nodiscard]] asio::awaitable<result<void>> open_letters(World& world) {
        if (!transport_ || !credentials_) co_return error::credentials_failed;
        const auto failure = co_await bring_to_life(std::get<L>(recipes_), letters_, world);
        if (failure) co_return failure;
        co_return result<void>{};
    }

    [[nodiscard]] AnyCredentials& credentials() { return *credentials_; }
    [[nodiscard]] running_t<S>& storage() { return *storage_; }
    [[nodiscard]] bool has_storage() const noexcept { return storage_.has_value(); }
    [[nodiscard]] running_t<O>& offload() { return *offload_; }
    [[nodiscard]] running_t<M>& metrics() { return *metrics_; }
    [[nodiscard]] running_t<D>& destination() { return *destination_; }

    // What the policies do that may take time. Each is asked from within a coroutine, so that even what a policy
    // throws before it gives an awaitable comes out of the awaitable given here.

    [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
        co_return co_await storage_->append(std::move(chunks));
    }
    [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                   std::size_t max_bytes) {
        co_return co_await storage_->read(std::move(stream), after, max_bytes);
    }
    /// Reads the data of one record; `body` keeps it.
    [[nodiscard]] asio::awaitable<error_code> fetch(Whereabouts where, SharedBytes& body, std::string_view& data) {
        const auto chunks = co_await guarded(read(where.stream, where.chunk - 1, 0));
        if (!chunks) co_return chunks.error();
        if (chunks->empty()) co_return error::storage_corrupt;
        const auto found = where.data_in(chunks->front());
        if (!found) co_return found.error();
        body = chunks->front().body;
        data = *found;
        co_return error_code();
    }
    [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
        co_return co_await storage_->settle(std::move(changes));
    }
    [[nodiscard]] asio::awaitable<result<void>> clear() { co_return co_await storage_->clear(); }
    [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
        co_return co_await storage_->streams();
    }
    [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() { co_return co_await storage_->usage(); }
    /// One letter, or `buries_many`.
    [[nodiscard]] asio::awaitable<result<void>> bury(std::vector<DeadLetter> letters) {
        if constexpr (buries_many) {
            if (letters.size() > 1) co_return co_await letters_->take_all(std::move(letters));
        }
        co_return co_await letters_->take(std::move(letters.front()));
    }
    [[nodiscard]] asio::awaitable<result<std::vector<ShardRange>>> shards(std::string stream) {
        co_return co_await destination_->shards(stream);
    }

    /// Lets the storage go, so that another producer may open it.
    void release_storage() { storage_.reset(); }

    /// The end: has the credentials asked no more.
    void dismiss() {
        if (credentials_) credentials_->stop();
    }

private:
    template <class Recipe, class Living>
    static asio::awaitable<error_code> bring_to_life(Recipe& recipe, std::optional<Living>& living, World& world) {
        if (living) co_return error_code{};
        auto running = co_await recipe.open(world);
        if (!running) co_return running.error();
        living.emplace(std::move(*running));
        co_return error_code{};
    }

    asio::awaitable<error_code> open_credentials(World& world) {
        if (credentials_) co_return error_code{};
        auto running = co_await std::get<C>(recipes_).open(world);
        if (!running) co_return running.error();
        credentials_.emplace(world, std::move(*running));
        world.offer(*credentials_);
        co_return error_code{};
    }

    /// What is wrong with whoever counts is not taken for what is wrong with those who send.
    asio::awaitable<error_code> open_metrics(World& world) {
        error_code failure;
        try {
            failure = co_await bring_to_life(std::get<M>(recipes_), metrics_, world);
        } catch (...) {
            failure = error_of_exception();
        }
        if (!failure) co_return error_code{};
        world.log().error("the metrics could not be opened: ", failure);
        co_return error::metrics_failed;
    }

    Recipes recipes_;

    // In this order, so that they die in the reverse one.
    std::optional<TransportBox<running_t<T>>> transport_;
    std::optional<CachedCredentials<running_t<C>>> credentials_;
    std::optional<running_t<S>> storage_;
    std::optional<running_t<O>> offload_;
    std::optional<running_t<L>> letters_;
    std::optional<running_t<M>> metrics_;
    std::optional<running_t<D>> destination_;
};

} // namespace sluice::detail
