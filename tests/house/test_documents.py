"""Documents lead somewhere, and the errors that they explain are there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.house.source import TOP, modules

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_ERROR: Final = re.compile(r"`([A-Z]+[a-zA-Z0-9]*-[A-Za-z0-9]{4,}|[a-z]+\.[a-z_]+)`")
DOCUMENTS: Final = (*TOP.glob("*.md"), *TOP.glob("docs/*.md"))


def anchors(document: Path) -> set[str]:
    """Its headings, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document: Path) -> None:
    """A link to a file of ours, or to a heading in it, finds it."""
    for link in _LINK.findall(document.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_errors_of_a_login_page() -> None:
    """Every error and hint that docs/login-ui.md names is raised somewhere, in these words."""
    source = "".join(module.text for module in modules())
    document = (TOP / "docs" / "login-ui.md").read_text()
    hints, errors = document.split("| `x-ostiary-hint` |")[1], document.split("## Errors")[1]
    rows = hints.split("\n\n")[0].splitlines()[2:]
    said = [one for row in rows for one in row.split("|")[1].split(" · ")]
    ids = _ERROR.findall(errors.split("| id |")[1])
    assert len(said) > 5
    assert len(ids) > 20
    assert [one for one in (*said, *ids) if one.strip(" …") not in source] == []
