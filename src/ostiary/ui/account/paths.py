"""Where the account's pages are."""

import re
from typing import Final

ACCOUNT: Final = "/ui/v2/account"
FACTORS: Final = f"{ACCOUNT}/factors"
PASSWORD: Final = f"{FACTORS}/password"
APP: Final = f"{FACTORS}/app"
KEY: Final = f"{FACTORS}/key"
CODES: Final = f"{FACTORS}/codes"
RECOVERY: Final = f"{FACTORS}/recovery"
OWNED: Final = f"{FACTORS}/owned"
ADDRESSES: Final = f"{ACCOUNT}/addresses"
ADDRESS: Final = f"{ADDRESSES}/change"
APPLICATIONS: Final = f"{ACCOUNT}/applications"
DATA: Final = f"{ACCOUNT}/data"
NOT_ME: Final = f"{ACCOUNT}/not-me"

# Pages that only show, pages with a form, and those for who is not signed in, too.
_SHOWN: Final[tuple[str, ...]] = (FACTORS, ADDRESSES)
_FORMS: Final[tuple[str, ...]] = (
    ACCOUNT,
    PASSWORD,
    APP,
    KEY,
    CODES,
    RECOVERY,
    OWNED,
    ADDRESS,
    APPLICATIONS,
    DATA,
)
_OPEN: Final[tuple[str, ...]] = (NOT_ME,)
ACCOUNT_PLACES: Final[tuple[tuple[str, str], ...]] = (
    *(("GET", path) for path in (*_SHOWN, *_FORMS, *_OPEN)),
    *(("POST", path) for path in (*_FORMS, *_OPEN)),
)
_URL: Final = re.compile(r"[!-~]{1,1000}\Z")


def is_account_page(url: str) -> bool:
    """Whether it is one of our account's pages, with whatever query: a place where a login may lead."""
    return _URL.match(url) is not None and url.partition("?")[0] in (*_SHOWN, *_FORMS)
