#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

/// What `XmlReader` came upon.
enum class XmlKind : std::uint8_t {
    failed, ///< The text is not well-formed; every further step says so too.
    done,   ///< The document has ended.
    open,   ///< An element begins; `text` is its name, without prefix.
    text,   ///< Characters of the innermost element; there may be several such steps in a row.
    close,  ///< The innermost element ends.
};

/// One step of `XmlReader`.
class XmlStep {
public:
    XmlStep() = default;
    explicit XmlStep(XmlKind its_kind, std::string_view characters = {}) : kind(its_kind), text(characters) {}

    XmlKind kind = XmlKind::failed;
    std::string_view text; ///< Valid until the next step.

    [[nodiscard]] bool is(XmlKind other) const noexcept { return kind == other; }
};

/// Reads the XML that AWS writes (XML 1.0, fifth edition), step by step, strictly and within bounds, whatever the text
/// is: UTF-8, no document type, no entities but the five of the language and character references. Attributes are
/// checked and dropped; prefixes of names are dropped.
///
/// Own work, since the libraries that sluice requires have no such reader (Boost.PropertyTree's forgives mistakes and
/// follows any depth), and one more required library for four services is a poor bargain.
class XmlReader {
public:
    static constexpr std::size_t max_depth = 64;      ///< Of elements around characters.
    static constexpr std::size_t max_attributes = 32; ///< Of one element.

    explicit XmlReader(std::string_view document) : rest_(document) {
        take("\xEF\xBB\xBF"); // the byte order mark
        if (rest_.starts_with("<?xml") && rest_.size() > 5 && is_space(rest_[5])) failed_ = !skip_past("<?", "?>");
    }

    /// The next step; after `done` and `failed` always the same.
    [[nodiscard]] XmlStep next() {
        if (failed_) return XmlStep();
        if (closing_) return leave();
        while (true) {
            if (open_.empty()) skip_space();
            if (rest_.empty()) return open_.empty() && rooted_ ? XmlStep(XmlKind::done) : fail();
            if (rest_.front() != '<') return open_.empty() ? fail() : characters();
            if (rest_.starts_with("<![CDATA[")) return cdata();
            if (rest_.starts_with("</")) return end_tag();
            if (rest_.starts_with("<?")) {
                if (!instruction()) return fail();
            } else if (rest_.starts_with("<!")) {
                if (!comment()) return fail();
            } else {
                return start_tag();
            }
        }
    }

private:
    XmlStep fail() {
        failed_ = true;
        return XmlStep();
    }

    static bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

    /// Well-formed UTF-8 without control characters.
    static bool is_text(std::string_view text) noexcept {
        const auto allowed = [](char c) { return static_cast<unsigned char>(c) >= ' ' || is_space(c); };
        return std::all_of(text.begin(), text.end(), allowed) && utf8_length(text).has_value();
    }

    bool take(std::string_view expected) {
        const bool there = rest_.starts_with(expected);
        if (there) rest_.remove_prefix(expected.size());
        return there;
    }

