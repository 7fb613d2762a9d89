"""Many small questions in one statement, whose text is always the same few.

A question is a SELECT of four columns and a place for a list of keys. One that is asked alone, as most are, has a
statement of its own. Of all others the first eight that are ever asked make one statement, the next eight another; those
that are not asked this time get an empty list, which costs about two microseconds each. Were each combination a text of its
own, most would be compiled for one use.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from ostiary.storage.postgres.connecting import Connection

_TOGETHER: Final = 8


class Row(msgspec.Struct, frozen=True):
    """One row of an answer: the key it is for, and what was found."""

    key: str
    number: int | None
    other: int | None
    data: Any


class Question(NamedTuple):
    """A SELECT with ``{keys}`` for the list of keys: the columns of :class:`Row`, in that order."""

    sql: str


class Questions:
    """Those that were ever asked on these connections, by their place."""

    def __init__(self) -> None:
        """None yet."""
        self._bundles: list[tuple[Question, ...]] = []
        self._bundle_of: dict[Question, int] = {}

    async def ask(
        self, connection: Connection, asked: Mapping[Question, list[str]]
    ) -> dict[Question, list[Row]]:
        """What there is for the keys of each question; one round trip, unless many different ones are asked."""
        found: dict[Question, list[Row]] = {question: [] for question in asked}
        for bundle in self._bundles_of(asked):
            rows = await connection.fetch(_together(bundle), *(asked.get(one, []) for one in bundle))
            for place, key, value, other, data in rows:
                found[bundle[place]].append(Row(key, value, other, data))
        return found

    def _bundles_of(self, asked: Mapping[Question, list[str]]) -> Iterator[tuple[Question, ...]]:
        if len(asked) == 1:
            yield tuple(asked)
        else:
            for number in sorted({self._place(question) for question in asked}):
                yield self._bundles[number]

    def _place(self, question: Question) -> int:
        number = self._bundle_of.get(question)
        if number is None:
            if not self._bundles or len(self._bundles[-1]) == _TOGETHER:
                self._bundles.append(())
            number = self._bundle_of[question] = len(self._bundles) - 1
            self._bundles[number] += (question,)
        return number


@cache
def _together(bundle: tuple[Question, ...]) -> str:
    return " UNION ALL ".join(
        f"(SELECT {place}::int, q.* FROM ({one.sql.format(keys=f'${place + 1}::text[]')}) q)"
        for place, one in enumerate(bundle)
    )
