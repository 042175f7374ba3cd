#include <sluice/storage/sqlite.hpp>

#include <sqlite3.h>

int main() {
    const sluice::SqliteStorage storage{"consumer.db"}; // a recipe: nobody opens it
    return sqlite3_libversion_number() >= 3'040'000 ? 0 : 1;
}
