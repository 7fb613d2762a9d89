"""Which page a login shows: decided from the request and the sessions of this browser, and from nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ostiary.core.assurance import proven
from ostiary.core.login_step import Step, Way
from ostiary.core.permission import Caller
from ostiary.signin.held import Held
from ostiary.ui.cookie import Kept
from ostiary.ui.purpose import Purpose


class View(StrEnum):
    """What is done: a page, or the answer to the request."""

    NAME = "name"
    PASSWORD = "password"
    CODE = "code"
    KEY = "key"
    CHANGE_PASSWORD = "change_password"
    ENROL = "enrol"
    ENROL_TOTP = "enrol_totp"
    ENROL_KEY = "enrol_key"
    CHOOSE = "choose"
    STUCK = "stuck"
    HOME = "home"
    FINISH = "finish"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Account:
    """A live session of this browser."""

    kept: Kept
    held: Held

    @property
    def login_name(self) -> str:
        """What its user types to sign in."""
        return self.held.user.login_names[0]

    @property
    def step(self) -> Step:
        """What it takes to finish with it."""
        return self.held.next.step

    @property
    def caller(self) -> Caller:
        """The user by their session, without the roles they hold elsewhere: here they act for themselves alone."""
        user = self.held.user
        shown = proven(self.held.session, user)
        return Caller(user.id, user.organization_id, session_id=self.kept.session_id, proven=shown)

    @property
    def is_ready(self) -> bool:
        """Whether it suffices: nothing is missing, or an offer may be left."""
        return self.step is Step.FINISH or self.held.next.may_skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL of the login says: a session that was chosen, a login name that was typed, the way to verify or enrol.

    ``another``: none of these accounts is wanted.
    """

    session_id: str = ""
    login_name: str = ""
    way: str = ""
    another: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A view with what it shows. ``way`` is the one that is asked for; ``error`` the OAuth error of a refusal."""

    view: View
    account: Account | None = None
    accounts: tuple[Account, ...] = ()
    login_name: str = ""
    way: Way | None = None
    error: str = ""


_VIEWS: Final = MappingProxyType(
    {
        Step.FINISH: View.FINISH,
        Step.CHANGE_PASSWORD: View.CHANGE_PASSWORD,
        Step.ENROL: View.ENROL,
        Step.IMPOSSIBLE: View.STUCK,
    }
)
_VERIFYING: Final = MappingProxyType(
    {Way.PASSWORD: View.PASSWORD, Way.PASSKEY: View.KEY, Way.U2F: View.KEY}
)  # all others are codes
_ENROLLING: Final = MappingProxyType(
    {Way.TOTP: View.ENROL_TOTP, Way.PASSKEY: View.ENROL_KEY, Way.U2F: View.ENROL_KEY}
)  # all others take no more than a button


def turn(purpose: Purpose, accounts: Sequence[Account], asked: Asked) -> Turn:
    """The view."""
    best = distinct(accounts)
    fit = [account for account in best if _fits(account, purpose)]
    ready = [account for account in fit if account.step is Step.FINISH]
    if "none" in purpose.prompt:
        return _silent(fit)
    if asked.another:
        return Turn(View.NAME)
    if asked.login_name:
        return Turn(View.PASSWORD, login_name=asked.login_name)
    chosen = next((account for account in accounts if account.kept.session_id == asked.session_id), None)
    if purpose.finish is None and (chosen is None or chosen.step is Step.FINISH) and best:
        is_in = any(account.is_ready for account in best)
        return Turn(View.HOME if is_in else View.CHOOSE, accounts=best)
    if chosen is not None:
        return of_account(chosen, asked.way)
    if "select_account" in purpose.prompt and best:
        return Turn(View.CHOOSE, accounts=best)
    offered = ready or fit
    if len(offered) > 1:
        return Turn(View.CHOOSE, accounts=tuple(offered))
    if offered:
        return of_account(offered[0], asked.way)
    if purpose.login_hint:
        return Turn(View.PASSWORD, login_name=purpose.login_hint)
    return Turn(View.NAME)


def of_account(account: Account, way: str = "") -> Turn:
    """The next step with this account, in the way that was asked for if it is one of those that help."""
    following = account.held.next
    wanted = next((one for one in following.ways if one == way), None)
    view = _VIEWS.get(following.step)
    if following.step is Step.VERIFY:
        wanted = wanted or following.ways[0]
        view = _VERIFYING.get(wanted, View.CODE)
    elif following.step is Step.ENROL and wanted is not None:
        view = _ENROLLING.get(wanted, View.ENROL)
    return Turn(view or View.STUCK, account=account, login_name=account.login_name, way=wanted)


def distinct(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """One session for each user: one that suffices before one that does not, then the newest."""
    best: dict[str, Account] = {}
    for account in accounts:
        rival = best.get(account.held.user.id)
        if rival is None or account.is_ready or not rival.is_ready:
            best[account.held.user.id] = account
    return tuple(best.values())


def named(accounts: Iterable[Account], login_name: str) -> Account | None:
    """The account whose user has that login name."""
    folded = login_name.casefold()
    fit = (a for a in accounts if folded in {name.casefold() for name in a.held.user.login_names})
    return next(fit, None)


def _silent(fit: Sequence[Account]) -> Turn:
    """``prompt=none``: an answer without a page. Source: OpenID Connect Core 3.1.2.6."""
    ready = [account for account in fit if account.is_ready]
    if ready:
        return Turn(View.FINISH, account=ready[-1], login_name=ready[-1].login_name)
    missing = fit[-1].held.next.missing if fit else None
    return Turn(View.REFUSE, error=missing.error if missing else "login_required")


def _fits(account: Account, purpose: Purpose) -> bool:
    """Whether it is the user that the request hints at, if it does."""
    user = account.held.user
    if purpose.hint_user_id:
        return user.id == purpose.hint_user_id
    if not purpose.login_hint:
        return True
    hint, email = purpose.login_hint.casefold(), user.email.value if user.email else ""
    return hint in {name.casefold() for name in (*user.login_names, email)}
