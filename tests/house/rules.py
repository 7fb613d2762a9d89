"""The rules over one module. Each yields a sentence for each breach; `test_rules` shows its bite."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from tests.house import plan
from tests.house.source import Module, dotted, functions, names, unit_of

Rule = Callable[[Module], Iterator[str]]

LONGEST_FILE: Final = 400
MEDIAN_FILE: Final = 130
LONGEST_FUNCTION: Final = 40
POOR_NAMES: Final = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

CLOCK_AND_CHANCE: Final = re.compile(
    r"(random|secrets)(\..*)?"
    r"|time\.(time|monotonic|perf_counter|process_time|thread_time)(_ns)?"
    r"|time\.(localtime|gmtime|ctime|clock_gettime(_ns)?)"
    r"|datetime\.(datetime|date)\.(now|utcnow|today)"
    r"|os\.(urandom|getrandom)|uuid\.uuid[1-9]"
)
UNSAFE_MODULES: Final = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
UNSAFE_CALLS: Final = {"eval", "exec", "__import__"}
MUTABLE_CALLS: Final = {
    "list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter",
    "ChainMap", "WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "ContextVar", "local",
}  # fmt: skip
SQL: Final = re.compile(
    r"\bSELECT\s+\S|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b"
    r"|\b(CREATE|DROP|ALTER)\s+(TABLE|INDEX|UNIQUE)\b|\bPRAGMA\s+\w|\bBEGIN\s+IMMEDIATE\b"
)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of what is imported, with the imported name for `from … import`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def directions(module: Module) -> Iterator[str]:
    """Imports go down, as the plan says."""
    mine = module.unit
    if mine not in plan.EVERYBODY and mine not in plan.MAY_IMPORT:
        yield f"{module.path}: {mine} is not in tests/house/plan.py"
        return
    for line, name in _imports(module.tree):
        if name.partition(".")[0] != "ostiary":
            continue
        other = "ostiary" if name == "ostiary.__version__" else unit_of(name)
        if other in {mine, "ostiary", "errors"}:
            continue
        if mine in plan.EVERYBODY:
            allowed = other not in plan.NEVER_IMPORTED
        else:
            allowed = other in plan.MAY_IMPORT[mine]
        if not allowed or (name in plan.TUPLES and mine not in plan.EVERYBODY):
            yield f"{module.path}:{line}: {mine} may not import {name}"


def absolute_and_on_top(module: Module) -> Iterator[str]:
    """Imports are absolute; only the composition root and the command line load late."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{module.path}:{node.lineno}: relative import"
    if module.unit in plan.LATE:
        return
    for function in functions(module.tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"{module.path}:{node.lineno}: import inside {function.name}"


def nothing_of_the_server(module: Module) -> Iterator[str]:
    """The SDK imports nothing of the server."""
    for line, name in _imports(module.tree):
        if name.partition(".")[0] == "ostiary":
            yield f"{module.path}:{line}: {name} is the server's"


def clock_and_chance(module: Module) -> Iterator[str]:
    """Only `effects` reads the clock or chance."""
    if module.unit == "effects":
        return
    meaning = names(module.tree)
    for line, name in _imports(module.tree):
        if CLOCK_AND_CHANCE.fullmatch(name):
            yield f"{module.path}:{line}: {name} belongs to effects.py"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            name = dotted(node, meaning)
            if CLOCK_AND_CHANCE.fullmatch(name):
                yield f"{module.path}:{node.lineno}: {name} belongs to effects.py"


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        called = value.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return name in MUTABLE_CALLS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def no_module_state(module: Module) -> Iterator[str]:
    """A module holds no list, dict or set but constants in CAPITALS; nobody writes `global`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield f"{module.path}:{node.lineno}: global {', '.join(node.names)}"
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        for target in targets:
            name = target.id if isinstance(target, ast.Name) else ast.unparse(target)
            constant = name.isupper() or name == "__all__"
            if _is_mutable(statement.value) and not constant:
                yield f"{module.path}:{statement.lineno}: {name} is state of a module"


def sizes(module: Module) -> Iterator[str]:
    """No file and no function grows too long to be read at once."""
    if module.lines > LONGEST_FILE:
        yield f"{module.path}: {module.lines} lines, at most {LONGEST_FILE}"
    for function in functions(module.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            where = f"{module.path}:{function.lineno}"
            yield f"{where}: {function.name} has {lines} lines, at most {LONGEST_FUNCTION}"


def file_names(module: Module) -> Iterator[str]:
    """A file is named by its subject."""
    for part in module.path.removesuffix(".py").split("/"):
        if part.strip("_") in POOR_NAMES:
            yield f"{module.path}: {part} says nothing"


def _docstrings(tree: ast.AST) -> set[ast.expr]:
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


def sql_in_storage(module: Module) -> Iterator[str]:
    """SQL is written in `storage` only."""
    if module.unit.startswith("storage"):
        return
    docstrings = _docstrings(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and node not in docstrings:
            value = node.value
            if isinstance(value, str) and SQL.search(value):
                yield f"{module.path}:{node.lineno}: SQL outside storage"


def nothing_unsafe(module: Module) -> Iterator[str]:
    """Nothing that runs what it reads: no pickle, no eval."""
    for line, name in _imports(module.tree):
        if name.partition(".")[0] in UNSAFE_MODULES:
            yield f"{module.path}:{line}: {name}"
    for node in ast.walk(module.tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in UNSAFE_CALLS:
            yield f"{module.path}:{called.lineno}: {called.id}"


def documented(module: Module) -> Iterator[str]:
    """Public functions of the pure parts say what they return."""
    if module.unit not in {"core", "crypto", "factors"}:
        return
    for node in module.tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            yield f"{module.path}:{node.lineno}: {node.name} has no docstring"


def one_sentence(module: Module) -> Iterator[str]:
    """Each test says in one sentence what holds."""
    for function in functions(module.tree):
        if not function.name.startswith("test"):
            continue
        sentence = (ast.get_docstring(function) or "").strip()
        if not sentence.endswith((".", "!", "?")) or "\n\n" in sentence:
            yield f"{module.path}:{function.lineno}: {function.name} needs a one-sentence docstring"


def no_patching(module: Module) -> Iterator[str]:
    """Tests turn the knobs of the house; they patch nothing."""
    for line, name in _imports(module.tree):
        if name.startswith(("unittest.mock", "mock.")) or name == "pytest.MonkeyPatch":
            yield f"{module.path}:{line}: {name}"
    for function in functions(module.tree):
        if any(argument.arg in {"monkeypatch", "mocker"} for argument in function.args.args):
            yield f"{module.path}:{function.lineno}: {function.name} patches"


OVER_SOURCE: Final = (
    directions, absolute_and_on_top, clock_and_chance, no_module_state, sizes, file_names,
    sql_in_storage, nothing_unsafe, documented,
)  # fmt: skip
OVER_SDK: Final = (
    absolute_and_on_top, nothing_of_the_server, no_module_state, sizes, file_names, nothing_unsafe,
)  # fmt: skip
OVER_TESTS: Final = (one_sentence, no_patching)
