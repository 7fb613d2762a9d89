"""The oracle: which states a history allows, against what the server shows. It knows no code of the server.

Judged after each crash: nothing acknowledged is lost (I1) or revived (I2), one token of a session lives (I3), each
change spends its predecessor's token (I4), a checked password was really sent (I6), a change happens whole or not at
all (I13), and an operation of unknown outcome happened once or never, and stays so.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tests.crash.ledger import Operation


@dataclass(frozen=True, slots=True)
class Shown:
    """A session as the server shows it: the two marks in its metadata, and whether a password was checked."""

    first: str
    last: str
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server shows after its restart: all sessions, and of the tokens that were tried those that live."""

    sessions: Mapping[str, Shown]
    tried: frozenset[str] = frozenset()
    live: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """A session as it must be. ``head`` is its live token, empty when nobody was told it; ``tokens`` all it ever had."""

    mark: str
    head: str
    tokens: frozenset[str]
    has_password: bool = False
    gone: bool = False
    changes: int = 0

    def after(self, one: Operation) -> "State":
        """The state that a change leaves."""
        if one.kind == "delete":
            return replace(self, head="", gone=True)
        tokens = self.tokens | {one.token} if one.token else self.tokens
        return replace(self, mark=one.mark, head=one.token, tokens=tokens, changes=self.changes + 1)


class Oracle:
    """Judges one life of the server after the other; what it concluded of one holds in the next."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self.states: dict[str, State] = {}
        self._spent: set[str] = set()

    def judge(self, operations: Iterable[Operation], seen: Seen) -> list[str]:
        """What is wrong, in sentences; ``operations`` are those of one life, ``seen`` is what the next one shows."""
        done = list(operations)
        wrong = [*self._created(done), *self._appeared(done, seen)]
        self._spent |= {one.guard for one in done if one.guard and one.result != "refused"}
        changes: dict[str, list[Operation]] = defaultdict(list)
        for one in done:
            if one.kind != "create":
                changes[one.session].append(one)
        for session in list(self.states):
            wrong += (f"session {session} {text}" for text in self._session(session, changes[session], seen))
        return wrong

    def _created(self, done: list[Operation]) -> Iterator[str]:
        for one in done:
            if one.kind != "create" or one.result == "unknown":
                continue
            if one.result == "refused":
                yield f"creation {one.mark} was refused: {one.why}"
            elif one.session in self.states:
                yield f"the id {one.session} was given twice"
            else:
                self.states[one.session] = State(
                    one.mark, one.token, frozenset({one.token}), one.with_password
                )

    def _appeared(self, done: list[Operation], seen: Seen) -> Iterator[str]:
        """Sessions that nobody was told of: each must be of one creation without an answer, in this life."""
        unanswered = {one.mark: one for one in done if one.kind == "create" and one.result == "unknown"}
        for session, shown in seen.sessions.items():
            if session in self.states:
                continue
            creation = unanswered.pop(shown.first, None)
            if creation is None:
                yield f"session {session} came from nowhere"
            else:
                self.states[session] = State(creation.mark, "", frozenset(), creation.with_password)

    def _session(self, session: str, changes: list[Operation], seen: Seen) -> Iterator[str]:
        for one in changes:
            if one.result == "refused" and one.guard not in self._spent:
                yield f"refused operation {one.mark} ({one.why}), though its token was alive"
        state, left = _followed(self.states[session], changes)
        for one in left:
            if one.kind == "set":
                yield f"let operation {one.mark} spend a dead token"
        choices = [state]
        if state.head:
            unanswered = (one for one in changes if one.result == "unknown" and one.guard == state.head)
            choices += (state.after(one) for one in unanswered)
        if any(one.kind == "delete" for one in left):  # deleting what is gone succeeds, with any token
            choices = [one for one in choices if one.gone]
            if not choices:
                yield "was deleted with a dead token"
                choices = [state]
        fits = [one for one in choices if not any(_differences(one, session, seen))]
        if not fits:
            yield from _differences(choices[0], session, seen)
        self.states[session] = (fits or choices)[0]


def _followed(state: State, changes: list[Operation]) -> tuple[State, list[Operation]]:
    """The state after the chain of acknowledged changes, and those that are not on it."""
    left = [one for one in changes if one.result == "ok"]
    while state.head:
        spending = [one for one in left if one.guard == state.head]
        if not spending:
            break
        following = min(spending, key=lambda one: one.kind == "delete")
        left.remove(following)
        state = state.after(following)
    return state, left


def _differences(state: State, session: str, seen: Seen) -> Iterator[str]:
    """How a session differs from what it must be."""
    shown = seen.sessions.get(session)
    live = seen.live & state.tokens
    if state.gone:
        if shown is not None or live:
            yield "was deleted and is there"
        return
    if shown is None:
        yield "is lost"
        return
    if shown.first != shown.last:
        yield f"holds half a change: {shown.first} and {shown.last}"
    elif shown.first != state.mark:
        yield f"shows change {shown.first}, not {state.mark}"
    if shown.has_password != state.has_password:
        yield "tells wrongly whether a password was checked"
    if live != {state.head} & seen.tried:
        yield f"has {len(live)} live tokens of those known, or the wrong one"
