"""The command line: ``ostiary COMMAND``. Each command loads what it needs when it runs."""

import os
import sys
from typing import Any

from cyclopts import App, Group

from ostiary import __version__
from ostiary.config import Trouble
from ostiary.errors import OstiaryError

_PRIVATE = 0o077  # files of ours are for their owner alone


def main() -> None:
    """Run the command that the arguments name; exits with its status."""
    os.umask(_PRIVATE)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The command's exit status; what went wrong is told in one or two lines."""
    try:
        status: Any = commands()(arguments, result_action="return_value")
    except Trouble as trouble:
        return _told(str(trouble))
    except OstiaryError as error:
        return _told(error.message, error.hint)
    except KeyboardInterrupt:
        return 130
    return status if isinstance(status, int) else 0


def commands() -> App:
    """All commands; none is loaded yet."""
    app = App(
        name="ostiary",
        version=__version__,
        help="An identity server whose product is the session.",
        help_flags=("--help", "-h"),
        group_commands=Group("Commands", sort_key=None),
    )
    for number, (name, path, sentence) in enumerate(_COMMANDS):
        app.command(path, name=name, help=sentence, sort_key=number)
    return app


_COMMANDS = (
    ("serve", "ostiary.cli.serve:serve", "Run the server; the first start makes all it needs."),
    ("doctor", "ostiary.cli.doctor:doctor", "Say what is wrong with this set-up, in words."),
    ("user", "ostiary.cli.user:user", "Create people, set passwords, lock and unlock."),
    ("machine", "ostiary.cli.machine:machine", "Create service users and their tokens."),
    ("session", "ostiary.cli.session:session", "List and end sessions."),
    ("key", "ostiary.cli.key:key", "List, rotate and retire the keys that sign tokens."),
    ("totp", "ostiary.cli.totp:totp", "The code of now of an authenticator app."),
    ("settings", "ostiary.cli.settings:settings", "Every setting: value, unit, default, meaning."),
    ("migrate", "ostiary.cli.migrate:migrate", "Bring the database to this version; makes a new one."),
    ("bench", "ostiary.cli.bench:bench", "Measure our own operations on this machine."),
    ("version", "ostiary.cli.version:version", "The version."),
)


def _told(message: str, hint: str = "") -> int:
    sys.stderr.write(f"ostiary: {message}\n")
    if hint:
        sys.stderr.write(f"         {hint}\n")
    return 1
