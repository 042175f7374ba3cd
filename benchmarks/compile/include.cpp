// What a translation unit pays that only includes the library.

#include <sluice/sluice.hpp>

int main() {}
