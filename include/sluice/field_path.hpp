#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Where a value is in a JSON document: the names that lead to it, from the outermost.
class FieldPath {
public:
    /// `user.id`, or `/user/id`, which is a JSON Pointer (RFC 6901) and can also name what has a dot, as
    /// `/http.status`.
    ///
    /// Throws `std::invalid_argument` if a dotted path has an empty name, or a pointer a `~` that is neither `~0` nor
    /// `~1`.
    explicit FieldPath(std::string_view path) : names_(read(path)) {}

    /// At least one.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

    friend bool operator==(const FieldPath&, const FieldPath&) = default;

private:
    [[nodiscard]] static std::vector<std::string> read(std::string_view path) {
        const bool pointer = path.starts_with('/');
        if (pointer) path.remove_prefix(1);
        std::vector<std::string> names(1);
        for (std::size_t i = 0; i < path.size(); ++i) {
            if (path[i] == (pointer ? '/' : '.')) {
                names.emplace_back();
            } else if (pointer && path[i] == '~') {
                const char code = i + 1 < path.size() ? path[++i] : ' ';
                if (code != '0' && code != '1') throw std::invalid_argument("sluice: '~' in a JSON Pointer is '~0'");
                names.back() += code == '0' ? '~' : '/';
            } else {
                names.back() += path[i];
            }
        }
        for (const auto& name : names) {
            const bool missing = !pointer && name.empty();
            if (missing) throw std::invalid_argument("sluice: a path to a field needs names, with one dot between two");
        }
        return names;
    }

    std::vector<std::string> names_;
};

} // namespace sluice
