#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// A field of documents that a table has an index by.
class IndexedField {
public:
    enum class Kind { text, number };

    /// A field of the document itself, not of an object in it.
    explicit IndexedField(std::string its_name, Kind its_kind = Kind::text)
        : name(std::move(its_name)), kind(its_kind) {}

    std::string name;
    Kind kind;
};

/// A global secondary index: finds items by one field, and by an order of another.
class DynamoDbIndex {
public:
    DynamoDbIndex(std::string its_name, IndexedField field) : name(std::move(its_name)) {
        fields.push_back(std::move(field));
    }
    DynamoDbIndex(std::string its_name, IndexedField field, IndexedField then)
        : DynamoDbIndex(std::move(its_name), std::move(field)) {
        fields.push_back(std::move(then));
    }

    std::string name;
    std::vector<IndexedField> fields; ///< One, or two: the partition key, and the sort key.
};

} // namespace sluice
