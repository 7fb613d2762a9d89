"""Which page a login shows: decided from the request and the sessions of this browser, and from nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ostiary.core.login_step import Step
from ostiary.signin.held import Held
from ostiary.ui.cookie import Kept
from ostiary.ui.purpose import Purpose


class View(StrEnum):
    """What is done: a page, or the answer to the request."""

    NAME = "name"
    PASSWORD = "password"
    CODE = "code"
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


@dataclass(frozen=True, slots=True)
class Turn:
    """A view with what it shows. ``error`` is the OAuth error of a refusal."""

    view: View
    account: Account | None = None
    accounts: tuple[Account, ...] = ()
    login_name: str = ""
    error: str = ""


_VIEWS = {
    Step.FINISH: View.FINISH,
    Step.PASSWORD: View.PASSWORD,
    Step.TOTP: View.CODE,
    Step.IMPOSSIBLE: View.STUCK,
}


def turn(
    purpose: Purpose, accounts: Sequence[Account], session_id: str, typed: str, *, another: bool
) -> Turn:
    """The view. ``session_id`` is the account that was chosen, ``typed`` a login name.

    ``another``: none of these accounts is wanted.
    """
    best = distinct(accounts)
    fit = [account for account in best if _fits(account, purpose)]
    ready = [account for account in fit if account.step is Step.FINISH]
    if "none" in purpose.prompt:
        return _silent(fit, ready)
    if another:
        return Turn(View.NAME)
    if typed:
        return Turn(View.PASSWORD, login_name=typed)
    chosen = next((account for account in accounts if account.kept.session_id == session_id), None)
    if purpose.finish is None and (chosen is None or chosen.step is Step.FINISH) and best:
        return Turn(View.HOME, accounts=best)
    if chosen is not None:
        return of_account(chosen)
    if "select_account" in purpose.prompt and best:
        return Turn(View.CHOOSE, accounts=best)
    offered = ready or fit
    if len(offered) > 1:
        return Turn(View.CHOOSE, accounts=tuple(offered))
    if offered:
        return of_account(offered[0])
    if purpose.login_hint:
        return Turn(View.PASSWORD, login_name=purpose.login_hint)
    return Turn(View.NAME)


def of_account(account: Account) -> Turn:
    """The next step with this account."""
    return Turn(_VIEWS[account.step], account=account, login_name=account.login_name)


def distinct(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """One session for each user: one that suffices before one that does not, then the newest."""
    best: dict[str, Account] = {}
    for account in accounts:
        rival = best.get(account.held.user.id)
        if rival is None or account.step is Step.FINISH or rival.step is not Step.FINISH:
            best[account.held.user.id] = account
    return tuple(best.values())


def named(accounts: Iterable[Account], login_name: str) -> Account | None:
    """The account whose user has that login name."""
    folded = login_name.casefold()
    fit = (a for a in accounts if folded in {name.casefold() for name in a.held.user.login_names})
    return next(fit, None)


def _silent(fit: Sequence[Account], ready: Sequence[Account]) -> Turn:
    """``prompt=none``: an answer without a page. Source: OpenID Connect Core 3.1.2.6."""
    if ready:
        return of_account(ready[-1])
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
