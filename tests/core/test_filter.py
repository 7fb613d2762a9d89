"""Conditions on columns: the definition that every store is held to."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.filter import (
    MAX_DEPTH,
    MAX_PARTS,
    Absent,
    Compare,
    Every,
    Filter,
    Match,
    Names,
    Not,
    OneOf,
    Order,
    Owns,
    Some,
    Text,
    check_size,
    matches,
)
from ostiary.core.record import Column
from ostiary.core.user import AUTHENTICATOR
from ostiary.errors import InvalidArgument
from tests.doubles.effects import START

ROW: Mapping[str, Column] = {"id": "7", "name": "Straße", "at": START, "count": 3, "none": None}
VALUES = st.integers(-2, 8)


@given(VALUES, VALUES)
def test_orders(have: int, value: int) -> None:
    """The five comparisons are those of numbers; an absent column fulfils none of them."""
    expected = {
        Order.EQUAL: have == value,
        Order.LESS: have < value,
        Order.LESS_OR_EQUAL: have <= value,
        Order.GREATER: have > value,
        Order.GREATER_OR_EQUAL: have >= value,
    }
    for order, holds in expected.items():
        assert matches(Compare("x", order, value), {"x": have}) is holds
        assert not matches(Compare("x", order, value), {"x": None})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare("at", Order.LESS, START + timedelta(microseconds=1)), True),
        (Compare("name", Order.GREATER, "S"), True),
        (Absent("none"), True),
        (Absent("name"), False),
        (OneOf("id", ("1", "7")), True),
        (OneOf("id", ()), False),
        (OneOf("none", ("",)), False),
        (Text("name", Match.EQUALS, "straße"), False),
        (Text("name", Match.EQUALS, "STRASSE", ignore_case=True), True),
        (Text("name", Match.STARTS_WITH, "Str"), True),
        (Text("name", Match.STARTS_WITH, "str"), False),
        (Text("name", Match.CONTAINS, "raß"), True),
        (Text("name", Match.CONTAINS, "%"), False),
        (Text("name", Match.ENDS_WITH, "SSE", ignore_case=True), True),
        (Text("name", Match.ENDS_WITH, ""), True),
        (Text("none", Match.CONTAINS, ""), False),
        (Every(()), True),
        (Some(()), False),
        (Every((Absent("none"), Absent("name"))), False),
        (Some((Absent("none"), Absent("name"))), True),
        (Not(Absent("name")), True),
        (Owns(AUTHENTICATOR, Absent("lookup_hash")), False),
    ],
)
def test_conditions(condition: Filter, expected: bool) -> None:
    """Each condition holds where it says so, and its opposite does not."""
    assert matches(condition, ROW) is expected
    assert matches(Not(condition), ROW) is not expected


def answer(mine: str, _: Owns | Names) -> set[str]:
    """One record fulfils it."""
    return {mine}


def test_owning() -> None:
    """Whether a record owns or names such rows is asked of whoever knows, wherever the condition stands."""
    owns = Owns(AUTHENTICATOR, Absent("lookup_hash"))
    names = Names("other", AUTHENTICATOR, Absent("lookup_hash"))
    row = {**ROW, "other": "9"}
    for one, mine in ((owns, "7"), (names, "9")):
        for condition in (one, Every((one,)), Some((one,)), Not(Not(one))):
            assert matches(condition, row, partial(answer, mine))
            assert not matches(condition, row, lambda _: {"8"})
            assert not matches(condition, row)


def test_size() -> None:
    """As many parts as allowed, as deep as allowed, and not one more."""
    one = Absent("none")
    owns = Owns(AUTHENTICATOR, one)
    deep: Filter = one
    for _ in range(MAX_DEPTH - 1):
        deep = Not(deep)
    check_size(Every((one,) * (MAX_PARTS - 1)))
    check_size(Some((owns, Names("id", AUTHENTICATOR, one)) * ((MAX_PARTS - 1) // 4)))
    check_size(deep)
    for too_large in (Every((one,) * MAX_PARTS), Some((owns,) * (MAX_PARTS // 2 + 1)), Not(deep)):
        with pytest.raises(InvalidArgument):
            check_size(too_large)
