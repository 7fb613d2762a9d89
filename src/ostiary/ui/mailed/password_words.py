"""What an organisation asks of a password, in words: before it is chosen, and when it was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.errors import OstiaryError
from ostiary.ui.texts import Say


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand. ``name`` and ``least`` are what the page's script judges it by; no name: only the server can."""

    text: str
    name: str = ""
    least: int = 0


def rules_of(policy: PasswordComplexityPolicy, say: Say) -> list[Rule]:
    """The demands, in the reader's words."""
    longest = max(policy.min_length, policy.min_code_points)
    rules = [Rule(say("At least %(count)s characters", count=str(longest)), "length", longest)]
    wanted = (
        (policy.requires_uppercase, "A capital letter (A to Z)", "upper"),
        (policy.requires_lowercase, "A small letter (a to z)", "lower"),
        (policy.requires_number, "A digit (0 to 9)", "digit"),
        (policy.requires_symbol, "A symbol, such as ! or -", "symbol"),
        (policy.min_strength > 0, "Hard to guess: several unusual words are good", ""),
        (policy.refuses_breached, "In no list of stolen passwords", ""),
    )
    return rules + [Rule(say(text), name) for is_wanted, text, name in wanted if is_wanted]


LONGEST: Final = 200  # characters, as at the API
WRONG: Final = "Your current password is wrong."
_EMPTY: Final = "Fill in every field."
_LONG: Final = "The password is too long: 200 characters are the most."
_DIFFERENT: Final = "The two passwords are not the same."


def misfit_of(current: str, new: str, again: str) -> str:
    """What is wrong with a change by itself, in English; empty if nothing is."""
    if not current or not new:
        return _EMPTY
    if len(current) > LONGEST:
        return WRONG
    if len(new) > LONGEST:
        return _LONG
    return _DIFFERENT if new != again else ""


_SHORT: Final = "The password is too short."
_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "COMMAND-Mf0sd": "Enter a new password.",
        "DOMAIN-HuJf6": _SHORT,
        "user.password_short": _SHORT,
        "DOMAIN-VoaRj": "The password needs a capital letter (A to Z).",
        "DOMAIN-co3Xw": "The password needs a small letter (a to z).",
        "DOMAIN-ZBv4H": "The password needs a digit (0 to 9).",
        "DOMAIN-ZDLwA": "The password needs a symbol, such as ! or -.",
        "user.password_weak": "The password is too easy to guess. Use several unusual words, and nothing of your name or address.",
        "user.password_breached": "This password stands in lists of stolen passwords. Choose another.",
        "user.breach_list_missing": "Passwords cannot be set right now. Tell your administrator.",
        "COMMAND-Aesh5": "This is the password that you have already. Choose another.",
    }
)


def refusal_of(error: OstiaryError) -> str:
    """Why a password was refused, in English; empty when it was refused for something else."""
    return _REFUSED.get(error.id, "")
