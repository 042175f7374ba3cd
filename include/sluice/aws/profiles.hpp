#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/environment.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>

#include <boost/system/errc.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

/// What the shared files, `~/.aws/config` and `~/.aws/credentials`, tell. The values of profiles may be secrets, and
/// are wiped at the end.
class Profiles {
public:
    using Properties = std::map<std::string, std::string, std::less<>>; ///< Names are lower case.
    using Sections = std::map<std::string, Properties, std::less<>>;

    Profiles() = default;
    Profiles(const Profiles&) = default;
    Profiles& operator=(const Profiles&) = default;
    Profiles(Profiles&&) = default;
    Profiles& operator=(Profiles&&) = default;
    ~Profiles() {
        for (auto& [name, properties] : profiles) wipe(properties);
    }

    static void wipe(Properties& properties) noexcept {
        for (auto& [key, value] : properties) OPENSSL_cleanse(value.data(), value.size());
    }

    Sections profiles;     ///< From both files; a property that is in both is that of the credentials file.
    Sections sso_sessions; ///< `[sso-session NAME]`
    Sections services;     ///< `[services NAME]`; each value holds sub-properties.

    /// A property of a profile; none if there is no such profile or no such property, or if it is empty.
    [[nodiscard]] std::optional<std::string> find(std::string_view profile, std::string_view property) const {
        const auto section = profiles.find(profile);
        if (section == profiles.end()) return std::nullopt;
        const auto found = section->second.find(property);
        if (found == section->second.end() || found->second.empty()) return std::nullopt;
        return found->second;
    }
};

/// Whose conventions paths follow.
enum class Platform : std::uint8_t { posix, windows };

/// Where the shared files are; an empty path if no home directory is known.
class ProfileLocations {
public:
    ProfileLocations() = default;
    ProfileLocations(std::string its_config, std::string its_credentials)
        : config(std::move(its_config)), credentials(std::move(its_credentials)) {}

    std::string config;
    std::string credentials;
};

namespace detail {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] constexpr bool is_comment_mark(char c) noexcept { return c == '#' || c == ';'; }

[[nodiscard]] inline std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// The text in front of a comment: a mark is one only after a blank, since values may hold any character.
[[nodiscard]] inline std::string_view without_comment(std::string_view line) noexcept {
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (is_comment_mark(line[i]) && is_blank(line[i - 1])) return line.substr(0, i);
    }
    return line;
}

