#include <sluice/aws/xml.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

using namespace sluice;
using aws::XmlKind;
using aws::XmlReader;

namespace {

/// The steps in short: `(name`, `'text'`, `)`, then `.` or `!`.
std::string steps(std::string_view document) {
    std::string trace;
    XmlReader reader(document);
    for (std::size_t count = 0; count <= document.size() + 1; ++count) {
        const auto step = reader.next();
        if (step.is(XmlKind::open)) trace.append("(").append(step.text);
        if (step.is(XmlKind::text)) trace.append("'").append(step.text).append("'");
        if (step.is(XmlKind::close)) trace += ')';
        if (step.is(XmlKind::done) || step.is(XmlKind::failed)) {
            CHECK(reader.next().kind == step.kind);
            return trace += step.is(XmlKind::done) ? '.' : '!';
        }
    }
    return "endless";
}

bool refused(std::string_view document) { return steps(document).ends_with('!') && !aws::parse_xml(document); }

std::string text_of(std::string_view content) {
    const auto root = aws::parse_xml("<a>" + std::string(content) + "</a>");
    return root ? root->text : "refused";
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

} // namespace

TEST_CASE("an XML document is read step by step") {
    CHECK(steps("<a/>") == "(a).");
    CHECK(steps("<a></a>") == "(a).");
    CHECK(steps("<a>x<b>y</b>z</a>") == "(a'x'(b'y')'z').");
    CHECK(steps("<a >x</a >") == "(a'x').");
    CHECK(steps("<a><b/><c x=\"1\" y='2'/></a>") == "(a(b)(c)).");
    CHECK(steps("<p:a xmlns:p=\"u\"><p:b>1</p:b></p:a>") == "(a(b'1')).");
    CHECK(steps("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>\n") == "(a).");
    CHECK(steps("\xEF\xBB\xBF<?xml version='1.0'?><a/>") == "(a).");
    CHECK(steps("<!-- one --><?pi some?><a><!-- two --><?x?></a><!-- three -->\n<?y z?>") == "(a).");
    CHECK(steps("<a><![CDATA[<b>&amp;]]]></a>") == "(a'<b>&amp;]').");
    CHECK(steps("<\xC3\xA9>\xE6\x97\xA5</\xC3\xA9>") == "(\xC3\xA9'\xE6\x97\xA5').");
}

TEST_CASE("XML that is not well-formed is refused") {
    for (const std::string_view wrong :
         {"", " ", "x", "<", "<a", "<a>", "<a>x", "</a>", "<a></b>", "<a><b></a></b>", "<a></a", "<a></a><b/>",
          "<a/>x", "x<a/>", "<a/><a/>", "< a/>", "<a / >", "<a/ >", "<1/>", "<-a/>", "<:a/>", "<a:/>", "<a:b:c/>",
          "<a:1/>", "<a b/>", "<a b=1/>", "<a b='1'", "<a b='1\"/>", "<a b='<'/>", "<a b='1'c='2'/>",
          "<a b='1' b='2'/>", "<a b='&x;'/>", "<a 1='1'/>", "<a></a b='1'>", "<p:a></a>", "<a></p:a>", "<a>]]></a>",
          "<a><![CDATA[x</a>", "<a><![CDATA[x]]</a>", "<![CDATA[x]]><a/>", "<a/><![CDATA[x]]>", "<a><!-- x</a>",
          "<a><!-- x -- y --></a>", "<a><!-- x ---></a>", "<a><!-></a>", "<a><?></a>", "<a><? x?></a>", "<a><?x</a>",
          "<a><?xml version='1.0'?></a>", " <?xml version='1.0'?><a/>", "<?xml", "<?xml version='1.0'", "<a><?XmL?></a>",
          "<?x/y?><a/>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><!ELEMENT b></a>",
          "<a>\x01</a>", "<a>\x80</a>", "<a>\xC3</a>", "<a>\xED\xA0\x80</a>", "<a b='\x02'/>", "<a><!-- \x03 --></a>",
          "<\xC3/>", "<a><![CDATA[\xFF]]></a>"}) {
        CAPTURE(wrong);
        CHECK(refused(wrong));
    }
    CHECK(refused(std::string("<a>\0</a>", 8)));
}

TEST_CASE("references stand for characters, and for nothing else") {
    CHECK(text_of("&#65;&#x42;&amp;&lt;&gt;&quot;&apos;") == "AB&<>\"'");
    CHECK(text_of("&#x1F525;&#233;&#x10FFFF;") == "\xF0\x9F\x94\xA5\xC3\xA9\xF4\x8F\xBF\xBF");
    CHECK(text_of("a&amp;lt;b") == "a&lt;b");
    CHECK(text_of("&#x00000000000000041;") == "A");
    CHECK(text_of("&#9;&#10;&#13;") == "\t\n\r");
    for (const std::string_view wrong :
         {"&", "&;", "&nope;", "&amp", "&AMP;", "& ;", "&#;", "&#x;", "&#X41;", "&#65", "&#-1;", "&#6a;", "&#xg;",
          "&#0;", "&#1;", "&#xB;", "&#xD800;", "&#xDFFF;", "&#xFFFE;", "&#xFFFF;", "&#x110000;", "&#99999999999999;",
          "&#x00000000000000000000000000000000000000041;"}) {
        CAPTURE(wrong);
        CHECK(text_of(wrong) == "refused");
    }
}

TEST_CASE("ends of lines become one character") {
    CHECK(text_of("a\r\nb\rc\nd\r") == "a\nb\nc\nd\n");
    CHECK(text_of("a\r&#10;b&#13;\nc") == "a\n\nb\r\nc");
    CHECK(text_of("<![CDATA[a\r\nb\r&#13;]]>") == "a\nb\n&#13;");
}

TEST_CASE("a tree holds elements or text") {
    const auto root = aws::parse_xml("<r> <a> x </a>\n<a>y</a> <b>1<!-- c -->2<![CDATA[3]]></b> z </r>");
    REQUIRE(root.has_value());
    CHECK(root->name == "r");
    CHECK(root->text.empty());
    REQUIRE(root->children.size() == 3);
    CHECK((*root)["a"].text == " x ");
    CHECK(root->children[1].text == "y");
    CHECK((*root)["b"].text == "123");
    CHECK((*root)["c"]["d"]["e"].text.empty());
    CHECK((*root)["a"]["x"].name.empty());
}

TEST_CASE("what is cut off is refused, whatever stands before") {
    const std::string whole = "<?xml version=\"1.0\"?><!-- c --><r x='&lt;'><a>1&amp;2</a><![CDATA[x]]><b/>\xC3\xA9</r>";
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(refused(whole.substr(0, size)));
    CHECK(aws::parse_xml(whole).has_value());
    // Step by step, all before the cut is told.
    CHECK(steps("<r><a>1</a><b>2") == "(r(a'1')(b!");
}

TEST_CASE("size, depth and number are bounded") {
    constexpr auto depth = XmlReader::max_depth;
    CHECK(aws::parse_xml(repeated("<a>", depth) + repeated("</a>", depth)).has_value());
    CHECK(refused(repeated("<a>", depth + 1) + repeated("</a>", depth + 1)));
    CHECK(refused(repeated("<a>", 1'000'000)));
    CHECK(refused(repeated("<", 1'000'000)));
    CHECK(aws::parse_xml("<a>" + repeated("<b/>", 99'999) + "</a>").has_value());
    CHECK_FALSE(aws::parse_xml("<a>" + repeated("<b/>", 100'000) + "</a>").has_value());
    std::string attributes;
    for (std::size_t i = 0; i < XmlReader::max_attributes; ++i) attributes += " a" + std::to_string(i) + "=''";
    CHECK(aws::parse_xml("<a" + attributes + "/>").has_value());
    CHECK(refused("<a" + attributes + " b=''/>"));
    CHECK(text_of(repeated("&amp;", 1'000'000)).size() == 1'000'000);
    CHECK(text_of(repeated("<!---->", 1'000'000)).empty());
    CHECK(refused("<a>" + std::string(1'000'000, '&') + "</a>"));
}

TEST_CASE("any text is survived as XML") {
    std::uint64_t seed = 1;
    const auto dice = [&seed] {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        return static_cast<std::size_t>(seed >> 33U);
    };
    constexpr std::string_view pieces[] = {"<", ">", "/", "a", "b", "</a>", "<a>", "<b", " x='", "'", "&", "amp;", "#x",
                                           "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "\xC3", "\xA9", "\r", ":"};
    for (int round = 0; round < 20'000; ++round) {
        std::string document = round % 2 == 0 ? "<a>" : "";
        for (auto left = dice() % 20; left > 0; --left) document += pieces[dice() % std::size(pieces)];
        const auto trace = steps(document);
        CHECK(trace != "endless");
        CHECK(trace.ends_with('.') == aws::parse_xml(document).has_value());
    }
}
