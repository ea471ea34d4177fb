"""The Assets sandbox as a process of its own, for tests of whatever talks to it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

_END_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A running sandbox."""

    url: str
    token: str
    process: subprocess.Popen[str]
    _http: httpx.Client

    @property
    def info_url(self) -> str:
        return f"{self.url}/jsm/assets/v1/imports/info"

    def faults(self, **switches: Any) -> dict[str, Any]:
        """Set these switches, leave the others; answers all."""
        return self._view("PATCH", "faults", json=switches)

    def objects(self, type_name: str) -> list[dict[str, Any]]:
        return self._view("GET", f"objects/{type_name}")

    def edit(self, type_name: str, **attributes: Any) -> dict[str, Any]:
        """Make or change (by its identity) an object by hand."""
        return self._view("POST", f"objects/{type_name}", json={"attributes": attributes})

    def executions(self) -> list[dict[str, Any]]:
        return self._view("GET", "executions")

    def mapping(self) -> dict[str, Any] | None:
        return self._view("GET", "mapping")

    def reset(self) -> None:
        self._http.post("/_sandbox/reset").raise_for_status()

    def _view(self, method: str, path: str, **options: Any) -> Any:
        return self._http.request(method, f"/_sandbox/{path}", **options).raise_for_status().json()

    def stop(self) -> int:
        """End the process as an operator would; its exit code."""
        self.process.terminate()
        return self.process.wait(_END_SECONDS)


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with command line options; all end with the test."""
    with ExitStack() as stack:

        def start(*options: str, token: str = "sandbox-token") -> Sandbox:
            command = [sys.executable, "-m", "import_worker.sandbox", "--port", "0", "--token", token, *options]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            ready = process.stdout.readline()
            assert ready.startswith("Assets sandbox on http://"), ready
            url = ready.split()[3]
            http = stack.enter_context(httpx.Client(base_url=url, timeout=30, trust_env=False))
            return Sandbox(url=url, token=token, process=process, _http=http)

        yield start


@pytest.fixture
def sandbox(start_sandbox) -> Sandbox:
    """A sandbox whose processing takes no time; faults are set at run time."""
    return start_sandbox("--processing-seconds", "0")
