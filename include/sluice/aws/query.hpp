#pragma once

#include <sluice/aws/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

/// Writes the body of a call in the query protocol, which IAM and STS speak: `Action=GetRole&Version=2010-05-08&…`.
///
///     QueryWriter query("GetRole", "2010-05-08");
///     query.text("RoleName", name);
///     const std::string body = std::move(query).body();
class QueryWriter {
public:
    static constexpr std::string_view content_type = "application/x-www-form-urlencoded; charset=utf-8";

    QueryWriter(std::string_view action, std::string_view version) {
        text("Action", action);
        text("Version", version);
    }

    /// A parameter; one without a value is written all the same: `Path=`.
    void text(std::string_view name, std::string_view value) {
        if (!body_.empty()) body_ += '&';
        append_percent_encoded(body_, name);
        body_ += '=';
        append_percent_encoded(body_, value);
    }

    void number(std::string_view name, std::int64_t value) { text(name, std::to_string(value)); }

    void boolean(std::string_view name, bool value) { text(name, value ? "true" : "false"); }

    /// An element of a list, counted from 1: `Tags.member.1`, and with a field `Tags.member.1.Key`.
    [[nodiscard]] static std::string member(std::string_view list, std::size_t place, std::string_view field = {}) {
        std::string name(list);
        name.append(".member.").append(std::to_string(place));
        if (!field.empty()) name.append(".").append(field);
        return name;
    }

    [[nodiscard]] const std::string& body() const& noexcept { return body_; }
    [[nodiscard]] std::string body() && noexcept { return std::move(body_); }

private:
    std::string body_;
};

} // namespace sluice::aws
