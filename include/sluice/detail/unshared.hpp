#pragma once

#include <memory>

namespace sluice::detail {

/// Something made at first use and kept; a copy of its owner starts without, and makes one of its own.
template <class T>
class Unshared {
public:
    Unshared() = default;
    Unshared(const Unshared&) noexcept {}
    Unshared(Unshared&&) noexcept = default;
    ~Unshared() = default;

    Unshared& operator=(const Unshared& other) noexcept {
        if (this != &other) made_.reset();
        return *this;
    }
    Unshared& operator=(Unshared&&) noexcept = default;

    /// The one there is, or else one made from these arguments.
    template <class... Arguments>
    [[nodiscard]] T& get(const Arguments&... arguments) {
        if (!made_) made_ = std::make_unique<T>(arguments...);
        return *made_;
    }

private:
    std::unique_ptr<T> made_;
};

} // namespace sluice::detail