    bool skip_space() {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_space);
        const auto count = static_cast<std::size_t>(end - rest_.begin());
        rest_.remove_prefix(count);
        return count > 0;
    }

    /// What stands between two marks, of which the first comes next; none if there is no second, or it is no text.
    std::optional<std::string_view> between(std::string_view begin, std::string_view end) {
        const auto at = rest_.find(end, begin.size());
        if (at == std::string_view::npos) return {};
        const auto inside = rest_.substr(begin.size(), at - begin.size());
        rest_.remove_prefix(at + end.size());
        if (!is_text(inside)) return {};
        return inside;
    }

    bool skip_past(std::string_view begin, std::string_view end) { return between(begin, end).has_value(); }

    bool comment() {
        if (!rest_.starts_with("<!--")) return false; // a document type, or nothing at all
        const auto inside = between("<!--", "--");
        return inside && take(">");
    }

    bool instruction() {
        const auto inside = between("<?", "?>");
        if (!inside) return false;
        const auto target = inside->substr(0, name_length(*inside));
        const bool ended = target.size() == inside->size() || is_space((*inside)[target.size()]);
        return !target.empty() && ended && !same_name(target, "xml");
    }

    // --- names and tags ----------------------------------------------------------------------------------------

    /// Letters of other scripts are not told from other characters: no service uses either.
    static std::size_t name_length(std::string_view text) noexcept {
        const auto starts = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
                   static_cast<unsigned char>(c) >= 0x80;
        };
        const auto goes_on = [starts](char c) { return starts(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
        if (text.empty() || !starts(text.front())) return 0;
        return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), goes_on) - text.begin());
    }

    /// A name with at most one colon, and something on both sides of it; empty if there is none.
    std::string_view name() {
        const auto found = rest_.substr(0, name_length(rest_));
        rest_.remove_prefix(found.size());
        const auto colon = found.find(':');
        const bool qualified = colon != std::string_view::npos;
        const bool well = !qualified || (colon > 0 && name_length(found.substr(colon + 1)) > 0 &&
                                         found.find(':', colon + 1) == std::string_view::npos);
        return well && utf8_length(found) ? found : std::string_view();
    }

    XmlStep start_tag() {
        rest_.remove_prefix(1);
        const auto qualified = name();
        if (qualified.empty() || open_.size() == max_depth || (open_.empty() && rooted_) || !attributes()) return fail();
        closing_ = take("/");
        if (!take(">")) return fail();
        rooted_ = true;
        open_.push_back(qualified);
        return XmlStep(XmlKind::open, qualified.substr(qualified.find(':') + 1)); // npos + 1 is 0
    }

    XmlStep end_tag() {
        rest_.remove_prefix(2);
        const auto qualified = name();
        skip_space();
        if (open_.empty() || qualified != open_.back() || !take(">")) return fail();
        return leave();
    }

    XmlStep leave() {
        closing_ = false;
        open_.pop_back();
        return XmlStep(XmlKind::close);
    }

    bool attributes() {
        std::array<std::string_view, max_attributes> names;
        for (auto free = names.begin();; ++free) {
            const bool apart = skip_space();
            if (rest_.starts_with('>') || rest_.starts_with('/')) return true;
            const auto its_name = name();
            if (!apart || its_name.empty() || free == names.end()) return false;
            if (std::find(names.begin(), free, its_name) != free) return false;
            *free = its_name;
            skip_space();
            if (!take("=")) return false;
            skip_space();
            if (!attribute_value()) return false;
        }
    }

    bool attribute_value() {
        const auto quote = rest_.substr(0, 1);
        if (quote != "\"" && quote != "'") return false;
        const auto value = between(quote, quote);
        return value && value->find('<') == std::string_view::npos && decode(*value);
    }

    // --- characters --------------------------------------------------------------------------------------------

    XmlStep characters() {
        const auto run = rest_.substr(0, rest_.find('<'));
        rest_.remove_prefix(run.size());
        if (rest_.empty() || !is_text(run) || run.find("]]>") != std::string_view::npos) return fail();
        if (run.find_first_of("&\r") == std::string_view::npos) return XmlStep(XmlKind::text, run);
        return decode(run) ? XmlStep(XmlKind::text, decoded_) : fail();
    }

    XmlStep cdata() {
        const auto inside = open_.empty() ? std::nullopt : between("<![CDATA[", "]]>");
        if (!inside) return fail();
        if (inside->find('\r') == std::string_view::npos) return XmlStep(XmlKind::text, *inside);
        decoded_.clear();
        for (auto run = *inside; !run.empty();) append_plain(run, "");
        return XmlStep(XmlKind::text, decoded_);
    }

    /// Writes what the run stands for into `decoded_`; false if a reference in it is none.
    bool decode(std::string_view run) {
        decoded_.clear();
        while (!run.empty()) {
            if (run.front() != '&') {
                append_plain(run, "&");
                continue;
            }
            const auto end = run.substr(0, max_reference).find(';');
            if (end == std::string_view::npos || !append_reference(run.substr(1, end - 1))) return false;
            run.remove_prefix(end + 1);
        }
        return true;
    }

    /// Moves characters up to one of `stops` over; each end of a line becomes one `\n`, as the language says.
    void append_plain(std::string_view& run, std::string_view stops) {
        const auto plain = run.substr(0, run.find_first_of(stops));
        for (std::size_t i = 0; i < plain.size(); ++i) {
            if (plain[i] != '\r') {
                decoded_ += plain[i];
            } else if (i + 1 == plain.size() || plain[i + 1] != '\n') {
                decoded_ += '\n';
            }
        }
        run.remove_prefix(plain.size());
    }

    bool append_reference(std::string_view name) {
        static constexpr std::array<std::pair<std::string_view, char>, 5> known{
            {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
        if (name.starts_with('#')) return append_character(name.substr(1));
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& row) { return row.first == name; });
        if (found != known.end()) decoded_ += found->second;
        return found != known.end();
    }

    /// The number of a character, in decimal digits or, after an `x`, in hexadecimal ones.
    bool append_character(std::string_view digits) {
        static constexpr std::string_view all = "0123456789abcdef";
        const std::uint32_t base = digits.starts_with('x') ? 16 : 10;
        if (base == 16) digits.remove_prefix(1);
        std::uint32_t number = 0;
        for (const char c : digits) {
            const auto digit = all.find(to_lower(c));
            if (digit >= base || number > 0x10FFFF) return false;
            number = number * base + static_cast<std::uint32_t>(digit);
        }
        const bool control = number < 0x20 && number != '\t' && number != '\n' && number != '\r';
        const bool surrogate = number >= 0xD800 && number <= 0xDFFF;
        if (digits.empty() || control || surrogate || number == 0xFFFE || number == 0xFFFF || number > 0x10FFFF) {
            return false;
        }
        append_utf8(decoded_, number);
        return true;
    }

    static constexpr std::size_t max_reference = 32; ///< More than any that means something; zeros may lead.

    std::string_view rest_;
    std::string decoded_;
    std::vector<std::string_view> open_; ///< The names of the elements around.
    bool rooted_ = false;                ///< The one outermost element has begun.
    bool closing_ = false;               ///< The innermost element had no content: `<a/>`.
    bool failed_ = false;
};

