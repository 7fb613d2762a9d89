"""The command line: ``ostiary COMMAND``. Each command loads what it needs when it runs."""

import gc
import os
import sys
from typing import Any

from ostiary.cli.plain import plain_options, serve_with
from ostiary.config.settings import Trouble
from ostiary.errors import OstiaryError

_PRIVATE = 0o077  # files of ours are for their owner alone


def main() -> None:
    """Run the command that the arguments name; exits with its status."""
    os.umask(_PRIVATE)
    gc.disable()  # what is loaded now stays; the server looks for garbage from its first request on
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The command's exit status; what went wrong is told in a line or two."""
    try:
        status = _status(arguments)
    except Trouble as trouble:
        return _told(str(trouble))
    except OstiaryError as error:
        return _told(error.message, error.hint)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status if isinstance(status, int) else 0


def _status(arguments: list[str]) -> Any:
    if arguments[:1] == ["serve"]:
        options = plain_options(arguments[1:])
        if options is not None:
            return serve_with(options)
    from ostiary.cli.commands import commands

    return commands()(arguments, result_action="return_value")


def _told(message: str, hint: str = "") -> int:
    said = f"{message}: {hint}" if hint else message
    sys.stderr.write(f"ostiary: {said}{'' if said.endswith(('.', '!', '?')) else '.'}\n")
    return 1
