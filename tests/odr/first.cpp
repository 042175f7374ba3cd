#include "everything.hpp"

std::string_view version_seen_elsewhere();

int main() {
    return sluice::version == version_seen_elsewhere() ? 0 : 1;
}
