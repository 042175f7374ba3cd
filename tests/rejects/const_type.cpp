// expect: name its type without const, reference or pointer
#include <sluice/producer.hpp>

using Right = sluice::Producer<sluice::Collect>;
Right* right = nullptr;

using Wrong = sluice::Producer<const sluice::Collect>;
Wrong* wrong = nullptr;
