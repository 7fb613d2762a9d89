"""Each rule, shown on small files: what it refuses and what it lets pass."""

import pytest

from tests.house import rules
from tests.house.source import Module

LONG = "def f():\n" + "    x = 1\n" * 40

REFUSED = [
    (rules.directions, "core/user.py", "from ostiary.crypto.otp import totp"),
    (rules.directions, "core/user.py", "import ostiary.storage.port"),
    (rules.directions, "sessions/commands.py", "from ostiary.users.queries import find_user"),
    (rules.directions, "oidc/token.py", "from ostiary import saml"),
    (rules.directions, "api/session.py", "from ostiary.storage.port import Store"),
    (rules.directions, "app.py", "from ostiary.cli import main"),
    (rules.directions, "newroom/door.py", ""),
    (rules.directions, "access/door.py", "def f():\n    from ostiary.api import session"),
    (rules.directions, "cli/serve.py", "from ostiary.factors import FACTORS"),
    (rules.absolute_and_on_top, "core/user.py", "from . import session"),
    (rules.absolute_and_on_top, "core/user.py", "def f():\n    import json"),
    (rules.clock_and_chance, "core/user.py", "import random"),
    (rules.clock_and_chance, "core/user.py", "from secrets import token_bytes"),
    (rules.clock_and_chance, "core/user.py", "import time as t\nt.monotonic()"),
    (rules.clock_and_chance, "core/user.py", "from datetime import datetime as d\nd.now()"),
    (rules.clock_and_chance, "core/user.py", "import datetime\ndatetime.datetime.now"),
    (rules.clock_and_chance, "core/user.py", "from os import urandom"),
    (rules.clock_and_chance, "core/user.py", "import uuid\nuuid.uuid4()"),
    (rules.no_module_state, "core/user.py", "cache = {}"),
    (rules.no_module_state, "core/user.py", "cache: dict[str, int] = dict()"),
    (rules.no_module_state, "core/user.py", "import x\ncache = x.defaultdict(list)"),
    (rules.no_module_state, "core/user.py", "def f():\n    global n\n    n = 1"),
    (rules.sizes, "core/user.py", "x = 1\n" * 401),
    (rules.sizes, "core/user.py", LONG),
    (rules.file_names, "core/utils.py", ""),
    (rules.file_names, "common/user.py", ""),
    (rules.sql_in_storage, "users/queries.py", "x = 'SELECT id FROM users'"),
    (rules.sql_in_storage, "users/queries.py", "x = f'DELETE FROM {t}'"),
    (rules.nothing_unsafe, "core/user.py", "import pickle"),
    (rules.nothing_unsafe, "core/user.py", "eval('1')"),
    (rules.documented, "crypto/otp.py", "def totp(): return 1"),
    (rules.one_sentence, "test_x.py", "def test_x(): pass"),
    (rules.one_sentence, "test_x.py", "def test_x():\n    'No full stop'"),
    (rules.one_sentence, "test_x.py", "async def test_x():\n    'One.\\n\\nTwo.'"),
    (rules.no_patching, "test_x.py", "from unittest.mock import patch"),
    (rules.no_patching, "test_x.py", "def test_x(monkeypatch): pass"),
    (rules.nothing_of_the_server, "client.py", "from ostiary.core import user"),
]

LET_PASS = [
    (rules.directions, "core/user.py", "from ostiary.errors import NotFound"),
    (rules.directions, "core/user.py", "from ostiary.core.session import Session"),
    (rules.directions, "api/session.py", "from ostiary._pb.zitadel import session"),
    (rules.directions, "cli/serve.py", "from ostiary import __version__"),
    (rules.directions, "storage/sqlite.py", "from ostiary.storage.port import Store"),
    (rules.directions, "app.py", "from ostiary.factors import FACTORS"),
    (rules.absolute_and_on_top, "app.py", "def f():\n    import json"),
    (rules.clock_and_chance, "effects.py", "import secrets, time\ntime.time()"),
    (rules.clock_and_chance, "core/user.py", "from datetime import datetime, UTC"),
    (rules.clock_and_chance, "core/user.py", "import hmac, uuid\nuuid.UUID(x)"),
    (rules.no_module_state, "core/user.py", "NAMES = {'a': 1}\n__all__ = ['x']\npair = (1, 2)"),
    (rules.sizes, "core/user.py", "x = 1\n" * 400),
    (rules.sql_in_storage, "storage/sqlite.py", "x = 'SELECT id FROM users'"),
    (rules.sql_in_storage, "users/queries.py", "'''SELECT id is not used.'''\nx = 'Select one'"),
    (rules.documented, "crypto/otp.py", "def totp():\n    'It.'\ndef _inner(): pass"),
    (rules.one_sentence, "test_x.py", "def test_x():\n    'A code is spent once.'"),
    (rules.nothing_of_the_server, "client.py", "import ostiary_client"),
]


@pytest.mark.parametrize(("rule", "path", "text"), REFUSED)
def test_refused(rule: rules.Rule, path: str, text: str) -> None:
    """The rule names the breach and where it is."""
    breaches = list(rule(Module(f"ostiary/{path}", text)))
    assert breaches
    assert all(path in breach for breach in breaches)


@pytest.mark.parametrize(("rule", "path", "text"), LET_PASS)
def test_let_pass(rule: rules.Rule, path: str, text: str) -> None:
    """The rule has nothing to say about what is right."""
    assert not list(rule(Module(f"ostiary/{path}", text)))
