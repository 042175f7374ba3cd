// expect: this policy cannot be moved; make it a recipe
#include <sluice/producer.hpp>

class Immovable : public sluice::Collect {
public:
    Immovable(Immovable&&) = delete;
};

using Right = sluice::Producer<sluice::Collect>;
Right* right = nullptr;

using Wrong = sluice::Producer<Immovable>;
Wrong* wrong = nullptr;
