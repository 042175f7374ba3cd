#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/error.hpp>
#include <sluice/field_path.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

/// Finds values in a JSON object, by their paths, without building a document.
///
/// All of the text is read, strictly. A name that stands twice means the last of both, as in JavaScript. Names of items
/// of arrays are their places, from `0`.
class FieldReader {
public:
    /// Throws `std::invalid_argument` if this is no path.
    void add(std::string_view path) { fields_.emplace_back(FieldPath(path).names()); }

    [[nodiscard]] std::size_t size() const { return fields_.size(); }

    /// Looks all fields up; `data_not_json` if the text is no JSON object, `key_field_missing` if a field is absent or
    /// is null, an object or an array.
    [[nodiscard]] error_code read(std::string_view json) {
        json_ = json;
        for (auto& field : fields_) {
            field.found = false;
            field.matched = 0;
        }
        JsonReader reader(json);
        const auto whole = reader.next();
        const bool object = whole.is(TokenKind::map);
        if (!object || !inside(reader, true, 0) || !reader.next().is(TokenKind::done)) return error::data_not_json;
        for (const auto& field : fields_) {
            if (!field.found) return error::key_field_missing;
        }
        return {};
    }

    /// What `read` found, as long as that text is there and nothing else is read: texts as they are, of numbers and
    /// booleans their JSON.
    [[nodiscard]] std::string_view value(std::size_t i) const {
        const auto& field = fields_[i];
        return field.copied ? field.copy : field.value;
    }

private:
    class Field {
    public:
        explicit Field(std::vector<std::string> its_names) : names(std::move(its_names)) {}

        std::vector<std::string> names;
        std::size_t matched = 0; ///< How many names lead to what is being read, if all that do are of these.
        bool found = false;
        bool copied = false; ///< The value is in `copy`, since it is not in the text as it is.
        std::string_view value;
        std::string copy;
    };

    /// Reads on to the end of an object or array, to which so many names lead.
    bool inside(JsonReader& reader, bool object, std::size_t depth) {
        for (std::size_t place = 0;; ++place) {
            auto token = reader.next();
            if (token.is(TokenKind::failed)) return false;
            if (token.is(TokenKind::end)) return true;
            const bool wanted = object ? enter(token.text, depth) : enter(std::to_string(place), depth);
            if (object) token = reader.next();
            if (!(wanted ? take(reader, token, depth + 1) : skip(reader, token))) return false;
        }
    }

    /// Whether some field has this name next.
    bool enter(std::string_view name, std::size_t depth) {
        bool wanted = false;
        for (auto& field : fields_) {
            if (field.matched != depth || field.names.size() == depth || field.names[depth] != name) continue;
            ++field.matched;
            wanted = true;
        }
        return wanted;
    }

    /// Reads the value that starts with `token`, for the fields that entered it.
    bool take(JsonReader& reader, const Token& token, std::size_t depth) {
        bool deeper = false;
        for (auto& field : fields_) {
            if (field.matched != depth) continue;
            field.found = false; // whatever an earlier one of this name had
            if (field.names.size() == depth) set(field, token, reader);
            else deeper = true;
        }
        const bool object = token.is(TokenKind::map);
        const bool container = object || token.is(TokenKind::array);
        const bool well = deeper && container ? inside(reader, object, depth) : skip(reader, token);
        for (auto& field : fields_) {
            if (field.matched == depth) --field.matched;
        }
        return well;
    }

    void set(Field& field, const Token& token, const JsonReader& reader) {
        field.found = true;
        field.copied = false;
        switch (token.kind) {
        case TokenKind::text:
            field.copied = !token.borrowed;
            if (field.copied) field.copy = token.text;
            else field.value = token.text;
            break;
        case TokenKind::boolean: field.value = token.number == 1 ? "true" : "false"; break;
        case TokenKind::unsigned_integer:
        case TokenKind::negative_integer:
        case TokenKind::real: field.value = number_before(reader.rest()); break;
        default: field.found = false; break;
        }
    }

    /// The number that ends where this begins.
    [[nodiscard]] std::string_view number_before(std::string_view rest) const {
        const auto read = json_.substr(0, json_.size() - rest.size());
        return read.substr(read.find_last_not_of("+-.0123456789Ee") + 1);
    }

    std::vector<Field> fields_;
    std::string_view json_;
};

} // namespace sluice::aws
