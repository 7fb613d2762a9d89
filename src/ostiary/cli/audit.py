"""``ostiary audit``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

audit = App(name="audit", help="Read who did what, and when.")


@audit.command(name="list")
def show(
    *,
    about: Annotated[
        str,
        Parameter(
            help="Only what a user did or what was done to them (a login name), or to something (its id)."
        ),
    ] = "",
    action: Annotated[str, Parameter(help="Only actions that begin so, as in session.")] = "",
    since: Annotated[datetime | None, Parameter(help="Only what is not older (UTC).")] = None,
    limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 20,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a line.")] = False,
    place: Place = HERE,
) -> None:
    """Print records of the audit: time (UTC), action, what it was done to, by whom, details."""
    from ostiary.app.audit import Sought, found

    async def run() -> None:
        began = since.replace(tzinfo=since.tzinfo or UTC) if since else None
        async for record in found(place.settings(), Sought(about, action, began, limit)):
            if json:
                facts = msgspec.structs.asdict(record) | {"detail": msgspec.Raw(record.detail or b"null")}
                print(msgspec.json.encode(facts).decode())
            else:
                actor, detail = record.actor_id or "-", record.detail.decode()
                print(
                    f"{record.at:%Y-%m-%d %H:%M:%S}  {record.action:26}  {record.object_id:20}  {actor:20}"
                    f"  {detail}".rstrip()
                )

    asyncio.run(run())
