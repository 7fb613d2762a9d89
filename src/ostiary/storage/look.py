"""What is seen of a database by looking, whichever it is."""

from dataclasses import dataclass
from datetime import datetime

from ostiary.core.organization import Instance


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. ``wrong`` says why the database cannot be used, if so; ``behind`` counts pending migrations."""

    wrong: str = ""
    behind: int = 0
    instance: Instance | None = None
    changed_at: datetime | None = None
