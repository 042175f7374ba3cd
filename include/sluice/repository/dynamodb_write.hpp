#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/expression.hpp>
#include <sluice/dynamodb/item_size.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/write_outcome.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/dynamodb_item.hpp>
#include <sluice/repository/dynamodb_table.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

/// Versions made at the same moment are no further apart.
inline constexpr std::uint64_t version_spread = 1'024;

/// The version of a change made now, of something that was in another one before: microseconds since 1970 with ten
/// random bits, so that two writers do not take each other's for their own.
[[nodiscard]] inline std::uint64_t version_after(std::uint64_t before, wall_time now, std::uint64_t random) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    const auto made = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)) << 10U;
    const auto least = std::max(made, std::min(before, UINT64_MAX - 2 * version_spread) + 1);
    return least + random % version_spread;
}

/// Whether the field that tells when documents are over says so; the service removes them only some time later
/// (Amazon DynamoDB developer guide, "Time to Live").
[[nodiscard]] inline bool has_expired(const DynamoDbTable& table, const dynamodb::Item& item, wall_time now) {
    if (table.expiry.empty()) return false;
    const auto found = item.find(attribute_of(table.expiry));
    const auto* const end = found == item.end() ? nullptr : found->second.get<dynamodb::Number>();
    if (end == nullptr) return false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return detail::JsonMaker()(*end).to_number<double>() < static_cast<double>(seconds);
}

namespace detail {

/// The condition under which a change may be made.
class ChangeCondition {
public:
    ChangeCondition(const DynamoDbTable& table, const Change& change, std::uint64_t version, wall_time now)
        : table_(table), now_(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) {
        switch (change.expects) {
        case Change::Expects::absence: expect_absence(); break;
        case Change::Expects::presence:
            expect_presence();
            if (change.document) expect_before(version);
            break;
        case Change::Expects::version:
            expect_presence();
            expect_version(change);
            break;
        case Change::Expects::anything: break;
        }
    }

    [[nodiscard]] dynamodb::Expression take() { return std::move(condition_); }

private:
    void expect_absence() {
        say("attribute_not_exists(" + condition_.name(id_attribute) + ")");
        if (table_.expiry.empty()) return;
        say(" OR (");
        say_is_number(end());
        say(" AND " + end() + " < " + number(now_) + ")");
    }

    void expect_presence() {
        say("attribute_exists(" + condition_.name(id_attribute) + ")");
        if (table_.expiry.empty()) return;
        say(" AND (NOT ");
        say_is_number(end());
        say(" OR " + end() + " >= " + number(now_) + ")");
    }

    void expect_before(std::uint64_t version) {
        const auto name = condition_.name(version_attribute);
        say(" AND (attribute_not_exists(" + name + ") OR NOT ");
        say_is_number(name);
        say(" OR " + name + " < " + number(version) + ")");
    }

    /// The version as it was read, whatever others made of it.
    void expect_version(const Change& change) {
        const auto name = condition_.name(version_attribute);
        const auto* const source = dynamic_cast<const DynamoDbSource*>(change.source.get());
        const auto* const item = source == nullptr ? nullptr : &source->item;
        const auto was = item == nullptr ? dynamodb::Item::const_iterator() : item->find(version_attribute);
        const bool read = item != nullptr && was != item->end();
        if (read) say(" AND " + name + " = " + condition_.value(was->second));
        else if (change.version == 0) say(" AND attribute_not_exists(" + name + ")");
        else say(" AND " + name + " = " + number(change.version));
    }

    void say_is_number(const std::string& name) {
        const auto type = condition_.value(dynamodb::AttributeValue::of(std::string("N")));
        say("attribute_type(" + name + ", " + type + ")");
    }

    void say(std::string_view words) { condition_.text += words; }

    [[nodiscard]] std::string end() { return condition_.name(attribute_of(table_.expiry)); }

    template <class Integer>
    [[nodiscard]] std::string number(Integer value) {
        return condition_.value(dynamodb::AttributeValue::of(dynamodb::Number(value)));
    }

    const DynamoDbTable& table_;
    std::int64_t now_; ///< In seconds, as DynamoDB counts.
    dynamodb::Expression condition_;
};

} // namespace detail

/// The write that makes a change, which gets this version. Errors: `item_invalid`, `item_too_large`.
[[nodiscard]] inline result<dynamodb::Write> write_of(const DynamoDbTable& table, const Change& change,
                                                      std::uint64_t version, wall_time now) {
    auto condition = detail::ChangeCondition(table, change, version, now).take();
    if (!change.document) {
        return dynamodb::Write(dynamodb::DeleteItem(table.name, table.key_of(change.id), std::move(condition)));
    }
    const auto* const former = dynamic_cast<const DynamoDbSource*>(change.source.get());
    auto item = item_of(change.id, version, *change.document, former == nullptr ? nullptr : &former->item);
    if (!item) return item.error();
    if (dynamodb::item_size(*item) > dynamodb::max_item_size) return error::item_too_large;
    return dynamodb::Write(dynamodb::PutItem(table.name, *std::move(item), std::move(condition)));
}

/// What a failed condition means for a change.
class Verdict {
public:
    explicit Verdict(error_code why) : error(why) {}

    /// It has to be tried again, as a change of this version.
    [[nodiscard]] static Verdict retry_after(std::uint64_t version) {
        Verdict verdict(sluice::error::conflict);
        verdict.retry = true;
        verdict.version = version;
        return verdict;
    }

    error_code error; ///< Empty: it has been made.
    bool retry = false;
    std::uint64_t version = 0;
};

/// The verdict on a change from what there is instead of what it expected.
///
/// `doubtful`: it may have been made by an attempt whose answer was lost.
[[nodiscard]] inline Verdict verdict_on(const DynamoDbTable& table, const Change& change, const dynamodb::Write& write,
                                        const std::optional<dynamodb::Item>& found, bool doubtful, wall_time now) {
    const auto* const put = std::get_if<dynamodb::PutItem>(&write);
    if (!found || has_expired(table, *found, now)) {
        if (doubtful && put == nullptr) return Verdict(error_code());
        const auto why = obstacle(change, nullptr);
        return why ? Verdict(why) : Verdict::retry_after(0);
    }
    const auto document = document_of(*found);
    if (!document) return Verdict(document.error());
    if (doubtful && put != nullptr) {
        const auto made = document_of(put->item);
        if (made && made->version == document->version) return Verdict(error_code());
        // Was it made, and changed by others after that? Nobody knows.
        if (made && made->version < document->version) return Verdict(error::timed_out);
    }
    const auto why = obstacle(change, &document->version);
    return why ? Verdict(why) : Verdict::retry_after(document->version);
}

} // namespace sluice::repository
