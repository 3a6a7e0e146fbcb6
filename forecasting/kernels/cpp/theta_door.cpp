#include "door.hpp"

namespace forecasting::door {
void add_theta(nb::module_ &) {}
}  // namespace forecasting::door
