"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import forecasting

MODULES = [
    module.name
    for module in pkgutil.walk_packages(forecasting.__path__, "forecasting.")
    if not module.name.endswith(("__main__", "_kernels"))
]


@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")  # of sktime, to its users
@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0


@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
def test_there_are_examples():
    tried = (doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert sum(tried) > 60
