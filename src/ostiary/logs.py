"""The log: one line an event, JSON or for a terminal, to standard error; no line ever holds a secret.

Secrets are kept out by those who write (a :class:`ostiary.core.secret.Secret` hides itself); what slips through is
hidden here, by the name of its field and by the form of our tokens.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

HIDDEN: Final = "***"
_SECRET_NAME: Final = re.compile(
    r"password|secret|token|authorization|cookie|credential|master_key|\bpat\b|\bcode\b|session_?data",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(r"\bost[a-z]_[0-9]+_[A-Za-z0-9_-]+|(?i:\b(?:bearer|basic) )[^\s\"']+")
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def open_log(
    stream: TextIO, *, console: bool, level: str, now: Callable[[], datetime]
) -> FilteringBoundLogger:
    """A logger that writes to the stream, and what libraries have to say from warnings up."""

    def stamp(_: object, __: str, event: EventDict) -> EventDict:
        return {"at": now().isoformat(timespec="milliseconds"), **event}

    processors: list[Processor] = [stamp, structlog.processors.add_log_level]
    if console:
        colors = stream.isatty()
        last: Processor = structlog.dev.ConsoleRenderer(
            colors=colors, timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
        processors += [structlog.processors.ExceptionRenderer(), hide_secrets, last]
    else:
        processors += [structlog.processors.ExceptionRenderer(), hide_secrets, _as_json]
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward(log)]
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    return log


def hide_secrets(_: object, __: str, event: EventDict) -> EventDict:
    """The event with stars in place of everything that looks like a secret, however deep."""
    return {name: HIDDEN if _SECRET_NAME.search(name) else _hidden(value) for name, value in event.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return hide_secrets(None, "", {str(name): inner for name, inner in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(inner) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    return (
        value if value is None or isinstance(value, bool | int | float | datetime) else _hidden(repr(value))
    )


def _as_json(_: object, __: str, event: EventDict) -> str:
    return msgspec.json.encode(event).decode()


class _Forward(logging.Handler):
    """What libraries log, as events of ours."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        self._log.log(
            record.levelno, "library.said", name=record.name, text=record.getMessage(), exc_info=error
        )
