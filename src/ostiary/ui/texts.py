"""The words of a page, in the language that its reader takes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from ostiary.http.message import Request

CATALOGUES: Final = Path(__file__).parent / "locale"  # what the pages say; one folder a language
Say = Callable[..., str]


class Catalogues(Protocol):
    """Translations by their English text."""

    def choose(self, accept_language: str) -> str:
        """The language that fits best."""
        ...

    def translate(self, message: str, accept_language: str) -> str:
        """The message in it."""
        ...


def language_of(catalogues: Catalogues, request: Request, locales: Iterable[str], default: str) -> str:
    """``ui_locales`` go before the browser's languages; what neither has is answered in the instance's."""
    wishes = [*locales, request.header(b"accept-language"), f"{default};q=0.001"]
    return catalogues.choose(",".join(wish for wish in wishes if wish))


def sayer(catalogues: Catalogues, language: str) -> Say:
    """What templates call for every text: ``t("Signed in as %(name)s", name=…)``."""

    def say(message: str, **values: str) -> str:
        text = catalogues.translate(message, language)
        return text % values if values else text

    return say
