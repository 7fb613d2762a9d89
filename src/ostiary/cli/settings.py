"""``ostiary settings``: what can be set, and how it is set here; ``settings get`` and ``set`` are those of ``policy``."""

from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place
from ostiary.cli.policy import change, get, reset
from ostiary.config.listing import table, values
from ostiary.config.loading import PREFIX

settings = App(
    name="settings", help="Every setting of this program; get and set: policies, which the database holds."
)
for _command, _name in ((get, "get"), (change, "set"), (reset, "reset")):
    settings.command(_command, name=_name)


@settings.default
def listed(
    *, place: Place = HERE, markdown: Annotated[bool, Parameter(help="The reference, as a table.")] = False
) -> None:
    """Print every setting with its value here, unit and meaning; secrets are stars."""
    if markdown:
        print("\n".join(_reference()))
        return
    here = values(place.settings())
    width = max(map(len, here))
    for name, unit, default, doc in table():
        print(f"{name:{width}}  {here[name] or '-'}")
        print(f"{'':{width}}  {doc} ({unit}, default {default or 'none'}, {PREFIX}{name.upper()})")


def _reference() -> list[str]:
    lines = [
        "# Settings",
        "",
        "Options of `ostiary serve` go before the environment, that before `ostiary.toml`, that before the default.",
        "",
        "| key | environment | unit | default | meaning |",
        "|---|---|---|---|---|",
    ]
    for name, unit, default, doc in table():
        lines.append(
            f"| `{name}` | `{PREFIX}{name.upper()}` | {unit} | {default and f'`{default}`'} | {doc} |"
        )
    return lines
