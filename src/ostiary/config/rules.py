"""Which settings do not go together, and what to change then."""

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from ostiary.config.listing import names
from ostiary.config.settings import SQLITE, Settings, is_here

_MOST_WORKERS: Final = 64
_COUNTS: Final = {"hash_workers", "connections", "connections_per_address", "address_logins_minute"}


def refusal(settings: Settings) -> str:
    """The first thing that is wrong, told to whoever set it; empty if nothing is."""
    if settings.database != SQLITE and not settings.is_postgres:
        return "The database setting must be `sqlite`, or a URL such as postgresql://ostiary@db.example.com/ostiary."
    if settings.workers != 1 and not settings.is_postgres:
        return "With SQLite one process serves (workers = 1): it already uses all that one database file can give."
    if not 1 <= settings.workers <= _MOST_WORKERS:
        return f"There are 1 to {_MOST_WORKERS} workers."
    if settings.test_clock and settings.workers != 1:
        return "test_clock moves the time of one process: leave out workers."
    if not settings.host:  # it would be every address
        return "host is empty: leave it out, or give 0.0.0.0 or :: to listen on all addresses."
    if not 0 <= settings.port <= 65_535:
        return f"There is no port {settings.port}."
    for name in names():
        if (name in _COUNTS or name.endswith(("_days", "_s"))) and (getattr(settings, name) or 0) < 0:
            return f"{name} cannot be less than 0."
    if (settings.tls_cert is None) != (settings.tls_key is None):
        return "TLS needs both, tls_cert and tls_key."
    if settings.dev and not settings.is_local:
        return f"dev is for this machine alone: it is refused on the address {settings.host}."
    if settings.test_clock and not settings.dev:
        return "test_clock needs dev."
    return (
        _refusal_of_senders(settings)
        or _refusal_of_url(settings.external_url)
        or _refusal_of_login(settings.login_base_url)
        or _refusal_of_proxies(settings.proxies)
    )


def _refusal_of_senders(settings: Settings) -> str:
    wanted = {"smtp": ("mail_sender", "smtp_host"), "twilio": ("sms_sender", "twilio_account_sid")}
    for sender in (settings.mail, settings.sms):
        missing = [name for name in wanted.get(sender, ()) if not getattr(settings, name)]
        if missing:
            return f"{sender} needs {' and '.join(missing)}."
    if settings.smtp_user and settings.smtp_security == "none" and not is_here(settings.smtp_host):
        return "A password must not go to another machine in the clear: smtp_security is none."
    return ""


def _refusal_of_proxies(proxies: Sequence[str]) -> str:
    for one in proxies:
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            return f"trusted_proxies names {one}: {error}. Give addresses and networks, as in 10.0.0.7, 10.1.0.0/16."
    return ""


def _refusal_of_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "external_url must be an http or https URL, such as https://id.example.com."
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        return "external_url is scheme, host and port only: clients look for us at the root of a host."
    return ""


def _refusal_of_login(text: str) -> str:
    parts = urlsplit(text)
    if not text or (
        parts.scheme in {"http", "https"} and parts.hostname and not parts.query + parts.fragment
    ):
        return ""
    return "login_base_url must be an http or https URL without a query, such as https://login.example.com."
