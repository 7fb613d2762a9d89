"""The rules, over the source as it is."""

from statistics import median

import pytest

from tests.house import rules
from tests.house.source import Module, modules, test_modules


def breaches(rule: rules.Rule, over: tuple[Module, ...]) -> str:
    """All breaches of a rule, a line each."""
    return "\n".join(sentence for module in over for sentence in rule(module))


@pytest.mark.parametrize("rule", rules.OVER_SOURCE, ids=lambda rule: rule.__name__)
def test_server(rule: rules.Rule) -> None:
    """The server keeps the rule."""
    assert breaches(rule, modules("src/ostiary")) == ""


@pytest.mark.parametrize("rule", rules.OVER_SDK, ids=lambda rule: rule.__name__)
def test_sdk(rule: rules.Rule) -> None:
    """The SDK keeps the rule."""
    assert breaches(rule, modules("sdk/src/ostiary_client")) == ""


@pytest.mark.parametrize("rule", rules.OVER_TESTS, ids=lambda rule: rule.__name__)
def test_tests(rule: rules.Rule) -> None:
    """The tests keep the rule."""
    assert breaches(rule, test_modules()) == ""


def test_median_file() -> None:
    """Half of the server's files can be read at a glance."""
    lengths = [module.lines for module in modules("src/ostiary") if module.lines]
    assert median(lengths) <= rules.MEDIAN_FILE
