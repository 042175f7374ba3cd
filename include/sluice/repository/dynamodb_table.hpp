#pragma once

#include <sluice/dynamodb/replies.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/repository/dynamodb_index.hpp>
#include <sluice/repository/dynamodb_item.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::repository {

/// A table of documents: what is particular about it.
class DynamoDbTable {
public:
    explicit DynamoDbTable(std::string its_name) : name(std::move(its_name)) {}

    std::string name;
    std::vector<DynamoDbIndex> indexes;
    std::vector<std::string> scalars; ///< Attributes that are keys of the table or of an index of it, declared or not.
    std::string expiry; ///< The field that tells when a document is over, in seconds since 1970. Empty: none does.

    /// The key that documents are kept under.
    [[nodiscard]] static dynamodb::Item key_of(const std::string& id) {
        dynamodb::Item key;
        key.emplace(std::string(id_attribute), dynamodb::AttributeValue::of(id));
        return key;
    }

    /// The request that makes such a table.
    [[nodiscard]] dynamodb::CreateTable creation() const {
        dynamodb::CreateTable request(name, dynamodb::KeySchema(dynamodb::KeyAttribute(std::string(id_attribute))));
        request.stream = true;
        for (const auto& index : indexes) {
            dynamodb::KeySchema key(attribute(index.fields.front()));
            if (index.fields.size() > 1) key.attributes.push_back(attribute(index.fields.back()));
            request.indexes.emplace_back(index.name, std::move(key));
        }
        return request;
    }

    /// What a table lacks to be this one; empty: nothing.
    [[nodiscard]] std::string complaint(const dynamodb::TableDescription& table) const {
        const auto wanted = creation();
        if (!has_key(table, table.key, wanted.key)) {
            return "its key is not the text `" + std::string(id_attribute) + "` alone";
        }
        for (const auto& index : wanted.indexes) {
            const auto found = std::find_if(table.indexes.begin(), table.indexes.end(),
                                            [&](const auto& each) { return each.name == index.name; });
            if (found == table.indexes.end()) return "it has no index `" + index.name + "`";
            if (!has_key(table, found->key, index.key)) return "its index `" + index.name + "` has another key";
            if (!found->complete) return "its index `" + index.name + "` has not all attributes";
        }
        return {};
    }

    /// Notes what the table is like beside what was declared.
    void learn(const dynamodb::TableDescription& table) {
        for (const auto& attribute : table.types) scalars.push_back(attribute.first);
    }

private:
    [[nodiscard]] static bool has_key(const dynamodb::TableDescription& table,
                                      const dynamodb::TableDescription::Key& key, const dynamodb::KeySchema& wanted) {
        return std::equal(key.begin(), key.end(), wanted.attributes.begin(), wanted.attributes.end(),
                          [&](const auto& name, const auto& attribute) {
                              const auto type = table.types.find(name);
                              return name == attribute.name && type != table.types.end() &&
                                     type->second == dynamodb::name_of(attribute.type);
                          });
    }

    [[nodiscard]] static dynamodb::KeyAttribute attribute(const IndexedField& field) {
        using Type = dynamodb::KeyAttribute::Type;
        return dynamodb::KeyAttribute(attribute_of(field.name),
                                      field.kind == IndexedField::Kind::text ? Type::text : Type::number);
    }
};

} // namespace sluice::repository
