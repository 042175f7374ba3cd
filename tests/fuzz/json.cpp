#include "fuzz.hpp"

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/token.hpp>

#include <boost/json/parse.hpp>

#include <string>

using namespace sluice::aws;

namespace {

/// Whether the whole text is one value, and something is told of every token of it.
bool read_all(std::string_view text) {
    JsonReader reader(text);
    std::size_t told = 0;
    for (auto token = reader.next(); !token.is(TokenKind::done); token = reader.next()) {
        if (token.is(TokenKind::failed)) return false;
        told += token.text.size();
    }
    demand(told <= text.size());
    return true;
}

} // namespace

/// The reader takes the texts that Boost.JSON takes, and no others.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    const bool taken = read_all(text);
    boost::json::parse_options options;
    options.max_depth = JsonReader::max_depth;
    boost::system::error_code failure;
    const auto value = boost::json::parse({text.data(), text.size()}, failure, {}, options);
    if (failure != boost::json::error::exponent_overflow && failure != boost::json::error::too_deep) {
        demand(taken == !failure);
    }
    JsonReader skipped(text);
    const auto first = skipped.next();
    demand(!taken || skip(skipped, first));
    return 0;
}