/// Names of sections and properties; others are passed over, as the SDKs do.
[[nodiscard]] inline bool is_profile_name(std::string_view text) noexcept {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-/.%@:+").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

/// `key = value` of a line, trimmed, the key in lower case; none if there is no `=`, or nothing before it.
[[nodiscard]] inline std::optional<std::pair<std::string, std::string>> split_property(std::string_view line) {
    line = without_comment(line);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto key = to_lower(trim_blanks(line.substr(0, equals)));
    if (key.empty()) return std::nullopt;
    return std::pair(std::move(key), std::string(trim_blanks(line.substr(equals + 1))));
}

/// Reads one of the two files line by line. Rules: AWS SDKs and Tools reference, "Shared config and credentials files".
class ProfileReader {
public:
    enum class File : std::uint8_t { config, credentials };

    explicit ProfileReader(File file) : file_(file) {}
    ProfileReader(const ProfileReader&) = delete;
    ProfileReader& operator=(const ProfileReader&) = delete;
    ~ProfileReader() {
        Profiles::wipe(plain_default_);
        Profiles::wipe(ignored_);
    }

    /// Reads the whole text; what is wrong with it, or nothing.
    std::string_view read(std::string_view text) {
        while (!text.empty()) {
            ++number_;
            auto line = next_piece(text, '\n');
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (const auto fault = read_line(line); !fault.empty()) return fault;
        }
        // The prefix makes the more explicit one, and wins whole.
        if (default_seen_) sections_.profiles.try_emplace("default", std::move(plain_default_));
        return {};
    }

    [[nodiscard]] std::size_t line_number() const noexcept { return number_; }
    [[nodiscard]] Profiles& sections() noexcept { return sections_; }

private:
    std::string_view read_line(std::string_view line) {
        if (trim_blanks(line).empty() || is_comment_mark(line.front())) return {};
        if (line.front() == '[') return read_header(line);
        return is_blank(line.front()) ? read_continuation(trim_blanks(line)) : read_property(line);
    }

    std::string_view read_header(std::string_view line) {
        const auto end = line.find(']');
        if (end == std::string_view::npos) return "has a section header without a closing bracket";
        const auto after = trim_blanks(line.substr(end + 1));
        if (!after.empty() && !is_comment_mark(after.front())) return "has text after a section header";
        open_section(trim_blanks(line.substr(1, end - 1)));
        value_ = nullptr;
        return {};
    }

    void open_section(std::string_view name) {
        section_ = &ignored_;
        if (file_ == File::credentials) {
            if (is_profile_name(name)) section_ = &sections_.profiles[std::string(name)];
            return;
        }
        if (name == "default") {
            default_seen_ = true;
            section_ = &plain_default_;
            return;
        }
        const auto blank = name.find_first_of(" \t");
        if (blank == std::string_view::npos) return;
        const auto kind = name.substr(0, blank);
        const auto own = trim_blanks(name.substr(blank));
        if (!is_profile_name(own)) return;
        if (kind == "profile") section_ = &sections_.profiles[std::string(own)];
        if (kind == "sso-session") section_ = &sections_.sso_sessions[std::string(own)];
        if (kind == "services") section_ = &sections_.services[std::string(own)];
    }

    std::string_view read_property(std::string_view line) {
        if (section_ == nullptr) return "has a property before the first section";
        auto property = split_property(line);
        if (!property) return "is not of the form name = value";
        nested_ = property->second.empty();
        // What has no good name is read into a place that nobody looks at.
        auto& place = is_profile_name(property->first) ? *section_ : ignored_;
        value_ = &place[std::move(property->first)];
        value_->swap(property->second);
        OPENSSL_cleanse(property->second.data(), property->second.size());
        return {};
    }

    std::string_view read_continuation(std::string_view line) {
        if (value_ == nullptr) return "continues a property, but there is none before it";
        if (nested_ && is_comment_mark(line.front())) return {};
        if (nested_ && !split_property(line)) return "is not of the form name = value";
        value_->append("\n").append(line);
        return {};
    }

    File file_;
    Profiles sections_;
    Profiles::Properties plain_default_; ///< `[default]` of the config file.
    Profiles::Properties ignored_;
    Profiles::Properties* section_ = nullptr;
    std::string* value_ = nullptr;
    std::size_t number_ = 0;
    bool default_seen_ = false;
    bool nested_ = false;
};

/// Takes over what a reader found; false, and a complaint without any of the text, if the file is malformed.
inline bool read_profile_file(ProfileReader& reader, std::string_view text, std::string_view name,
                              std::string* complaint) {
    const auto fault = reader.read(text);
    if (!fault.empty() && complaint != nullptr) {
        *complaint = "line " + std::to_string(reader.line_number()) + " of " + std::string(name) + " " +
                     std::string(fault);
    }
    return fault.empty();
}

/// Parses both files, which a complaint calls by these names.
[[nodiscard]] inline result<Profiles> parse_profiles(std::string_view config_text, std::string_view credentials_text,
                                                     const ProfileLocations& names, std::string* complaint) {
    ProfileReader config(ProfileReader::File::config);
    ProfileReader credentials(ProfileReader::File::credentials);
    if (!read_profile_file(config, config_text, names.config, complaint)) return error::malformed;
    if (!read_profile_file(credentials, credentials_text, names.credentials, complaint)) return error::malformed;
    Profiles merged = std::move(config.sections());
    for (auto& [name, properties] : credentials.sections().profiles) {
        auto& place = merged.profiles[name];
        for (auto& [key, value] : properties) place[key] = std::move(value);
    }
    return merged;
}

/// `~`; none if nobody tells.
[[nodiscard]] inline std::optional<std::string> home_directory(const Environment& environment, Platform platform) {
    if (auto home = variable(environment, "HOME")) return home;
    if (platform != Platform::windows) return std::nullopt;
    if (auto profile = variable(environment, "USERPROFILE")) return profile;
    const auto drive = variable(environment, "HOMEDRIVE");
    const auto path = variable(environment, "HOMEPATH");
    if (!drive && !path) return std::nullopt;
    return drive.value_or("") + path.value_or("");
}

/// The whole content of a file that may be absent.
[[nodiscard]] inline result<Secret> read_if_there(const Machine& machine, const std::string& path) {
    if (path.empty() || !machine.read_file) return Secret();
    auto text = machine.read_file(path);
    if (text) return Secret(*std::move(text));
    if (text.error() == boost::system::errc::no_such_file_or_directory) return Secret();
    return text.error();
}

} // namespace detail

