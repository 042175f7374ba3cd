#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace sluice;

namespace {

class Message {
public:
    std::string text;

    template <class Out>
    void write(Out& out) const {
        out.key("Text");
        out.text(text);
    }

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view name) { return name == "Text" ? in.text(text) : in.skip(); });
    }
};

} // namespace

TEST_CASE("a call is a map, and so is its answer") {
    CHECK(aws::encode_json(Message{"a\"b"}) == R"({"Text":"a\"b"})");
    CHECK(aws::decode_json<Message>(R"({"Other":[1],"Text":"x"})").value().text == "x");
    for (const std::string_view wrong : {"", "[]", R"({"Text":1})", R"({"Text":"x")", "{}{}"}) {
        CAPTURE(wrong);
        CHECK(aws::decode_json<Message>(wrong).error() == error::response_invalid);
    }
}
