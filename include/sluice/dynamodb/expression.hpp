#pragma once

#include <sluice/aws/json_writer.hpp>
#include <sluice/dynamodb/attribute.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::dynamodb {

/// An expression of a request, with the names and values that it stands on (Amazon DynamoDB developer guide,
/// "Expression attribute names" and "values"): whatever a user called an attribute, only placeholders are in the text.
class Expression {
public:
    std::string text;

    /// The placeholder of a name, `#0`: no word is reserved then.
    [[nodiscard]] std::string name(std::string_view attribute) {
        return "#" + std::to_string(place_of(names_, std::string(attribute)));
    }

    /// The placeholders of the names that lead to a value, `#0.#1`.
    [[nodiscard]] std::string path(const std::vector<std::string>& attributes) {
        std::string placeholders;
        for (const auto& attribute : attributes) placeholders += (placeholders.empty() ? "" : ".") + name(attribute);
        return placeholders;
    }

    /// The placeholder of a value, `:0`.
    [[nodiscard]] std::string value(AttributeValue its) {
        return ":" + std::to_string(place_of(values_, std::move(its)));
    }

    /// As `ExpressionAttributeNames` and `ExpressionAttributeValues`, if there are some; the service refuses others.
    void write_names_and_values(aws::JsonWriter& out) const {
        if (!names_.empty()) {
            out.key("ExpressionAttributeNames");
            out.begin_map();
            for (std::size_t i = 0; i < names_.size(); ++i) {
                out.key("#" + std::to_string(i));
                out.text(names_[i]);
            }
            out.end_map();
        }
        if (values_.empty()) return;
        out.key("ExpressionAttributeValues");
        out.begin_map();
        for (std::size_t i = 0; i < values_.size(); ++i) {
            out.key(":" + std::to_string(i));
            write_attribute(out, values_[i]);
        }
        out.end_map();
    }

private:
    template <class V>
    [[nodiscard]] static std::size_t place_of(std::vector<V>& known, V one) {
        const auto found = std::find(known.begin(), known.end(), one);
        const auto place = static_cast<std::size_t>(found - known.begin());
        if (found == known.end()) known.push_back(std::move(one));
        return place;
    }

    std::vector<std::string> names_;
    std::vector<AttributeValue> values_;
};

} // namespace sluice::dynamodb
