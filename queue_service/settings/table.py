"""The tables of docs/settings.md, made from the settings and the reasons beside them.

    python -m queue_service.settings.table docs/settings.md

brings the file up to date; the text around the tables is left as it is.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from queue_service.settings.schema import HOLDERS, SETTINGS
from queue_service.settings.values import Settings

_PLACE = re.compile(r"(<!-- settings: *(\w*) *-->\n).*?(<!-- end -->)", re.DOTALL)


def reasons(holder: type) -> Mapping[str, str]:
    """What stands below each field of a class, in one line."""
    (tree,) = ast.parse(inspect.getsource(holder)).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101  the source of a class
    return dict(_documented(tree))


def filled(text: str) -> str:
    """The text with new tables in the places that ask for them."""
    return _PLACE.sub(lambda place: f"{place[1]}{_table(place[2])}{place[3]}", text)


def _documented(tree: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(tree.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


def _table(table: str) -> str:
    known = reasons(HOLDERS.get(table, Settings))
    lines = ["| setting | default | what it bounds or says, and why |", "|---|---|---|"]
    for setting in SETTINGS.values():
        holder, _, name = setting.name.rpartition(".")
        if holder == table:
            lines.append(f"| `{name}` | {setting.kind.show(setting.default)} | {known[name]} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(filled(file.read_text()))
