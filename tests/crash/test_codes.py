"""kill -9 while one code is redeemed by 32 clients at once: at most one of them ever gets tokens (RFC 6749 4.1.2)."""

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.oauth import a_code, is_active, redeem
from tests.served import Served

CLIENTS: Final = 32
LIVES: Final = 6
LONGEST_S: Final = 0.05  # from the first redemption to the kill


def killed_amid(server: Served, ask: Callable[[], tuple[int, Any]], after_s: float) -> list[dict[str, Any]]:
    """The tokens that requests at once were given before the server was killed."""
    given: list[dict[str, Any]] = []
    together = threading.Barrier(CLIENTS + 1)

    def one() -> None:
        together.wait()
        status, content = ask()
        if status == 200:
            given.append(content)

    threads = [threading.Thread(target=one) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    together.wait()
    time.sleep(after_s)
    server.kill()
    for thread in threads:
        thread.join()
    return given


def test_a_code_gives_tokens_at_most_once(tmp_path: Path) -> None:
    """Nor does it after the restart; and what was refused then ends what had been given (RFC 6749 4.1.2)."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with Served(tmp_path / "data", "--dev") as server:
        for life in range(LIVES):
            code = a_code(server)
            given = killed_amid(server, partial(redeem, server, code), chance.uniform(0, LONGEST_S))
            server.start()
            late = [content for status, content in [redeem(server, code) for _ in range(2)] if status == 200]
            assert len(given) + len(late) <= 1, f"life {life + 1}, seed {seed}"
            assert not any(is_active(server, one["access_token"]) for one in given + late)
