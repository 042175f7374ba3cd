#include <sluice/partitioning/composite.hpp>
#include <sluice/partitioning/conformance.hpp>
#include <sluice/partitioning/distribution.hpp>
#include <sluice/partitioning/field.hpp>
#include <sluice/partitioning/from.hpp>
#include <sluice/partitioning/hash.hpp>
#include <sluice/partitioning/random.hpp>
#include <sluice/partitioning/round_robin.hpp>
#include <sluice/partitioning/sticky_shard.hpp>
#include <sluice/partitioning/time_window.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;

/// What a partitioning can do wrong; each must be noticed.
enum class Fault {
    leaves_the_key_empty,
    gives_an_empty_key_to_nothing,
    gives_long_keys,
    gives_bytes,
    cuts_characters,
    throws,
    has_records_wait,
    refuses_what_it_is_for,
    refuses_for_ever_after,
    gets_lost_when_moved,
    needs_luck,
    count, ///< Nothing wrong.
};

class Broken {
public:
    using policy_kind = kind::partitioning;

    explicit Broken(Fault fault) : fault_(fault) {}
    Broken(Broken&& other) noexcept : fault_(other.fault_), moves_(other.moves_ + 1) {}
    Broken& operator=(Broken&& other) noexcept {
        moves_ = other.moves_ + 1;
        return *this;
    }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t random, std::string& key) {
        const auto data = record.data;
        key = "key";
        if (is(Fault::leaves_the_key_empty)) key.clear();
        if (is(Fault::gives_an_empty_key_to_nothing)) key = data.substr(0, 1) == "d" ? "d" : data.substr(0, 0);
        if (is(Fault::gives_long_keys)) key.append(data.size(), 'x');
        if (is(Fault::gives_bytes) && data != "data") key = "k" + std::string(data.substr(0, 1));
        if (is(Fault::cuts_characters)) (key = "k\u00E4") += std::string(data.size() > 1'000 ? "\xC3" : "");
        if (is(Fault::throws) && data.empty()) throw std::out_of_range("no data");
        if (is(Fault::has_records_wait) && data.empty()) return error::buffer_full;
        if (is(Fault::refuses_what_it_is_for) && data == "data") return error::data_not_json;
        if (is(Fault::needs_luck) && random == 0) key.clear();
        if (is(Fault::gets_lost_when_moved) && moves_ > 3) return error::key_field_missing;
        refused_ = refused_ || data.empty();
        return is(Fault::refuses_for_ever_after) && refused_ ? make_error_code(error::data_not_json) : error_code();
    }

private:
    [[nodiscard]] bool is(Fault fault) const { return fault_ == fault; }

    Fault fault_;
    int moves_ = 0;
    bool refused_ = false;
};

template <Partitioning P>
void conforms(P partitioning, std::vector<std::string> data = {"data", "", "{}", std::string(1U << 20U, 'x')}) {
    for (const auto& rule : check_partitioning(std::move(partitioning), std::move(data))) FAIL_CHECK(rule);
}

const std::vector<std::string> events{
    R"({"id":"a","user":{"id":42,"name":"Zo\u00eb \ud83d\ude00"},"tags":["x",{"y":true}],"n":-1.5e300})",
    R"( {"tags":[0,{"y":false,"":[[]]}],"user":{"id":"B\n"},"user":{"id":"","name":"n"},"id":1} )",
    R"({"user":{"name":"\u0000","id":99999999999999999999999999},"id":true,"tags":["",{"y":0}]})"};

std::string first_letter(const RecordView& record) {
    return std::string(record.data.substr(0, 1));
}

} // namespace

TEST_CASE("a partitioning keeps every rule of its concept") {
    conforms(RandomKey());
    conforms(StickyShard(3, 100));
    conforms(RoundRobinKey(1));
    conforms(RoundRobinKey(4'294'967'295U));
    conforms(HashKey());
    conforms(HashKey("user.id"), events);
    conforms(HashKey("user.id", 7), events);
    conforms(HashKey(7));
    conforms(FieldKey("id"), events);
    conforms(FieldKey("/tags/1/y"), events);
    conforms(CompositeKey("user.id"), events);
    conforms(CompositeKey("user.id", "user.name", "tags.0", "id", "tags.1.y"), events);
    conforms(TimeWindowKey());
    conforms(DistributionKey("group", "schema", 1));
    conforms(DistributionKey("group", "schema", 4'294'967'295U));
    conforms(KeyFrom(&first_letter), {"data"});
}

TEST_CASE("the conformance suite notices every partitioning that is broken") {
    for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
        CAPTURE(fault);
        CHECK(!check_partitioning(Broken(static_cast<Fault>(fault))).empty());
    }
    conforms(Broken(Fault::count));
}
