#include <sluice/compression/gzip.hpp>

#include <string>

int main() {
    sluice::Gzip compression;
    std::string scratch;
    const auto small = compression.compress(std::string(1'000, 'a'), scratch);
    return small && small->size() < 100 ? 0 : 1;
}
