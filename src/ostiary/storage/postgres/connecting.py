"""Connections to PostgreSQL: how one is made, when one is lost, and what is said to people of either."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from ostiary.core.secret import without_password
from ostiary.storage.migrate import SchemaError

CONNECT_S: Final = 2.0
OLDEST: Final = 13  # the version of PostgreSQL
# What a connection of ours is, whatever the database's own defaults are. Texts are compiled once and kept.
_SETTINGS: Final = {
    "application_name": "ostiary",
    "default_transaction_isolation": "read committed",
    "jit": "off",
    "statement_timeout": "0",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# Questions of these connections are for few rows by an index; a table may have grown since they were planned.
BY_INDEX: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",  # it reads and sorts all rows of an owner, where the index has the few in order
    "max_parallel_workers_per_gather": "0",
}
# An answer to COMMIT means that the disk has it, here and, where there is one, on the synchronous standby.
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
Connection = Any  # asyncpg's, which carries no types


class Unreachable(Exception):
    """No connection is to be had now; the message says why, and no secret."""


async def connect(url: str, settings: Mapping[str, str], within_s: float = CONNECT_S) -> Connection:
    """A connection to whichever of the URL's hosts may be written to; raises Unreachable.

    All hosts are tried at once: one that is gone without a word would otherwise take the time of the others.
    """
    tries = [asyncio.ensure_future(_try(one, settings, within_s)) for one in _each_host(url)]
    chosen: Connection = None
    failures: list[str] = []
    try:
        for attempt in asyncio.as_completed(tries):
            try:
                chosen = await attempt
                return chosen
            except Unreachable as failure:
                failures.append(str(failure))
    finally:
        for attempt in tries:
            _leave(attempt, chosen)
    said = "; ".join(dict.fromkeys(failures))
    raise Unreachable(f"The database {without_password(url)} cannot be used: {said}.")


def _leave(attempt: "asyncio.Future[Connection]", chosen: Connection) -> None:
    """Let go of a connection that was not needed, whether it is there or still being made."""
    if not attempt.done():
        attempt.cancel()
    elif not attempt.cancelled() and attempt.exception() is None and attempt.result() is not chosen:
        attempt.result().terminate()


async def _try(url: str, settings: Mapping[str, str], within_s: float) -> Connection:
    try:
        async with asyncio.timeout(within_s):
            connection = await asyncpg.connect(
                url,
                target_session_attrs="read-write",
                server_settings={**_SETTINGS, **settings},
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,
            )
            await connection.execute(_DURABLE)
    except (*ERRORS, ValueError) as error:
        raise Unreachable(_said(error)) from error
    return connection


def _each_host(url: str) -> list[str]:
    """The URL for each of its hosts alone."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{user}{at}{host}").geturl() for host in hosts.split(",")]


async def connect_first(url: str, settings: Mapping[str, str]) -> Connection:
    """The first connection of a process: what cannot be worked with is refused in words. Raises SchemaError."""
    try:
        connection = await connect(url, settings, 3 * CONNECT_S)
    except Unreachable as error:
        raise SchemaError(str(error)) from error
    refusal = ""
    if connection.get_server_version().major < OLDEST:
        refusal = (
            f"it is of version {connection.get_server_version().major}, and {OLDEST} is the oldest we use."
        )
    elif (encoding := await connection.fetchval("SHOW server_encoding")) != "UTF8":
        refusal = f"its encoding is {encoding}; make one with UTF8."
    if refusal:
        await connection.close()
        raise SchemaError(f"The database {without_password(url)} cannot be used: {refusal}")
    return connection


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """What goes wrong with a first connection that was made, as a SchemaError."""
    try:
        yield
    except (*ERRORS, ValueError) as error:
        raise SchemaError(f"The database {without_password(url)} cannot be used: {_said(error)}.") from error


@asynccontextmanager
async def alone(connection: Connection, what: str) -> AsyncIterator[None]:
    """Nobody else does this meanwhile, whatever node they are; a connection that is lost lets go by itself."""
    await connection.execute(f"SELECT pg_advisory_lock(hashtextextended('ostiary {what}', 0))")
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(f"SELECT pg_advisory_unlock(hashtextextended('ostiary {what}', 0))")


def _said(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "it does not answer"
        case asyncpg.exceptions.TargetServerAttributeNotMatched():
            return "it may only be read from; name the primary, or all hosts of the cluster"
        case ConnectionRefusedError():
            return "nothing listens there"
        case asyncpg.TooManyConnectionsError():
            return "it has no connection left for us; raise its max_connections, or run fewer processes"
        case _:
            text = str(error).split("\n", maxsplit=1)[0].rstrip(".")
            return text or type(error).__name__
