#pragma once

#include "chronicle.hpp"
#include "item.hpp"
#include "pace.hpp"
#include "scenario.hpp"

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/frame.hpp>
#include <sluice/kinesis/user_record.hpp>
#include <sluice/receipt.hpp>
#include <sluice/stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulate {

/// A record in a request.
class SentRecord {
public:
    SentRecord(const sluice::kinesis::UserRecord& its_record, std::size_t its_entry)
        : key(its_record.partition_key), data(its_record.data), entry(its_entry) {}

    std::string_view key;
    std::string_view data;
    std::size_t entry; ///< Its place in the request.
    std::uint64_t id = Item::id_of(data);
    bool shared = false; ///< There are others in its entry.
};

/// Watches a history from outside, and says when promises 1 to 7 are broken.
///
/// It is told what the caller did and was told, what was sent and answered, what the service has, and what became dead
/// letters. It knows nothing of the producer's insides.
class Oracle {
public:
    Oracle(const Scenario& scenario, const Timeline& timeline, Chronicle& chronicle)
        : scenario_(scenario), timeline_(timeline), chronicle_(chronicle), pace_(scenario.options) {}

    [[nodiscard]] Item& item(std::uint64_t id) { return items_[id - 1]; }
    [[nodiscard]] std::size_t items() const { return items_.size(); }

    // --- lives -------------------------------------------------------------------------------------------------

    void begin_life();

    /// The process ended in good order: whoever waits was told, and a storage that persists has everything.
    void end_life();

    /// The process ended in the middle of something. `durably`: what was committed is there.
    void crash(bool durably);

    /// From now on the storage fails at times: outcomes may be lost, and what was put quietly too.
    void storage_fails();

    /// The log says that the storage could never be opened, and what waited for it is lost.
    void never_opened() { never_opened_ = true; }

    // --- what the caller does, and is told ---------------------------------------------------------------------

    Item& add(std::string stream, std::string key, std::size_t size, bool quiet);

    void accepted(std::uint64_t id, bool durably);

    void refused(std::uint64_t id, error_code why);

    /// Everything put quietly up to this record has been committed.
    void synced(std::uint64_t last);

    /// A flush begins: paused streams are probed at once.
    void flushed() { pace_.forgive(); }

    /// Stands between the records that are accepted now, and those that will be.
    [[nodiscard]] std::uint64_t mark() const { return marks_; }

    /// A flush says so, of every record accepted before.
    void all_have_outcome(std::uint64_t mark);

    /// A clear is asked for: what has no outcome may lose it from now on.
    void clearing() { ++clears_; }

    /// That is over, and failed; what a failed commit wrote may be found after a crash.
    void not_cleared() {
        --clears_;
        clear_failed_ = true;
    }

    /// A clear is done; what was accepted before it was asked for is gone.
    void cleared(std::uint64_t mark);

    /// An `async_deliver` completed.
    void told(std::uint64_t id, error_code outcome, const sluice::Receipt& receipt);

    // --- what is sent, and answered ----------------------------------------------------------------------------

    void sending(const std::string& stream, const std::vector<SentRecord>& records);

    void unanswered(const std::vector<SentRecord>& records);

    /// `resharded`: shards of the stream have come and gone.
    void answered(const std::string& stream, const std::vector<SentRecord>& records, const sluice::Answer& answer,
                  bool resharded);

    /// The service has one more record, where a consumer finds it.
    void arrived(const std::string& stream, const std::string& key, std::string_view data);

    void letter(const sluice::DeadLetter& letter);

    /// A dead letter was offered, and nobody took it.
    void letter_refused(const sluice::DeadLetter& letter);

    // --- what is counted ---------------------------------------------------------------------------------------

    /// Whenever somebody looks; `opened`: the storage's records count.
    void observe(const sluice::Stats& stats);

    /// At the end of a life, when all is quiet. `removed`: what the clears said.
    void balance(const sluice::Stats& stats, std::uint64_t removed);

    /// Everything is over, and was flushed.
    void end(const sluice::Stats& stats);

    /// Of the records put before `before`, those that belong elsewhere than the throttled shard are delivered.
    template <class OnShard>
    void neighbours_went_on(steady_time before, OnShard on_throttled_shard) {
        for (const auto& its : items_) {
            if (its.standing == Standing::refused || its.put > before || on_throttled_shard(its)) continue;
            if (!its.has_outcome()) chronicle_.broken(4, "record ", its.id, " waits for a shard that is not its own");
        }
    }

    [[nodiscard]] const std::deque<Item>& all() const { return items_; }

private:
    /// What the counters of a process must say.
    class Answers {
    public:
        std::uint64_t taken = 0;
        std::uint64_t doubtful = 0; ///< Of these, those that may be sent again.
        std::uint64_t letters = 0;
        std::uint64_t letters_refused = 0;
    };

    /// Whether a lost settlement may explain something, since it was answered in that life.
    [[nodiscard]] bool lossy_since(std::size_t life) const {
        return std::find(lossy_.begin() + static_cast<std::ptrdiff_t>(life), lossy_.end(), true) != lossy_.end();
    }

    Item* find(std::string_view data);

    /// Nobody will tell whether a clear was done.
    void may_be_cleared();

    void land_all();

    void sending(Item& its, const std::string& stream, const SentRecord& record);

    void answered(Item& its, const sluice::EntryAnswer& said, bool doubtful);

    /// Whether a dead letter may have this reason.
    void judge(const Item& its, error_code reason);

    const Scenario& scenario_;
    const Timeline& timeline_;
    Chronicle& chronicle_;
    Pace pace_;
    std::deque<Item> items_; ///< By id, from 1.
    std::vector<bool> lossy_; ///< Of each life: whether it may have lost settlements.
    Answers answers_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> last_arrivals_; ///< Of each stream and key.
    std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> flying_; ///< And its entry.
    std::uint64_t entries_before_ = 0; ///< Of all requests before the latest.
    bool storage_fails_ = false;
    bool never_opened_ = false;
    bool cleared_ = false; ///< In this life.
    bool clear_failed_ = false;
    unsigned clears_ = 0; ///< Under way.
    std::uint64_t marks_ = 0;
    std::uint64_t level_ = 0;
};

} // namespace simulate
