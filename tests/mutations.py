"""Breaks the rules of the broker on purpose, one line at a time, and shows that a test fails for each.

    python tests/mutations.py [NAME ...]     all of them, or those whose names contain one of the words

Each mutation of mutations.toml is made in a copy of the tree and judged by its own tests. Ends with 1 if one survives,
with 2 if the text of one is not there exactly once or its tests fail without it: then the table is out of date.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
JOBS = min(4, os.cpu_count() or 1)
SECONDS = 300
KILLED, SURVIVED, OUTDATED = "killed", "SURVIVED", "OUT OF DATE"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A rule, the text that keeps it, what stands there instead, and the tests that must notice, below tests/."""

    rule: str
    file: str
    text: str
    instead: str
    tests: list[str]


class Copies:
    """Copies of the tree, one for each job."""

    def __init__(self, folder: Path) -> None:
        self._free: Queue[Path] = Queue()
        for number in range(JOBS):
            copy = folder / str(number)
            shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules"))
            self._free.put(copy)

    def judge(self, broken: Mutation) -> str:
        """What becomes of a mutation."""
        copy = self._free.get()
        try:
            file = copy / broken.file
            text = file.read_text()
            if text.count(broken.text) != 1:
                return OUTDATED
            file.write_text(text.replace(broken.text, broken.instead))
            try:
                return KILLED if run(copy, broken.tests)[0] else SURVIVED
            finally:
                file.write_text(text)
        finally:
            self._free.put(copy)

    def faults_of(self, tests: set[str]) -> str:
        """What tests say as they are; nothing, if they pass."""
        code, said = run(self._free.queue[0], sorted(tests))
        return said if code else ""


def run(copy: Path, tests: list[str]) -> tuple[int, str]:
    """Run tests in a copy until one fails. Answers how it ended and what was said."""
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--timeout", "60"]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{copy}:{copy / 'clients' / 'python'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LONGSHORE_SIMULATION_RUNS": "300",
    }
    command = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        ended = subprocess.run(command, cwd=copy, env=environment, timeout=SECONDS, check=False, **output)
    except subprocess.TimeoutExpired:
        return 1, f"the tests took longer than {SECONDS} seconds"
    return ended.returncode, ended.stdout


def main(words: list[str]) -> int:
    """Judge the chosen mutations."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())["mutation"]
    chosen = [one for one in (Mutation(**row) for row in table) if not words or any(word in one.rule for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(Path(folder))
        if faults := copies.faults_of({test for one in chosen for test in one.tests}):
            print(f"the tests fail without any mutation:\n{faults}")
            return 2
        with ThreadPoolExecutor(JOBS) as pool:
            fates = []
            for one, fate in zip(chosen, pool.map(copies.judge, chosen), strict=True):
                print(f"{fate:<12} {one.rule}", flush=True)
                fates.append(fate)
    print(f"{fates.count(KILLED)} of {len(fates)} were noticed")
    return 2 if OUTDATED in fates else int(SURVIVED in fates)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
