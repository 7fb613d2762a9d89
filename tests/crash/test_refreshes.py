"""kill -9 while one refresh token is used by 32 clients at once: its family never forks, and no answer was a lie."""

import random
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.crash.test_codes import LONGEST_S, killed_amid
from tests.oauth import a_code, post, redeem
from tests.served import Served

LIVES: Final = 6


def refresh(server: Served, token: str) -> tuple[int, Any]:
    """The token endpoint's answer to a refresh token."""
    return post(server, "/oauth/v2/token", {"grant_type": "refresh_token", "refresh_token": token})


def ended_by_replay(server: Served) -> int:
    """How many families a late use has ended; one that the kill left without an answer is on record, too."""
    ended = server.rows("SELECT detail FROM audit WHERE action = 'tokens.revoked'")
    return sum(b"refresh_replay" in bytes(detail) for (detail,) in ended)


def test_a_family_never_forks(tmp_path: Path) -> None:
    """Whoever was answered got the one successor, which is good unless somebody came late; nobody gets another one."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with Served(tmp_path / "data", "--dev") as server:
        for life in range(LIVES):
            status, first = redeem(server, a_code(server))
            assert status == 200
            spent = first["refresh_token"]
            ended = ended_by_replay(server)
            given = killed_amid(server, partial(refresh, server, spent), chance.uniform(0, LONGEST_S))
            server.start()
            late_uses = ended_by_replay(server) - ended
            successors = {one["refresh_token"] for one in given}
            assert len(successors) <= 1, f"life {life + 1}, seed {seed}"
            for token in successors:
                assert refresh(server, token)[0] == 200 or late_uses, f"life {life + 1}, seed {seed}"
            late, newest = refresh(server, spent)
            assert not (successors and late == 200)
            if late == 200:
                assert refresh(server, newest["refresh_token"])[0] == 200
