#include "oracle.hpp"

namespace simulate {

void Oracle::begin_life() {
    lossy_.push_back(false);
    answers_ = {};
    never_opened_ = cleared_ = clear_failed_ = false;
    storage_fails_ = false;
    level_ = 0;
}

void Oracle::end_life() {
    for (auto& its : items_) {
        if (its.standing == Standing::asked) chronicle_.broken(1, "record ", its.id, ": whoever put it was never told");
        const bool lost = (its.letter_refused && !scenario_.persistent) || (its.shaky && never_opened_);
        if (its.standing == Standing::accepted && lost) its.standing = Standing::unsure;
        if (scenario_.persistent && its.standing == Standing::accepted) its.standing = Standing::durable;
    }
    land_all();
}

void Oracle::crash(bool durably) {
    lossy_.back() = true;
    if (clears_ > 0 || clear_failed_) may_be_cleared();
    clears_ = 0;
    clear_failed_ = false;
    if (!durably) std::fill(lossy_.begin(), lossy_.end(), true);
    for (auto& its : items_) {
        if (its.standing == Standing::asked) its.standing = Standing::unsure;
        if (its.standing == Standing::accepted) its.standing = Standing::unsure;
        if (its.standing == Standing::durable && !durably && !its.has_outcome()) its.standing = Standing::unsure;
        if (!scenario_.persistent && !its.has_outcome()) its.standing = Standing::gone;
    }
    land_all();
}

void Oracle::storage_fails() {
    lossy_.back() = true;
    storage_fails_ = true;
    for (auto& its : items_) its.shaky = its.shaky || (its.quiet && its.standing == Standing::accepted);
}

Item& Oracle::add(std::string stream, std::string key, std::size_t size, bool quiet) {
    auto& its = items_.emplace_back(items_.size() + 1, std::move(stream), std::move(key), size);
    its.life = lossy_.size() - 1;
    its.put = timeline_.now();
    its.steps_before = timeline_.forward_steps();
    its.quiet = quiet;
    its.shaky = quiet && storage_fails_;
    return its;
}

void Oracle::accepted(std::uint64_t id, bool durably) {
    auto& its = item(id);
    if (its.standing == Standing::unsure) return;
    if (its.standing == Standing::refused) chronicle_.broken(1, "record ", id, " was refused, and then accepted");
    if (its.standing == Standing::asked) its.mark = ++marks_;
    if (its.standing != Standing::durable) its.standing = durably ? Standing::durable : Standing::accepted;
}

void Oracle::refused(std::uint64_t id, error_code why) {
    auto& its = item(id);
    chronicle_.line("record ", id, " is refused: ", why);
    if (its.standing == Standing::unsure) return;
    its.standing = Standing::refused;
    // What a failed commit wrote may be found after a crash.
    const bool storage = why == error::storage_failed || why == error::storage_full;
    if (storage && !storage_fails_) chronicle_.broken(2, "record ", id, ": the storage did not fail, but ", why);
    if (storage) its.standing = Standing::unsure;
    const bool full = why == error::buffer_full;
    if (full && !its.quiet && scenario_.options.when_full != sluice::WhenFull::fail &&
        its.data.size() + its.key.size() + 32 <= scenario_.options.buffer_bytes) {
        chronicle_.broken(5, "record ", id, " did not wait for room");
    }
    if (its.arrivals + its.letters > 0) chronicle_.broken(1, "record ", id, " was refused, but has an outcome");
}

void Oracle::synced(std::uint64_t last) {
    if (!scenario_.persistent) return;
    for (auto& its : items_) {
        if (its.id > last) break;
        if (its.life + 1 == lossy_.size() && its.standing == Standing::accepted && !its.shaky) {
            its.standing = Standing::durable;
        }
    }
}

void Oracle::all_have_outcome(std::uint64_t mark) {
    for (const auto& its : items_) {
        const bool owed = its.standing == Standing::accepted || its.standing == Standing::durable;
        const bool lost = its.letter_refused && !scenario_.persistent;
        if (owed && !lost && its.mark <= mark && !its.has_outcome()) chronicle_.broken(1, "record ", its.id, " has no outcome after a flush");
    }
}

void Oracle::cleared(std::uint64_t mark) {
    --clears_;
    cleared_ = true;
    for (auto& its : items_) {
        if (its.has_outcome() || its.standing == Standing::refused || its.standing == Standing::gone) continue;
        its.cleared = true;
        const bool kept = its.standing == Standing::accepted || its.standing == Standing::durable;
        its.surely_cleared = kept && its.mark <= mark && !its.flying;
    }
}

void Oracle::told(std::uint64_t id, error_code outcome, const sluice::Receipt& receipt) {
    auto& its = item(id);
    chronicle_.line("record ", id, ": its handler is told ", outcome);
    if (!outcome) {
        const auto place = std::pair(receipt.shard_id(), receipt.sequence_number());
        const bool known = std::find(its.places.begin(), its.places.end(), place) != its.places.end();
        if (!known) chronicle_.broken(1, "record ", id, ": its receipt names ", place.second, ", which nobody said");
        return accepted(id, true);
    }
    if (outcome == error::kept) {
        if (!scenario_.persistent) chronicle_.broken(1, "record ", id, " is kept in memory");
        return accepted(id, true);
    }
    if (outcome == error::cleared) {
        if (!cleared_ && clears_ == 0) chronicle_.broken(1, "record ", id, " was never cleared");
        return accepted(id, true);
    }
    if (its.letters > 0 && its.reason == outcome) return accepted(id, true);
    if (its.letter_refused) {
        its.standing = Standing::unsure;
        return;
    }
    if (its.letters > 0) chronicle_.broken(1, "record ", id, ": its dead letter says ", its.reason);
    const bool needs_letter = outcome == error::gave_up || outcome == error::expired || outcome == error::dropped ||
                              outcome == error::request_refused;
    if (needs_letter) chronicle_.broken(1, "record ", id, ": there is no dead letter");
    refused(id, outcome);
}

void Oracle::sending(const std::string& stream, const std::vector<SentRecord>& records) {
    pace_.sending(stream, timeline_.now(), chronicle_);
    for (const auto& record : records) {
        if (auto* its = find(record.data)) sending(*its, stream, record);
    }
    if (!records.empty()) entries_before_ += records.back().entry + 1;
}

void Oracle::unanswered(const std::vector<SentRecord>& records) {
    for (const auto& record : records) {
        if (record.id != 0) item(record.id).flying = false;
    }
}

void Oracle::answered(const std::string& stream, const std::vector<SentRecord>& records, const sluice::Answer& answer,
                      bool resharded) {
    pace_.answered(stream, timeline_.now(), answer.error);
    for (const auto& record : records) {
        if (record.id == 0) continue;
        auto& its = item(record.id);
        its.flying = false;
        its.failed_last = false;
        if (answer.error || record.entry >= answer.entries.size()) continue;
        answered(its, answer.entries[record.entry], record.shared && resharded);
    }
}

void Oracle::arrived(const std::string& stream, const std::string& key, std::string_view data) {
    auto* its = find(data);
    if (its == nullptr) return;
    if (its->arrivals++ > 0) return;
    if (its->key != key || its->stream != stream) chronicle_.broken(1, "record ", its->id, " arrived at another place");
    if (scenario_.options.ordering != sluice::Ordering::per_key) return;
    // Its outcome was another, but the crash came first; those behind it did not wait.
    if (scenario_.options.attempts > 0 && its->own_failures >= scenario_.options.attempts && lossy_since(its->life)) return;
    auto& last = last_arrivals_[std::pair(stream, key)];
    if (last > its->id) chronicle_.broken(6, "record ", its->id, " arrived after record ", last, " of its key");
    last = std::max(last, its->id);
}

void Oracle::letter(const sluice::DeadLetter& letter) {
    auto* its = find(letter.record.data);
    if (its == nullptr) return;
    chronicle_.line("record ", its->id, " becomes a dead letter: ", letter.reason);
    if (its->letters++ > 0 && !lossy_since(its->letter_in)) {
        chronicle_.broken(1, "record ", its->id, " became a dead letter twice");
    }
    if (its->taken > 0 && !its->doubtful && !lossy_since(its->taken_in)) {
        chronicle_.broken(1, "record ", its->id, " was delivered, and then became a dead letter");
    }
    if (its->surely_cleared && !lossy_since(its->life)) {
        chronicle_.broken(1, "record ", its->id, " was cleared, and then became a dead letter");
    }
    if (letter.record.stream != its->stream || letter.record.partition_key != its->key) {
        chronicle_.broken(1, "record ", its->id, ": its dead letter has another stream or key");
    }
    its->letter_in = lossy_.size() - 1;
    its->reason = letter.reason;
    ++answers_.letters;
    judge(*its, letter.reason);
}

void Oracle::observe(const sluice::Stats& stats) {
    const auto& options = scenario_.options;
    const bool over = stats.buffered_bytes > options.buffer_bytes || stats.buffered_records > options.buffer_records;
    // What an earlier process left counts too, and may have been more.
    if (over && stats.buffered_bytes > level_ && stats.recovered == 0) {
        chronicle_.broken(5, stats.buffered_records, " records with ", stats.buffered_bytes, " bytes are buffered");
    }
    level_ = stats.buffered_bytes;
}

void Oracle::balance(const sluice::Stats& stats, std::uint64_t removed) {
    const auto total = stats.total();
    const auto in = stats.accepted + stats.recovered;
    const auto out = total.delivered + total.failed + total.expired + removed + stats.unreadable;
    if (in != out + stats.buffered_records) {
        chronicle_.broken(1, "the counters do not add up: ", stats.accepted, " accepted, ", stats.recovered,
                          " recovered; ", total.delivered, " delivered, ", total.failed, " failed, ", total.expired,
                          " expired, ", removed, " cleared, ", stats.unreadable, " unreadable, ",
                          stats.buffered_records, " buffered");
    }
    const bool too_few = total.delivered + answers_.doubtful < answers_.taken;
    if (total.delivered > answers_.taken || (removed == 0 && too_few)) {
        chronicle_.broken(1, total.delivered, " records are counted as delivered; ", answers_.taken, " were");
    }
    // When nobody takes dead letters until the very end, the log has them.
    const auto lost = total.failed + total.expired;
    if (lost < answers_.letters || lost > answers_.letters + answers_.letters_refused) {
        chronicle_.broken(1, lost, " records are counted as lost; there are ",
                          answers_.letters, " dead letters");
    }
    if (stats.unreadable > 0) chronicle_.broken(2, stats.unreadable, " records could not be read");
}

void Oracle::end(const sluice::Stats& stats) {
    if (stats.buffered_records != 0 || stats.buffered_bytes != 0) {
        chronicle_.broken(1, stats.buffered_records, " records with ", stats.buffered_bytes, " bytes never left");
    }
    for (const auto& its : items_) {
        const bool owed = its.standing == Standing::accepted || its.standing == Standing::durable;
        if (owed && !its.has_outcome()) {
            chronicle_.broken(its.standing == Standing::durable ? 2 : 1, "record ", its.id, ", put in life ",
                              its.life, ", has no outcome");
        }
        const bool lost = its.letters > 0 || its.cleared || its.letter_refused;
        if (its.taken > 0 && its.arrivals == 0 && !(its.doubtful && lost)) {
            chronicle_.broken(its.doubtful ? 7 : 1, "record ", its.id, " is not at the service");
        }
    }
    pace_.judge(chronicle_);
}

void Oracle::letter_refused(const sluice::DeadLetter& letter) {
    auto* its = find(letter.record.data);
    if (its == nullptr) return;
    its->letter_refused = true;
    ++answers_.letters_refused;
}

Item* Oracle::find(std::string_view data) {
    const auto id = Item::id_of(data);
    if (id == 0 || id > items_.size() || item(id).data != data) {
        chronicle_.broken(9, "data that nobody put: ", data.substr(0, 40));
        return nullptr;
    }
    return &item(id);
}

void Oracle::may_be_cleared() {
    for (auto& its : items_) its.cleared = its.cleared || !its.has_outcome();
}

void Oracle::land_all() {
    for (auto& its : items_) its.flying = its.failed_last = false;
}

void Oracle::sending(Item& its, const std::string& stream, const SentRecord& record) {
    ++its.sent;
    const auto& options = scenario_.options;
    if (its.stream != stream || its.key != record.key) {
        chronicle_.broken(1, "record ", its.id, " is sent elsewhere");
    }
    if (its.standing == Standing::refused) chronicle_.broken(1, "record ", its.id, " is sent, but was refused");
    if (its.standing == Standing::gone) chronicle_.broken(1, "record ", its.id, " is sent, but its store is gone");
    if (its.flying) chronicle_.broken(4, "record ", its.id, " is in two requests at once");
    if (its.taken > 0 && !its.doubtful && !lossy_since(its.taken_in)) {
        chronicle_.broken(4, "record ", its.id, " was taken, and is sent again");
    }
    if (its.letters > 0 && !lossy_since(its.letter_in)) {
        chronicle_.broken(1, "record ", its.id, " is a dead letter, and is sent again");
    }
    if (its.surely_cleared && !lossy_since(its.life)) chronicle_.broken(1, "record ", its.id, " was cleared, and is sent");
    const auto spent = its.own_failures + (options.throttles_spend_attempts ? its.throttles : 0);
    if (options.attempts > 0 && spent >= options.attempts && !lossy_since(its.life)) {
        chronicle_.broken(3, "record ", its.id, " is sent after ", spent, " failures of its own");
    }
    if (its.failed_last) pace_.retried(its.own_failures, timeline_.now() - its.failed_at);
    its.flying = true;
    if (options.ordering != sluice::Ordering::per_key) return;
    auto& [flying, entry] = flying_[std::pair(its.stream, its.key)];
    const auto its_entry = entries_before_ + record.entry;
    if (flying != 0 && flying != its.id && entry != its_entry && item(flying).flying) {
        chronicle_.broken(6, "record ", its.id, " overtakes record ", flying, " of its key");
    }
    if (flying > its.id && entry == its_entry) {
        chronicle_.broken(6, "record ", its.id, " stands behind record ", flying, " of its key");
    }
    flying = its.id;
    entry = its_entry;
}

void Oracle::answered(Item& its, const sluice::EntryAnswer& said, bool doubtful) {
    if (!said.error) {
        ++its.taken;
        its.taken_in = lossy_.size() - 1;
        its.taken_at = timeline_.now();
        its.places.emplace_back(said.shard_id, said.sequence_number);
        ++answers_.taken;
        answers_.doubtful += doubtful ? 1 : 0;
        its.doubtful = its.doubtful || doubtful;
        return;
    }
    if (said.error == error::record_failed) {
        ++its.own_failures;
        its.failed_last = true;
        its.failed_at = timeline_.now();
    }
    if (said.error == error::throttled) ++its.throttles;
}

void Oracle::judge(const Item& its, error_code reason) {
    const auto& options = scenario_.options;
    const auto wrong = [&](int promise, const char* why) {
        chronicle_.broken(promise, "record ", its.id, " became a dead letter: ", reason, " But ", why);
    };
    if (reason == error::gave_up) {
        const auto spent = its.own_failures + (options.throttles_spend_attempts ? its.throttles : 0);
        if (options.attempts == 0 || spent < options.attempts) wrong(3, "its budget was not spent");
    } else if (reason == error::expired) {
        const auto age = timeline_.now() - its.put + timeline_.forward_steps() - its.steps_before;
        const auto life = its.time_to_live.count() > 0 ? its.time_to_live : options.time_to_live;
        if (life.count() == 0 || age + 1ms < life) wrong(3, "its time was not over");
    } else if (reason == error::dropped) {
        if (options.when_full != sluice::WhenFull::drop_oldest) wrong(5, "nobody allowed that");
    } else if (reason == error::closed) {
        if (scenario_.persistent && !its.shaky) wrong(1, "the storage persists");
    } else if (reason == error::storage_failed || reason == error::storage_full) {
        if (!its.shaky) wrong(2, "the storage did not fail, or somebody waited");
    } else if (reason == error::request_refused) {
        if (!its.poison) wrong(3, "the service would take it");
    } else {
        wrong(1, "there is no such outcome");
    }
}

} // namespace simulate
