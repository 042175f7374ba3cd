#include "chunks.hpp"

#include <sluice/detail/arenas.hpp>
#include <sluice/detail/lot.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::SharedBytes;
using sluice::detail::Arenas;

/// A text that fills its arena, and where it lies.
std::string filled(std::string arena, std::size_t bytes, char with = 'x') {
    arena.assign(bytes, with);
    return arena;
}

TEST_CASE("memory comes back when the last reader lets go, and not before") {
    const auto arenas = std::make_shared<Arenas>();
    auto text = filled(arenas->take(Arenas::least_bytes), Arenas::least_bytes);
    const auto* const place = text.data();
    auto shared = arenas->share(std::move(text));
    CHECK(shared->data() == place);
    CHECK(shared->size() == Arenas::least_bytes);
    auto other = shared;
    shared.reset();
    CHECK(arenas->take(Arenas::least_bytes).data() != place);
    CHECK(other->back() == 'x');
    other.reset();
    const auto again = arenas->take(Arenas::least_bytes);
    CHECK(again.data() == place);
}

TEST_CASE("an arena has the room that was asked for, whatever it was before") {
    const auto arenas = std::make_shared<Arenas>();
    arenas->share(filled({}, Arenas::least_bytes)).reset();
    CHECK(arenas->take(2 * Arenas::least_bytes).capacity() >= 2 * Arenas::least_bytes);
    CHECK(arenas->take(0).empty());
}

TEST_CASE("small texts get no large arena, and neither small nor huge ones are kept") {
    const auto arenas = std::make_shared<Arenas>();
    auto text = filled(arenas->take(Arenas::least_bytes), 1);
    const auto* const place = text.data();
    arenas->share(std::move(text)).reset();
    CHECK(arenas->take(Arenas::least_bytes - 1).data() != place);
    CHECK(arenas->take(Arenas::least_bytes).data() == place);
    for (const auto bytes : {std::size_t{0}, std::size_t{100}, Arenas::most_bytes + 1}) {
        arenas->share(filled({}, bytes)).reset();
        CHECK(arenas->take(Arenas::least_bytes).capacity() < Arenas::most_bytes);
    }
}

TEST_CASE("no more than a few arenas are kept") {
    const auto arenas = std::make_shared<Arenas>();
    std::vector<SharedBytes> shared;
    for (std::size_t i = 0; i < 2 * Arenas::most_idle; ++i) {
        shared.push_back(arenas->share(filled({}, 4 * Arenas::least_bytes)));
    }
    shared.clear();
    std::size_t kept = 0;
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < 2 * Arenas::most_idle; ++i) {
        taken.push_back(arenas->take(Arenas::least_bytes));
        if (taken.back().capacity() >= 4 * Arenas::least_bytes) ++kept;
    }
    CHECK(kept == Arenas::most_idle);
}

TEST_CASE("what was shared outlives whoever shared it") {
    auto arenas = std::make_shared<Arenas>();
    const std::weak_ptr<Arenas> alive = arenas;
    auto shared = arenas->share(filled({}, Arenas::least_bytes, 'y'));
    arenas.reset();
    CHECK(shared->front() == 'y');
    shared.reset();
    CHECK(alive.expired());
}

TEST_CASE("a lot writes where the chunk before it lay, once that is gone") {
    const auto arenas = std::make_shared<Arenas>();
    const std::string data(Arenas::least_bytes, 'd');
    const char* place = nullptr;
    for (int i = 0; i < 3; ++i) {
        sluice::detail::Lot lot("stream");
        lot.open({}, chunks::today, arenas, 2 * Arenas::least_bytes);
        lot.add(sluice::RecordView("key", data), "key", chunks::today, 0ms);
        const auto chunk = lot.seal(1);
        const auto frame = sluice::detail::read_frame(*chunk.body, 1);
        REQUIRE(frame.has_value());
        CHECK(frame->data == data);
        if (place == nullptr) place = chunk.body->data();
        CHECK(chunk.body->data() == place);
    }
}

} // namespace
