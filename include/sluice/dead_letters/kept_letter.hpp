#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <string>
#include <vector>

namespace sluice {

/// A dead letter as it was kept: its record, ready to be put again, and why it was not delivered.
class KeptLetter {
public:
    wall_time time; ///< When it was kept, to the millisecond.
    RecordId id;    ///< That of the record's first life; whoever puts it again gets another one.
    Record record;
    std::string reason;  ///< As a word that stays: the name of a `sluice::error`, or `category:number`.
    std::string message; ///< The reason as a sentence.
    std::vector<Attempt> attempts; ///< To the microsecond. An error that nobody here knows is `state_not_recoverable`.
};

} // namespace sluice
