"""What every test is run under."""

import os

import pytest
from hypothesis import settings

# A property sees the same examples in every run, so that a red run is the change's own doing;
# `make nightly` sets FUZZ_EXAMPLES and looks for new ones.
settings.register_profile(
    "run",
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    print_blob=True,
)
settings.load_profile("run")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out nightly tests unless `-m` asks for them by name."""
    if "nightly" in config.option.markexpr:
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    items[:] = [item for item in items if item.get_closest_marker("nightly") is None]
    config.hook.pytest_deselected(items=nightly)
