"""What is wrong with a set-up, in words. Nothing is changed by looking."""

import asyncio
import shutil
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ostiary.app.certificate import context_of, ends_at, is_for
from ostiary.app.installation import DEV_FILE, MASTER_KEY_FILE, master_key_text
from ostiary.app.named_files import require_files
from ostiary.config.settings import Settings, Trouble
from ostiary.crypto.password import SALT_BYTES, hash_password
from ostiary.crypto.seal import Sealer
from ostiary.effects import SystemEffects, stopwatch
from ostiary.keys.master import BadMasterKey, parse_master_keys
from ostiary.keys.sealing import opens
from ostiary.storage.folder import holder
from ostiary.storage.look import Look
from ostiary.storage.sqlite_check import look

_PRIVATE_FILES: Final = (MASTER_KEY_FILE, "admin.pat", "login-client.pat", "admin.password", DEV_FILE)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LITTLE, _VERY_LITTLE = 0.15, 0.05
_SLOW_HASH_S: Final = 0.5
_RENEWAL: Final = timedelta(days=14)
_CLOCK_SLACK: Final = timedelta(seconds=5)
_ANSWER_S: Final = 2


class Level(Enum):
    """How bad it is; a problem makes the exit status 1."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and what to do."""

    level: Level
    text: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that was looked at, in order."""
    if not settings.data.is_dir():
        yield Finding(
            Level.NOTE, f"There is no data folder {settings.data} yet.", "`ostiary serve` makes it."
        )
        if settings.is_postgres:
            yield from _database(settings)
        yield from _port(settings, 0)
        yield from _outside(settings)
        return
    yield from _folder(settings.data)
    yield from _disk(settings.data)
    yield from _database(settings)
    yield from _port(settings, holder(settings.data))
    yield from _outside(settings)
    yield from _dev(settings)
    yield from _hash()


def _outside(settings: Settings) -> Iterator[Finding]:
    yield from _url(settings)
    yield from _certificate(settings)
    try:
        require_files(settings)
    except Trouble as trouble:
        yield Finding(Level.PROBLEM, str(trouble))


def _folder(folder: Path) -> Iterator[Finding]:
    open_ones = [
        path
        for path in (folder, *(folder / name for name in _PRIVATE_FILES))
        if path.exists() and path.stat().st_mode & _OTHERS
    ]
    for path in open_ones:
        yield Finding(Level.PROBLEM, f"Others may look into {path}.", f"chmod go= {path}")
    if not open_ones:
        yield Finding(Level.GOOD, f"The data folder {folder} is its owner's alone.")


def _disk(folder: Path) -> Iterator[Finding]:
    usage = shutil.disk_usage(folder)
    part = usage.free / usage.total
    text = f"{part:.0%} of the disk is free."
    level = Level.PROBLEM if part < _VERY_LITTLE else Level.NOTE if part < _LITTLE else Level.GOOD
    yield Finding(
        level, text, "" if level is Level.GOOD else "Below 5 % the server says that it is not ready."
    )


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.is_postgres and not settings.database_file.exists():
        yield Finding(Level.NOTE, "There is no database yet.", "`ostiary serve` makes it.")
        return
    seen = _look(settings)
    if seen.wrong:
        yield Finding(Level.PROBLEM, seen.wrong)
        return
    if seen.behind:
        yield Finding(
            Level.NOTE, f"The schema is {seen.behind} behind.", "The next start, or `ostiary migrate`."
        )
    else:
        yield Finding(Level.GOOD, "The database is whole and of this version.")
    yield from _master_key(settings, seen)
    yield from _clock(seen)


def _look(settings: Settings) -> Look:
    if not settings.is_postgres:
        return look(settings.database_file)
    from ostiary.storage.postgres.look import look as look_at_server

    return asyncio.run(look_at_server(settings.database))


def _master_key(settings: Settings, seen: Look) -> Iterator[Finding]:
    effects = SystemEffects()
    advice = f"Put the right one into {settings.data / MASTER_KEY_FILE}, or give it as OSTIARY_MASTER_KEY."
    try:
        text = master_key_text(settings)
        sealer = Sealer(parse_master_keys(text), effects.random_bytes) if text else None
    except (Trouble, BadMasterKey) as error:
        yield Finding(Level.PROBLEM, str(error), advice)
        return
    if sealer is None:
        if seen.instance is not None:  # otherwise the first start makes it
            yield Finding(Level.PROBLEM, "The master key is missing.", advice)
    elif seen.instance is not None and not opens(sealer, seen.instance.key_proof):
        yield Finding(Level.PROBLEM, "The master key is not this database's.", advice)
    else:
        yield Finding(Level.GOOD, "The master key opens what is sealed.")


def _clock(seen: Look) -> Iterator[Finding]:
    now = SystemEffects().now()
    if seen.changed_at is not None and seen.changed_at > now + _CLOCK_SLACK:
        yield Finding(
            Level.PROBLEM,
            f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC, but the database was changed at "
            f"{seen.changed_at:%Y-%m-%d %H:%M:%S}.",
            "Set the clock (NTP); or a test clock was used here.",
        )
    else:
        yield Finding(Level.GOOD, "The clock is not behind the database.")


def _port(settings: Settings, process: int) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    if process:
        yield Finding(Level.GOOD, f"Process {process} serves this data folder.")
        yield from _answer(settings)
        return
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            yield Finding(
                Level.PROBLEM, f"{where} is not to be had: {error.strerror}.", "Choose another one: --port."
            )
        else:
            yield Finding(Level.GOOD, f"{where} is free.")


def _answer(settings: Settings) -> Iterator[Finding]:
    if settings.tls_cert:
        return
    host = settings.host if settings.is_local else "127.0.0.1"
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/debug/ready"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=_ANSWER_S):
            yield Finding(Level.GOOD, f"{url} says that it is ready.")
    except urllib.error.HTTPError as error:
        said = ", ".join(error.read().decode("utf-8", "replace").split("\n")[:3]).strip(", ")
        yield Finding(Level.PROBLEM, f"{url} says: {said}.")
    except OSError:
        yield Finding(
            Level.NOTE,
            f"Nothing answers at {url}.",
            "Is the server on another port? Say which with OSTIARY_PORT.",
        )


def _url(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.url)
    is_near = settings.domain == "localhost" or settings.domain.endswith(".localhost")
    if parts.scheme == "http" and not is_near:
        yield Finding(
            Level.PROBLEM, f"The external URL {settings.url} is not https.", "Passkeys and cookies need it."
        )
    elif parts.scheme == "https" and not settings.tls_cert:
        yield Finding(Level.NOTE, f"{settings.url} needs a proxy in front that speaks TLS, for we do not.")
    elif not settings.is_local and is_near:
        yield Finding(
            Level.NOTE,
            f"Others may reach {settings.host}, but the external URL is {settings.url}.",
            "Set external_url to what clients use: it is the issuer of tokens.",
        )
    else:
        yield Finding(Level.GOOD, f"The external URL is {settings.url}.")


def _certificate(settings: Settings) -> Iterator[Finding]:
    file = settings.tls_cert
    if file is None:
        return
    try:
        context_of(settings)
    except Trouble as trouble:
        yield Finding(Level.PROBLEM, str(trouble))
        return
    until, now = ends_at(file), SystemEffects().now()
    if until < now + _RENEWAL:
        level = Level.PROBLEM if until < now else Level.NOTE
        yield Finding(level, f"The certificate {file} is good until {until:%Y-%m-%d %H:%M} UTC.", "Renew it.")
    elif not is_for(file, settings.domain):
        yield Finding(Level.PROBLEM, f"The certificate {file} is not for {settings.domain}.")
    else:
        yield Finding(Level.GOOD, f"The certificate {file} is good until {until:%Y-%m-%d}.")


def _dev(settings: Settings) -> Iterator[Finding]:
    if settings.dev:
        yield Finding(Level.NOTE, "This is a set-up to try things: dev is on.", "Never with real users.")
    elif (settings.data / DEV_FILE).exists():
        yield Finding(
            Level.NOTE,
            f"{settings.data / DEV_FILE} holds alice's password, which --dev gave her.",
            "Before real use: delete or lock alice (`ostiary user lock alice`) and remove the file.",
        )


def _hash() -> Iterator[Finding]:
    began = stopwatch()
    hash_password("a password", bytes(SALT_BYTES))
    took_s = stopwatch() - began
    slow = took_s > _SLOW_HASH_S
    text = f"A password check takes {took_s * 1000:.0f} ms of one processor."
    yield Finding(Level.NOTE if slow else Level.GOOD, text, "Logins will be few here." if slow else "")
