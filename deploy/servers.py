"""Two servers and the proxy before them."""

import urllib.error
import urllib.request
from pathlib import Path
from string import Template
from typing import Final

from deploy.layout import NODES, Layout
from deploy.programs import Program, Trouble, holds

_READY_S: Final = 60
_HERE: Final = Path(__file__).parent
_OSTIARY: Final = _HERE.parent / "ostiary"


class Servers:
    """Both of them, and the proxy."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is started."""
        self._layout = layout
        self._nodes = {name: Program(layout.of(name)) for name in NODES}
        self._proxy = Program(layout.of("proxy"), "haproxy")

    def start(self) -> None:
        """Start what does not run and wait until each is ready; the first makes the schema. Raises Trouble."""
        for name in NODES:
            self.start_node(name)
        text = Template((_HERE / "haproxy.cfg").read_text()).substitute(
            **{f"{name}_port": self._layout.ports[name] for name in ("proxy", *NODES)}
        )
        self._proxy.start(["haproxy", "-f", self._proxy.write("haproxy.cfg", text), "-db"])
        _wait(self._proxy, self._layout.ports["proxy"])

    def start_node(self, name: str) -> None:
        """Start one and wait until it is ready; secrets go by its environment, which no list of processes shows."""
        layout, node = self._layout, self._nodes[name]
        options: list[str | Path] = ["--data", node.folder / "data", "--port", str(layout.ports[name])]
        secrets = {"OSTIARY_DATABASE": layout.database, "OSTIARY_MASTER_KEY": layout.master_key}
        options += ["--drain-notice-s", "3"]  # some times what the proxy needs to see it
        options += ["--trusted-proxies", "127.0.0.1", "--external-url", layout.url]
        node.start([_OSTIARY, "serve", *options], secrets)
        _wait(node, layout.ports[name])

    def stop_node(self, name: str) -> None:
        """End one, in good order."""
        self._nodes[name].stop()

    def stop(self) -> None:
        """End the proxy, then the servers."""
        self._proxy.stop()
        for name in NODES:
            self.stop_node(name)


def _wait(program: Program, port: int) -> None:
    if not holds(lambda: _is_ready(port), _READY_S):
        raise Trouble(f"{program.folder.name} was not ready in {_READY_S} s.\n{program.last_words()}")


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False
