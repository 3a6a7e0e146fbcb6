#include "door.hpp"

namespace forecasting::door {
void add_ets(nb::module_ &) {}
}  // namespace forecasting::door
