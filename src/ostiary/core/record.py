"""What a store keeps: values with an id and a version, in kinds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar


class Record(Protocol):
    """A frozen value that a store keeps; ``version`` grows with every stored change and starts at 1 or above."""

    @property
    def id(self) -> str:
        """The key within its kind."""
        ...

    @property
    def version(self) -> int:
        """Compared when the value, or what relies on it, is written."""
        ...


Column = str | int | datetime | None
RecordT = TypeVar("RecordT", bound=Record)
OwnerT = TypeVar("OwnerT", bound=Record)


@dataclass(frozen=True, eq=False)
class Kind(Generic[RecordT]):
    """A kind of record: its table's name, its type, and the columns that lists and indexes see beside the value.

    ``owner`` names the column by which a bounded few are read at once (the authenticators of a user).
    ``raises_generation``: a change of such a record makes every cache of rarely changing rows look again.
    """

    name: str
    type: type[RecordT]
    columns: Mapping[str, Callable[[RecordT], Column]] = field(default_factory=lambda: MappingProxyType({}))
    owner: str = ""
    raises_generation: bool = False

    def owner_of(self, row: RecordT) -> str:
        """The id of its owner; empty: nobody."""
        owner = self.columns[self.owner](row) if self.owner else ""
        return owner if isinstance(owner, str) else ""

    def __repr__(self) -> str:
        """Only its name."""
        return f"Kind({self.name})"


AnyKind = Kind[Any]


def in_lines(texts: tuple[str, ...]) -> str:
    """A column for several short texts: each on a line of its own, so that a whole one is found between two breaks."""
    return "".join(f"\n{text}" for text in texts) + "\n"