/// A file below the home directory, as `.aws/config`; empty if no home directory is known.
[[nodiscard]] inline std::string below_home(std::string path, const Environment& environment, Platform platform) {
    auto home = detail::home_directory(environment, platform);
    if (!home) return {};
    const char separator = platform == Platform::windows ? '\\' : '/';
    if (platform == Platform::windows) std::replace(path.begin(), path.end(), '/', separator);
    if (!home->ends_with(separator)) *home += separator;
    return *home + path;
}

/// The platform that this was compiled for.
#ifdef _WIN32
inline constexpr Platform this_platform = Platform::windows;
#else
inline constexpr Platform this_platform = Platform::posix;
#endif

/// Where the shared files are: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else `.aws/config` and
/// `.aws/credentials` in the home directory, which is `HOME`, and on Windows also `USERPROFILE`, or `HOMEDRIVE` and
/// `HOMEPATH`. A `~/` at a path's beginning is the home directory.
[[nodiscard]] inline ProfileLocations locate_profiles(const Environment& environment,
                                                      Platform platform = this_platform) {
    const auto locate = [&](std::string_view name, std::string_view usual) {
        auto path = variable(environment, name).value_or("~/" + std::string(usual));
        const bool home = path.starts_with("~/") || (platform == Platform::windows && path.starts_with("~\\"));
        return home ? below_home(path.substr(2), environment, platform) : path;
    };
    return {locate("AWS_CONFIG_FILE", ".aws/config"), locate("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")};
}

/// The profile that is meant: the one chosen in code, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, or `default`.
[[nodiscard]] inline std::string profile_name(const std::string& chosen, const Environment& environment) {
    if (!chosen.empty()) return chosen;
    if (auto name = variable(environment, "AWS_PROFILE")) return *std::move(name);
    return variable(environment, "AWS_DEFAULT_PROFILE").value_or("default");
}

/// Parses the texts of both shared files, either of which may be empty, and merges them. Sub-properties stay in the
/// value of the property above them, each on a line of its own after a line feed.
///
/// Errors: `error::malformed`; then `complaint` says which line is at fault, and quotes nothing of it.
[[nodiscard]] inline result<Profiles> parse_profiles(std::string_view config_text, std::string_view credentials_text,
                                                     std::string* complaint = nullptr) {
    return detail::parse_profiles(config_text, credentials_text, {"the config file", "the credentials file"},
                                  complaint);
}

/// The sub-properties that a property's value holds; none if it is an ordinary value.
[[nodiscard]] inline Profiles::Properties sub_properties(std::string_view value) {
    Profiles::Properties properties;
    if (!value.starts_with('\n')) return properties;
    while (!value.empty()) {
        auto property = detail::split_property(next_piece(value, '\n'));
        if (property) properties.insert_or_assign(std::move(property->first), std::move(property->second));
    }
    return properties;
}

/// Reads and parses the shared files of a machine; one that is absent counts as empty.
///
/// Errors: `error::malformed`, and whatever keeps a file from being read; `complaint` says where and why, and quotes
/// nothing of the content.
[[nodiscard]] inline result<Profiles> read_profiles(const Machine& machine, std::string* complaint = nullptr) {
    const auto locations = locate_profiles(machine.environment);
    const auto read = [&](const std::string& path) {
        auto text = detail::read_if_there(machine, path);
        if (!text && complaint != nullptr) *complaint = path + " cannot be read: " + text.error().message();
        return text;
    };
    const auto config = read(locations.config);
    if (!config) return config.error();
    const auto credentials = read(locations.credentials);
    if (!credentials) return credentials.error();
    return detail::parse_profiles(config->reveal(), credentials->reveal(), locations, complaint);
}

} // namespace sluice::aws
