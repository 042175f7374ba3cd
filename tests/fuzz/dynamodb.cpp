#include "fuzz.hpp"

#include <sluice/aws/json_call.hpp>
#include <sluice/dynamodb/item_size.hpp>
#include <sluice/dynamodb/replies.hpp>
#include <sluice/dynamodb/write_outcome.hpp>

#include <string>
#include <utility>

using namespace sluice;
using namespace sluice::dynamodb;

namespace {

template <class Reply>
result<Reply> read(std::string_view body) {
    auto reply = aws::decode_json<Reply>(body);
    demand(reply || reply.error() == error::response_invalid);
    return reply;
}

std::string written(const Item& item) {
    std::string out;
    aws::JsonWriter writer(out);
    write_item(writer, item);
    return out;
}

/// What was read is written and read again as the same.
void check(const Item& item) {
    const auto once = written(item);
    const auto again = read<FoundItem>("{\"Item\":" + once + "}");
    demand(again.has_value() && again->item.has_value() == !item.empty());
    demand(item.empty() || written(*again->item) == once);
    demand(item_size(item) <= once.size());
}

/// Whatever the service says of a transaction, what came of it makes sense.
void check_refusal(std::string_view body) {
    aws::Reply reply(error::conflict);
    reply.code = "TransactionCanceledException";
    reply.response = HttpResponse(400, std::string(body));
    const auto outcome = judge_write(reply);
    demand(outcome.error.failed() && !(outcome.again && outcome.culprit) && (outcome.culprit || !outcome.found));
    if (outcome.found) check(*outcome.found);
    const auto refusal = read<WriteRefusal>(body);
    demand(!outcome.culprit || (refusal && *outcome.culprit < refusal->reasons.size()));
    demand(!outcome.found || !outcome.found->empty());
}

} // namespace

/// Replies of DynamoDB; the first byte chooses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto body = text_of(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        if (const auto page = read<ItemPage>(body)) {
            for (const auto& item : page->items) check(item);
            check(page->last);
        }
        break;
    case 1: check_refusal(body); break;
    case 2:
        if (const auto left = read<UnprocessedItems>(body)) {
            for (const auto* items : {&left->puts, &left->removals}) {
                for (const auto& item : *items) demand(!item.empty());
            }
        }
        break;
    case 3:
        if (const auto table = read<TableDescription>(body)) demand(!table->name.empty());
        break;
    default: static_cast<void>(read<TimeToLive>(body));
    }
    return 0;
}
