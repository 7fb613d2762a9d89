"""Many small questions in one statement, whose text is always the same few.

A question is a SELECT of four columns and a place for a list of keys. The first eight that are ever asked make one
statement, the next eight another; those that are not asked this time get an empty list, which costs next to nothing.
Were each combination a text of its own, most would be compiled for one use.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ostiary.storage.postgres.connecting import Connection

_TOGETHER: Final = 8


class Row(NamedTuple):
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
        self._bundles: list[list[Question]] = []
        self._bundle_of: dict[Question, int] = {}
        self._texts: dict[int, str] = {}

    async def ask(
        self, connection: Connection, asked: Mapping[Question, list[str]]
    ) -> dict[Question, list[Row]]:
        """What there is for the keys of each question; one round trip, unless many different ones are asked."""
        found: dict[Question, list[Row]] = {question: [] for question in asked}
        for text, bundle in self._statements(asked):
            for place, *row in await connection.fetch(text, *(asked.get(one, []) for one in bundle)):
                found[bundle[place]].append(Row(*row))
        return found

    def _statements(self, asked: Mapping[Question, list[str]]) -> Iterator[tuple[str, list[Question]]]:
        for number in sorted({self._place(question) for question in asked}):
            bundle = self._bundles[number]
            if number not in self._texts:
                self._texts[number] = " UNION ALL ".join(
                    f"(SELECT {place}::int, q.* FROM ({one.sql.format(keys=f'${place + 1}::text[]')}) q)"
                    for place, one in enumerate(bundle)
                )
            yield self._texts[number], bundle

    def _place(self, question: Question) -> int:
        number = self._bundle_of.get(question)
        if number is None:
            if not self._bundles or len(self._bundles[-1]) == _TOGETHER:
                self._bundles.append([])
            number = self._bundle_of[question] = len(self._bundles) - 1
            self._bundles[number].append(question)
            self._texts.pop(number, None)
        return number
