"""Every sentence that an error tells people is translated."""

import ast
from collections.abc import Iterator

import ostiary.errors
from tests.house.source import Module, dotted, modules, names
from tests.transports import catalogue

ERRORS = {
    f"ostiary.errors.{name}"
    for name, one in vars(ostiary.errors).items()
    if isinstance(one, type) and issubclass(one, ostiary.errors.OstiaryError)
}
# faults of a client's program, told to who writes it; and pages, whose texts have a catalogue of their own
OF_PROTOCOLS = (
    "http/",
    "ui/",
    *(f"api/{name}.py" for name in ("asgi", "connect", "grpc_wire", "health", "management", "rest")),
)
AS_ZITADEL_SAYS = {"Errors.User.NotActive"}  # a key without a text there


def sentences(module: Module) -> Iterator[tuple[int, str]]:
    """The texts of the errors that a module makes, with their lines."""
    meaning = names(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and len(node.args) > 1 and dotted(node.func, meaning) in ERRORS:
            text = node.args[1]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield node.lineno, text.value


def test_every_sentence_is_translated() -> None:
    """What is missing belongs into locale/*/LC_MESSAGES/ostiary.po; then ``python -m tests.transports.catalogue``."""
    sources = list(catalogue.FOLDER.glob("*/LC_MESSAGES/ostiary.po"))
    assert sources
    told = [
        (f"{module.path}:{line}", text)
        for module in modules()
        if not module.path.removeprefix("ostiary/").startswith(OF_PROTOCOLS)
        for line, text in sentences(module)
        if text and text not in AS_ZITADEL_SAYS
    ]
    assert len(told) > 100
    for source in sources:
        known = catalogue.read(source.read_text("utf-8"))
        missing = [(where, text) for where, text in told if not known.get(text)]
        assert missing == [], source
