"""The server as its own process, and a client that speaks plain HTTP to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("ostiary"))
START_S = 20
STOP_S = 15


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ostiary(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}


class Serving:
    """``ostiary serve`` on a free port; ``output`` is what it wrote once it has ended."""

    def __init__(self, data: Path, *arguments: str) -> None:
        """Start, and wait until it answers."""
        self.data = data
        self.port = free_port()
        self.output = ""
        command = [PROGRAM, "serve", "--data", str(data), "--port", str(self.port), *arguments]
        self.log = data.with_suffix(".out")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=data.parent, env=clean_environment()
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to leave; its exit status."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.output = self.log.read_text()
        return status

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "", **headers: str
    ) -> tuple[int, Any]:
        """Status and answer (JSON where it is) of one request."""
        sent = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if token:
            sent["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    @property
    def admin(self) -> str:
        """The token that may do everything."""
        return (self.data / "admin.pat").read_text().strip()

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(self.log.read_text())
            try:
                if self.ask("GET", "/debug/ready")[0] == 200:
                    return
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"no answer: {self.log.read_text()}")
