"""Who the pages are when they call commands: nobody with an account, and with the least of rights."""

from ostiary.core.permission import Caller
from ostiary.core.user import User


class PageCaller(Caller, frozen=True):
    """A caller without roles who may do what is named here, and nothing else.

    ``allowed`` are permissions. There is no user behind it (``user_id`` is empty), so no session or request counts as
    its own: what it changes, it changes by the session token that the browser holds.
    """

    allowed: frozenset[str] = frozenset()

    def holds(self, permission: str, organization_id: str = "") -> bool:  # noqa: ARG002  everywhere alike
        """Whether it is one of the few."""
        return permission in self.allowed

    def holds_anywhere(self, permission: str) -> bool:
        """Whether it is one of the few."""
        return permission in self.allowed


def holding_code(user: User) -> PageCaller:
    """Whoever has a code that was sent to the user, who acts for them: by commands that judge that code, and no other."""
    return PageCaller(user.id, user.organization_id)


# Whoever makes a passkey with a code, which stands for every permission; see users.key_registration.
NOBODY = PageCaller("", "")
# Sessions are made (session.write), and login requests that are addressed to no login UI of their own are answered
# (session.link). Neither lets it read, change or end a session without its token: commands are always given one.
SIGNING_IN = PageCaller("", "", allowed=frozenset({"session.write", "session.link"}))
# The page that posts an answer reads where it goes, whichever login UI made the answer.
POSTING = PageCaller("", "", allowed=frozenset({"session.read"}))
