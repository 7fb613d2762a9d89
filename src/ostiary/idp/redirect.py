"""Where a browser goes after a login at a provider. Source: ZITADEL's wire contract, part 5.9."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from ostiary.core.intent import Intent
from ostiary.idp.intents import Succeeded


def success_location(done: Succeeded) -> str:
    """The success URL with the intent's id and token and the linked user's id, its own query kept."""
    user = {"user": done.intent.user_id} if done.intent.user_id else {}
    return _with(done.intent.success_url, {"id": done.intent.id, "token": done.token, **user})


def failure_location(intent: Intent, error: str, description: str) -> str:
    """The failure URL with what went wrong, its own query kept."""
    return _with(intent.failure_url, {"id": intent.id, "error": error, "error_description": description})


def _with(url: str, values: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(values)) if part)
    return urlunsplit(parts._replace(query=query))
