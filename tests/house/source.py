"""The source under judgement: modules of this checkout, read once and parsed."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GENERATED = ("_pb", "migrations")


@dataclass(frozen=True)
class Module:
    """One file: its path from the top of a package, such as `ostiary/core/user.py`, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The file, parsed."""
        return _parse(self.text)

    @property
    def unit(self) -> str:
        """The part of the house it belongs to: `core`, `storage.port`, `ostiary` for the root."""
        parts = self.path.removesuffix(".py").split("/")
        return unit_of(".".join(parts[:-1] if parts[-1] == "__init__" else parts))

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


def unit_of(dotted: str) -> str:
    """The part of the house a dotted module name belongs to."""
    parts = dotted.split(".")
    own = {"port", "cache", "reads", "budgets"}
    if parts[:2] == ["ostiary", "storage"] and not own.isdisjoint(parts[2:3]):
        return f"storage.{parts[2]}"
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def modules(package: str = "src/ostiary") -> tuple[Module, ...]:
    """All hand-written modules of a package; none if it is not there."""
    root = TOP / package
    files = sorted(root.rglob("*.py")) if root.is_dir() else []
    return tuple(
        Module(str(file.relative_to(root.parent)), file.read_text("utf-8"))
        for file in files
        if not set(file.relative_to(root).parts) & set(GENERATED)
    )


@cache
def test_modules() -> tuple[Module, ...]:
    """All files of tests, those that pytest collects."""
    return tuple(m for m in modules("tests") if m.path.rpartition("/")[2].startswith("test_"))


test_modules.__test__ = False  # type: ignore[attr-defined]  # not a test, for all its name


@cache
def tracked() -> tuple[str, ...]:
    """The paths git tracks, from the top; none where there is no git."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=False)
    return tuple(path for path in listing.stdout.split("\0") if path and (TOP / path).is_file())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a tree, methods and inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def names(tree: ast.AST) -> dict[str, str]:
    """What imported names stand for: `{"t": "time", "now": "time.time"}`."""
    meaning: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                meaning[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                meaning[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return meaning


def dotted(node: ast.expr, meaning: dict[str, str]) -> str:
    """The dotted name an expression spells, imports resolved; empty if it spells none."""
    if isinstance(node, ast.Name):
        return meaning.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, meaning)
        return f"{before}.{node.attr}" if before else ""
    return ""
