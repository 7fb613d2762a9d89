"""What the pages say is said in every language."""

import ast
import re
from pathlib import Path

from ostiary.api.languages import Languages
from ostiary.core.language import SUPPORTED_LANGUAGES
from ostiary.ui.texts import CATALOGUES
from tests.transports import catalogue

UI = CATALOGUES.parent
SPOKEN = re.compile(r"[A-Z][a-z ].* .*[\w)-]\.?|Done")


def _texts() -> set[str]:
    """All texts: what templates say, and what code hands to them."""
    texts = {
        text
        for file in (UI / "templates").glob("**/*.html")
        for text in re.findall(r"""\bt\(["']([^"']+)["']""", file.read_text("utf-8"))
    }
    for file in UI.glob("**/*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        silent = {id(node) for other in ast.walk(tree) if _is_silent(other) for node in ast.walk(other)}
        texts |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in silent and SPOKEN.fullmatch(node.value)
        }
    return texts


def _is_silent(node: ast.AST) -> bool:
    """Whether it is a docstring, or an error, whose text is for programs: pages tell it by its id."""
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def test_every_text_is_translated() -> None:
    """Each catalogue has every text of the pages, none that is gone, and the same places to fill in."""
    assert {folder.name for folder in CATALOGUES.iterdir()} == set(SUPPORTED_LANGUAGES) - {"en"}
    for source in CATALOGUES.glob("*/LC_MESSAGES/*.po"):
        messages = catalogue.read(source.read_text("utf-8"))
        assert set(messages) - {""} == _texts()
        assert all(messages.values())
        for text, translated in messages.items():
            if text:
                assert sorted(re.findall(r"%\(\w+\)s", text)) == sorted(re.findall(r"%\(\w+\)s", translated))


def test_catalogues_are_current() -> None:
    """Each compiled catalogue is that of its source."""
    for source in CATALOGUES.glob("*/LC_MESSAGES/*.po"):
        compiled = catalogue.compiled(catalogue.read(source.read_text("utf-8")))
        assert source.with_suffix(".mo").read_bytes() == compiled, "python -m tests.transports.catalogue"


def test_templates_ship() -> None:
    """Templates, styles and catalogues lie inside the package."""
    assert Path(UI / "templates/layout.html").is_file()
    assert Languages(CATALOGUES).translate("Sign in", "de") == "Anmelden"
