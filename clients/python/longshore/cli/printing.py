"""What commands print: text for people, JSON for programs, and nothing but JSON on standard output then.

A command that lists or follows prints JSON Lines, one object a line; any other prints one document.
"""

import dataclasses
import json
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from longshore.quantities import format_duration
from longshore.times import Span

Row = TypeVar("Row")
Column = tuple[str, Callable[[Any], str]]
"""A title, and what stands below it for a row. A title in front of a ">" stands at the right."""

_MEASURED_ROWS = 100
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) != "\n"}


class Printer:
    """Prints the answers of a command.

    Attributes:
        json: whether a program reads them.
    """

    def __init__(self, output: str) -> None:
        """Decide how.

        Args:
            output: "text" or "json".
        """
        self.json = output == "json"

    def one(self, value: object, text: str) -> None:
        """Print an answer.

        Args:
            value: for programs.
            text: for people.
        """
        click.echo(as_json(value) if self.json else harmless(text))

    async def table(self, rows: AsyncIterable[Row], columns: Sequence[Column]) -> None:
        """Print a list as it comes. Its first rows decide how wide the columns are."""
        if self.json:
            async for row in rows:
                click.echo(as_json(row))
            return
        first: list[list[str]] | None = [[title.removesuffix(">") for title, _ in columns]]
        widths: list[int] = []
        rights = [title.endswith(">") for title, _ in columns]
        async for row in rows:
            cells = [show(row) for _, show in columns]
            if first is None:
                click.echo(_line(cells, widths, rights))
                continue
            first.append(cells)
            if len(first) > _MEASURED_ROWS:
                widths = _print_measured(first, rights)
                first = None
        if first is not None:
            _print_measured(first, rights)


def _print_measured(rows: Sequence[Sequence[str]], rights: Sequence[bool]) -> list[int]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo(_line(row, widths, rights))
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    aligned = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, rights, strict=True)
    )
    return harmless("  ".join(aligned).rstrip())


def facts(title: str, pairs: Iterable[tuple[str, object]]) -> str:
    """A title and what is known below it, line by line. What is None or empty is left out."""
    known = [(name, str(value)) for name, value in pairs if value is not None and value != ""]
    width = max((len(name) for name, _ in known), default=0)
    further = "\n" + " " * (width + 4)
    return "\n".join([title, *(f"  {name.ljust(width)}  {further.join(text.splitlines())}" for name, text in known)])


def harmless(text: str) -> str:
    """Text for a terminal, which must not obey what events and handlers say: control characters are written out."""
    return text.translate(_CONTROLS)


def counted(number: int, what: str) -> str:
    """A number of things: "1 event", "1,200 events"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def given(options: Any) -> str:
    """A dataclass of options for people: those that are given, as JSON."""
    fields = ((field.name, getattr(options, field.name)) for field in dataclasses.fields(options))
    return as_json({name: value for name, value in fields if value is not None})


def span_text(seconds: Span | None) -> str | None:
    """A span of time for people; None for none."""
    if seconds is None:
        return None
    return format_duration(round((seconds.total_seconds() if isinstance(seconds, timedelta) else seconds) * 1000))


def moment(instant: datetime | None) -> str:
    """An instant for people; "-" for none."""
    return "-" if instant is None else f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def as_json(value: Any) -> str:
    """One line of JSON: dataclasses as objects, instants in ISO 8601, bytes as {"hex": ...}."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not asdict: it would copy what json.dumps walks through anyway.
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"Cannot print {type(value).__name__}")
