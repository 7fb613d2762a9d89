"""The language of an answer: Accept-Language against the catalogues that are there. Ids are never translated."""

from gettext import GNUTranslations
from pathlib import Path
from typing import Final

_CATALOGUES: Final = Path(__file__).parent.parent / "locale"
_SOURCE: Final = "en"
_MAX_RANGES: Final = 20


class Languages:
    """The catalogues, read once. English is the source and needs none."""

    def __init__(self, folder: Path = _CATALOGUES) -> None:
        """Read ``LANGUAGE/LC_MESSAGES/ostiary.mo`` in that folder."""
        self._catalogues: dict[str, GNUTranslations] = {}
        for file in folder.glob("*/LC_MESSAGES/ostiary.mo"):
            with file.open("rb") as opened:
                self._catalogues[file.parent.parent.name] = GNUTranslations(opened)

    def translate(self, message: str, accept_language: str) -> str:
        """The message in the first language the caller takes and we have; else as it is."""
        if not accept_language or not message:
            return message
        catalogue = self._catalogues.get(self.choose(accept_language))
        return message if catalogue is None else catalogue.gettext(message)

    def choose(self, accept_language: str) -> str:
        """The language to answer in. Source: RFC 9110, 12.5.4; RFC 4647, 3.4 (lookup)."""
        ranges = [_weighed(part) for part in accept_language.split(",")[:_MAX_RANGES]]
        for weight, name in sorted(ranges, key=lambda one: -one[0]):
            primary = name.partition("-")[0]
            if weight > 0 and (primary == _SOURCE or primary in self._catalogues):
                return primary
        return _SOURCE


def _weighed(part: str) -> tuple[float, str]:
    name, _, parameter = part.partition(";")
    key, _, value = parameter.partition("=")
    try:
        weight = float(value) if key.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return weight, name.strip().lower()
