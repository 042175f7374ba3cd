// Reads aggregates that others wrote: a line of standard input is the data of a Kinesis record, and a line of standard
// output one of the user records in it: key, data and explicit hash key, all but the last in hexadecimal digits. An
// empty line ends each aggregate; `none` stands there instead if it is none.
#include <sluice/kinesis/deaggregate.hpp>

#include "hex.hpp"

#include <iostream>
#include <string>

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const auto data = bytes_of(line);
        const auto found = sluice::kinesis::deaggregate(data, "");
        for (const auto& record : found.records) {
            if (!found.aggregated) break;
            std::cout << digits_of(record.partition_key) << '\t' << digits_of(record.data) << '\t'
                      << record.explicit_hash_key << '\n';
        }
        std::cout << (found.aggregated ? "\n" : "none\n");
    }
}
