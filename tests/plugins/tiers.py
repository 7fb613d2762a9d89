"""Two tiers: every change runs all tests but those marked `nightly`; `--nightly` runs them too.

`--postgres` gives every server of the tests a PostgreSQL database instead of a file.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    parser.addoption(
        "--postgres", action="store_true", help="serve on PostgreSQL wherever a test starts a server"
    )
    parser.addoption("--nightly", action="store_true", help="run the long crash, race and soak campaigns too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is nightly, unless it was asked for."""
    if config.getoption("--nightly"):
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    if nightly:
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if item not in nightly]
