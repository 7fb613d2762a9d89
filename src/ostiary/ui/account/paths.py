"""Where the account's pages are."""

import re
from typing import Final

ACCOUNT: Final = "/ui/v2/account"
FACTORS: Final = f"{ACCOUNT}/factors"
NOT_ME: Final = f"{ACCOUNT}/not-me"
APPLICATIONS: Final = f"{ACCOUNT}/applications"

# Pages that only show, and pages with a form.
_SHOWN: Final[tuple[str, ...]] = ()
_FORMS: Final[tuple[str, ...]] = (ACCOUNT,)
_OPEN: Final[tuple[str, ...]] = (NOT_ME,)  # for who is not signed in, too
ACCOUNT_PLACES: Final[tuple[tuple[str, str], ...]] = (
    *(("GET", path) for path in (*_SHOWN, *_FORMS, *_OPEN)),
    *(("POST", path) for path in (*_FORMS, *_OPEN)),
)
_URL: Final = re.compile(r"[!-~]{1,1000}\Z")


def is_account_page(url: str) -> bool:
    """Whether it is one of our account's pages, with whatever query: a place where a login may lead."""
    return _URL.match(url) is not None and url.partition("?")[0] in (*_SHOWN, *_FORMS)
