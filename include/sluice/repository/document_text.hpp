#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::repository {

/// A document as JSON text, in the shortest form from which `read_document` makes the same again.
[[nodiscard]] inline std::string document_text(const boost::json::object& document) {
    return boost::json::serialize(document);
}

namespace detail {

/// Builds a document; numbers are exact to the last bit, which parsers that are made for speed are not.
class DocumentReader {
public:
    explicit DocumentReader(std::string_view text) : text_(text), reader_(text) {}

    [[nodiscard]] result<boost::json::object> read() {
        boost::json::value document;
        if (!value(reader_.next(), document) || !document.is_object()) return error::item_invalid;
        if (!reader_.next().is(aws::TokenKind::done)) return error::item_invalid;
        return std::move(document.get_object());
    }

private:
    bool value(const aws::Token& token, boost::json::value& into) {
        switch (token.kind) {
        case aws::TokenKind::null: into = nullptr; return true;
        case aws::TokenKind::boolean: into = token.number == 1; return true;
        case aws::TokenKind::text: into = token.text; return true;
        case aws::TokenKind::unsigned_integer:
        case aws::TokenKind::negative_integer:
        case aws::TokenKind::real: return number(token, into);
        case aws::TokenKind::array: return array(into.emplace_array());
        case aws::TokenKind::map: return object(into.emplace_object());
        default: return false;
        }
    }

    /// As Boost.JSON holds numbers: an integer without fraction or exponent that fits, else a double.
    bool number(const aws::Token& token, boost::json::value& into) {
        if (const auto whole = aws::to_integer(token)) {
            into = *whole;
            return true;
        }
        if (token.is(aws::TokenKind::unsigned_integer)) {
            into = token.number;
            return true;
        }
        const auto read = text_.substr(0, text_.size() - reader_.rest().size());
        const auto written = read.substr(read.find_last_not_of("+-.0123456789Ee") + 1);
        double exact = 0;
        const auto [end, failure] = std::from_chars(written.data(), written.data() + written.size(), exact);
        if (failure != std::errc() || end != written.data() + written.size()) return false;
        into = exact;
        return true;
    }

    bool array(boost::json::array& into) {
        for (;;) {
            const auto token = reader_.next();
            if (token.is(aws::TokenKind::end)) return true;
            if (!value(token, into.emplace_back(nullptr))) return false;
        }
    }

    bool object(boost::json::object& into) {
        for (;;) {
            const auto name = reader_.next();
            if (name.is(aws::TokenKind::end)) return true;
            if (!name.is(aws::TokenKind::text)) return false;
            auto& member = into[name.text];
            if (!value(reader_.next(), member)) return false;
        }
    }

    std::string_view text_;
    aws::JsonReader reader_;
};

} // namespace detail

/// The document of a JSON text; `error::item_invalid` if it is no object.
[[nodiscard]] inline result<boost::json::object> read_document(std::string_view text) {
    return detail::DocumentReader(text).read();
}

} // namespace sluice::repository
