// The door between Python and the kernels: typed arrays in, a filled array out, the GIL released between.
// Nothing behind it looks at a Python object.
#include "door.hpp"

NB_MODULE(_kernels, m) {
    m.doc() = "Compiled numerics: arrays in, arrays filled. Use the typed faces in forecasting.kernels.";
    forecasting::door::add_intermittent(m);
    forecasting::door::add_ets(m);
    forecasting::door::add_theta(m);
    forecasting::door::add_arima(m);
    forecasting::door::add_autoregression(m);
    forecasting::door::add_stl(m);
    forecasting::door::add_weighted_quantiles(m);
    forecasting::door::add_seasonal_ridge(m);
}
