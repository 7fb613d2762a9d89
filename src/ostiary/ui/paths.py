"""Where the pages are. Light, so that routes are there before the pages are loaded."""

from typing import Final
from urllib.parse import urlencode

from ostiary.ui.account.paths import ACCOUNT_PLACES

FRONT: Final = "/"
LOGIN_ROOT: Final = "/ui/v2/login"
LOGIN: Final = f"{LOGIN_ROOT}/login"
LOGOUT: Final = f"{LOGIN_ROOT}/logout"
LOGGED_OUT: Final = f"{LOGOUT}/done"
REGISTER: Final = f"{LOGIN_ROOT}/register"
VERIFY: Final = f"{LOGIN_ROOT}/verify"
FORGOTTEN: Final = f"{LOGIN_ROOT}/password/reset"
NEW_PASSWORD: Final = f"{LOGIN_ROOT}/password/set"
PASSKEY_LINK: Final = f"{LOGIN_ROOT}/passkey/set"
OTP_LINK: Final = f"{LOGIN_ROOT}/otp/verify"
DEVICE: Final = "/device"
FORM_POST: Final = "/oauth/v2/form_post"
STATIC: Final = f"{LOGIN_ROOT}/static"
# Where password managers look for the page on which a password is changed. Source: W3C, A Well-Known URL for Changing Passwords.
CHANGE_PASSWORD: Final = "/.well-known/change-password"
ROOT: Final = "/ui"
ELSEWHERE: Final = "/ui/{rest...}"  # where there is no page

# Method and path of every page.
PLACES: Final[tuple[tuple[str, str], ...]] = (
    ("GET", FRONT),
    ("GET", LOGIN_ROOT),
    ("GET", LOGIN),
    ("POST", LOGIN),
    ("GET", LOGOUT),
    ("POST", LOGOUT),
    ("GET", LOGGED_OUT),
    ("GET", REGISTER),
    ("POST", REGISTER),
    ("GET", VERIFY),
    ("POST", VERIFY),
    ("GET", FORGOTTEN),
    ("POST", FORGOTTEN),
    ("GET", NEW_PASSWORD),
    ("POST", NEW_PASSWORD),
    ("GET", PASSKEY_LINK),
    ("POST", PASSKEY_LINK),
    ("GET", OTP_LINK),
    ("GET", DEVICE),
    ("POST", DEVICE),
    ("GET", FORM_POST),
    ("GET", f"{STATIC}/{{file}}"),
    ("GET", CHANGE_PASSWORD),
    ("GET", ROOT),
    ("GET", ELSEWHERE),
    *ACCOUNT_PLACES,
)


def link(path: str, *parameters: tuple[str, str]) -> str:
    """The path with those parameters that have a value."""
    encoded = urlencode([pair for pair in parameters if pair[1]])
    return f"{path}?{encoded}" if encoded else path
