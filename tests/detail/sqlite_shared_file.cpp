#include <sluice/detail/sqlite_shared_file.hpp>
#include <sluice/repository/sqlite_items.hpp>

#include "storage/temporary.hpp"

#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using repository::Change;
using File = detail::SqliteSharedFile<repository::SqliteItems>;

const wall_time now = wall_time(std::chrono::seconds(1'795'243'551)); // 2026-11-21 06:45:51 UTC

detail::SqlitePlace at(const std::filesystem::path& path) {
    detail::SqlitePlace place;
    place.path = path.string();
    return place;
}

error_code add(File& file, const std::string& id) {
    if (const auto begun = file.begin(now); !begun) return begun.error();
    std::vector<Change> changes;
    changes.push_back(Change::add(id, boost::json::object()));
    if (const auto written = file.tables().write("items", changes); !written) return written.error();
    const auto committed = file.commit();
    return committed ? error_code() : committed.error();
}

bool has(File& file, const std::string& id) {
    if (!file.begin(now)) return false;
    const auto found = file.tables().get("items", id).has_value();
    return file.commit() && found;
}

} // namespace

TEST_CASE("a damaged file is set aside with its log and the index of that") {
    const TemporaryDirectory directory;
    const auto path = directory / "items";
    const auto aside = path.string() + ".corrupt-20261121T064551Z";
    File file(at(path), "repository");
    CHECK_FALSE(add(file, "a"));
    file.rollback(error::storage_corrupt, now);
    CHECK(file.take_remark().ends_with("It was renamed to " + aside));
    for (const std::string beside : {"", "-wal", "-shm"}) {
        CHECK(std::filesystem::exists(aside + beside));
        CHECK_FALSE(std::filesystem::exists(path.string() + beside));
    }
    CHECK_FALSE(add(file, "b"));
    CHECK_FALSE(has(file, "a"));
}

TEST_CASE("what another process has set aside is not set aside again: under its name is a sound one") {
    const TemporaryDirectory directory;
    const auto path = directory / "items";
    File first(at(path), "repository"), second(at(path), "repository"), third(at(path), "repository");
    REQUIRE_FALSE(add(first, "a"));
    REQUIRE(second.begin(now).has_value());
    first.rollback(error::storage_corrupt, now);
    REQUIRE_FALSE(add(third, "sound"));
    second.rollback(error::storage_corrupt, now);
    CHECK(second.take_remark().ends_with("It has lost its name already"));
    CHECK(has(third, "sound"));
    CHECK(has(second, "sound"));
    CHECK_FALSE(std::filesystem::exists(path.string() + ".corrupt-20261121T064551Z-2"));
}

TEST_CASE("a failure to write is told once, however much is read meanwhile") {
    const TemporaryDirectory directory;
    File file(at(directory / "items"), "repository"), other(at(directory / "items"), "repository");
    CHECK_FALSE(add(file, "a"));
    REQUIRE(other.begin(now).has_value());
    const auto fail = [&] {
        const auto begun = file.begin(now);
        file.rollback(begun.error(), now);
        return file.take_remark();
    };
    CHECK(fail().find("locked") != std::string::npos);
    REQUIRE(file.begin_reading(now).has_value());
    CHECK(file.tables().get("items", "a").has_value());
    REQUIRE(file.commit().has_value());
    CHECK(fail().empty());
    REQUIRE(other.commit().has_value());
    CHECK_FALSE(add(file, "b"));
    REQUIRE(other.begin(now).has_value());
    CHECK_FALSE(fail().empty());
}

TEST_CASE("a file that was moved is left where it is, and the next transaction makes another") {
    const TemporaryDirectory directory;
    const auto path = directory / "items";
    File file(at(path), "repository");
    CHECK_FALSE(add(file, "a"));
    std::filesystem::rename(path, directory / "away");
    CHECK_FALSE(has(file, "a"));
    CHECK_FALSE(add(file, "a"));
    CHECK(std::filesystem::exists(directory / "away"));
}
