#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/item.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace sluice {

/// How values become documents of a repository, and documents values.
///
/// By the conversions of Boost.JSON (described structs, containers, `tag_invoke`), or by a pair of functions. Called
/// wherever the repository needs it, by one thread at a time for each copy.
template <class T>
class Mapping {
public:
    using Write = std::function<boost::json::value(const T&)>;
    using Read = std::function<T(const boost::json::value&)>;

    Mapping()
        requires(boost::json::has_value_from<T>::value && boost::json::has_value_to<T>::value)
        : write_([](const T& object) { return boost::json::value_from(object); }),
          read_([](const boost::json::value& document) { return boost::json::value_to<T>(document); }) {}

    /// What they throw is `error::item_invalid`.
    Mapping(Write write, Read read) : write_(std::move(write)), read_(std::move(read)) {}

    /// The document of a value; `error::item_invalid` if it is no object, or has what no repository can keep.
    [[nodiscard]] result<boost::json::object> write(const T& object) const {
        try {
            auto document = write_(object);
            if (const auto invalid = repository::check_document(document)) return invalid;
            return boost::json::object(std::move(document.get_object()), {}); // whatever memory the user took it from
        } catch (...) {
            return error::item_invalid;
        }
    }

    /// The value of a document; `error::item_invalid` if it does not fit.
    [[nodiscard]] result<T> read(const boost::json::object& document) const {
        try {
            return read_(document);
        } catch (...) {
            return error::item_invalid;
        }
    }

private:
    Write write_;
    Read read_;
};

} // namespace sluice