/// An element with all that is in it; for documents that fit into memory several times over.
class XmlElement {
public:
    XmlElement() = default;
    explicit XmlElement(std::string its_name) : name(std::move(its_name)) {}

    std::string name; ///< Without prefix.
    std::string text; ///< Every character; empty if there are elements inside, whatever stands between them.
    std::vector<XmlElement> children;

    /// The first child with this name; an empty element if there is none, so that a path can be walked in one go.
    [[nodiscard]] const XmlElement& operator[](std::string_view wanted) const noexcept {
        static const XmlElement none;
        const auto found = std::find_if(children.begin(), children.end(),
                                        [wanted](const XmlElement& child) { return child.name == wanted; });
        return found == children.end() ? none : *found;
    }
};

namespace detail {

/// Most elements of a document; a page of a thousand objects has some twelve thousand.
inline constexpr std::size_t max_xml_elements = 100'000;

/// The rest of the element that was just opened.
inline bool read_xml_element(XmlReader& reader, XmlElement& element, std::size_t& elements) {
    for (auto step = reader.next(); !step.is(XmlKind::close); step = reader.next()) {
        if (step.is(XmlKind::text)) {
            if (element.children.empty()) element.text += step.text;
            continue;
        }
        if (!step.is(XmlKind::open) || ++elements > max_xml_elements) return false;
        element.text.clear();
        auto& child = element.children.emplace_back(std::string(step.text));
        if (!read_xml_element(reader, child, elements)) return false;
    }
    return true;
}

} // namespace detail

/// The outermost element of a document, which is all there, and nothing after it; else `error::malformed`.
[[nodiscard]] inline result<XmlElement> parse_xml(std::string_view document) {
    XmlReader reader(document);
    const auto first = reader.next();
    if (!first.is(XmlKind::open)) return error::malformed;
    XmlElement root{std::string(first.text)};
    std::size_t elements = 1;
    if (!detail::read_xml_element(reader, root, elements) || !reader.next().is(XmlKind::done)) return error::malformed;
    return root;
}

} // namespace sluice::aws
