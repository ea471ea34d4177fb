"""Showing what changes: a line that is rewritten on a terminal, lines elsewhere, JSON Lines for programs."""

import shutil
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

import click

from longshore.cli.printing import as_json, harmless
from longshore.cli.running import Service, run

Value = TypeVar("Value")

DETACHED = 130
"""Exit code of a command that Ctrl-C ended while what it showed goes on."""


class Line:
    """A line of a terminal that is written again and again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._standing = False

    def write(self, text: str) -> None:
        """Show a text in place of the last one, cut at the terminal's width."""
        width = shutil.get_terminal_size().columns
        click.echo(f"\r\x1b[2K{text[: width - 1]}", file=self._stream, nl=False)
        self._standing = True

    def clear(self) -> None:
        """Leave nothing."""
        if self._standing:
            self._standing = False
            click.echo("\r\x1b[2K", file=self._stream, nl=False)

    def end(self) -> None:
        """Leave the last text standing."""
        if self._standing:
            self._standing = False
            click.echo(file=self._stream)


class Display(Generic[Value]):
    """Shows a thing while it changes."""

    def __init__(self, output: str, summary: Callable[[Value], str]) -> None:
        """Decide how.

        Args:
            output: "text" or "json".
            summary: the thing in one line, for people.
        """
        stream = sys.stdout
        self._tell = as_json if output == "json" else summary
        self._line = Line(stream) if output == "text" and stream.isatty() else None
        self._last = ""

    def show(self, value: Value) -> None:
        """Show the thing as it is now; a line that says nothing new is left out."""
        told = harmless(self._tell(value))
        if told == self._last:
            return
        self._last = told
        if self._line is not None:
            self._line.write(told)
        else:
            click.echo(told)

    def end(self) -> None:
        """Leave the last line standing."""
        if self._line is not None:
            self._line.end()


@dataclass(frozen=True, kw_only=True)
class Following(Generic[Value]):
    """How to follow one kind of thing.

    Attributes:
        service: that knows it.
        summary: the thing in one line.
        detached: what to say when Ctrl-C leaves it to itself.
    """

    service: Service
    summary: Callable[[Value], str]
    detached: Callable[[Value], str]

    def follow(self, address: str, output: str, changes: AsyncGenerator[Value, None]) -> Value:
        """Show a thing until it has ended, and answer how it ended.

        Args:
            address: of the service, for errors.
            output: "text" or "json".
            changes: the thing now and after every change; it opens its own connection.

        Raises:
            click.exceptions.Exit: Ctrl-C left it to itself.
            click.ClickException: the service refused or is not reachable.
        """
        display = Display(output, self.summary)
        latest: Value | None = None

        async def work() -> None:
            nonlocal latest
            async with aclosing(changes):
                async for latest in changes:
                    display.show(latest)

        try:
            run(self.service, address, work())
        except KeyboardInterrupt:
            if latest is None:
                raise
            display.end()
            click.echo(self.detached(latest), err=True)
            raise click.exceptions.Exit(DETACHED) from None
        finally:
            display.end()
        if latest is None:
            raise click.ClickException(f"The {self.service.title} answered nothing")
        return latest
