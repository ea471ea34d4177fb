"""The kinds of settings: how a value is read from a file, a variable or an option, and written for people.

Owns the words for what is wrong with a single value.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.hints import did_you_mean
from longshore.quantities import format_duration, format_size, parse_duration, parse_size
from longshore.serving.server import MAX_PORT, is_address
from queue_service.domain.limits import DAY

NONE = "none"
"""Says that there is no bound, as TOML has no word for it."""
TOML_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), 127)} | {ord('"'): '\\"', ord("\\"): "\\\\"}


class Kind(ABC):
    """What values a setting may have."""

    @abstractmethod
    def read(self, given: object) -> Any:
        """The value.

        Args:
            given: text, or what TOML has for it.

        Raises:
            ValueError: it cannot be one. The message says what may stand there, for people.
        """

    def show(self, value: Any) -> str:
        """The value for people, as it can be read again."""
        return str(value)

    def write(self, value: Any) -> str:
        """The value in TOML."""
        return f'"{self.show(value).translate(TOML_ESCAPES)}"'


class Bare(Kind):
    """A kind that TOML writes without quotes."""

    def write(self, value: Any) -> str:
        """As it is shown."""
        return self.show(value)


@dataclass(frozen=True)
class Count(Bare):
    """A whole number."""

    lowest: int = 1
    highest: int = 1_000_000_000

    def read(self, given: object) -> int:
        """From a number, or its digits."""
        if isinstance(given, str) and given.isascii() and given.replace("_", "").isdigit():
            given = int(given)
        if not isinstance(given, int) or isinstance(given, bool) or not self.lowest <= given <= self.highest:
            raise ValueError(f"must be a whole number, {self.lowest:,} to {self.highest:,}")
        return given


@dataclass(frozen=True)
class Number(Bare):
    """A number that may have a fraction."""

    lowest: float
    highest: float

    def read(self, given: object) -> float:
        """From a number, or its digits."""
        wrong = f"must be a number, {self.lowest:g} to {self.highest:g}"
        if isinstance(given, str):
            try:
                given = float(given)
            except ValueError:
                raise ValueError(wrong) from None
        if not isinstance(given, int | float) or isinstance(given, bool) or not self.lowest <= given <= self.highest:
            raise ValueError(wrong)
        return float(given)


@dataclass(frozen=True)
class Size(Kind):
    """Bytes."""

    highest: int = 1024**4

    def read(self, given: object) -> int:
        """From "1MiB", or a number of bytes."""
        size = _amount(given, parse_size)
        if size is None or size != int(size) or not 1 <= size <= self.highest:
            raise ValueError(f'must be a size such as "512KiB" or "1MiB", 1B to {format_size(self.highest)}')
        return int(size)

    def show(self, value: int) -> str:
        """In the largest unit that leaves no fraction."""
        return format_size(value)


@dataclass(frozen=True)
class Span(Kind):
    """Milliseconds."""

    lowest: int = 0
    highest: int = 366 * DAY

    def read(self, given: object) -> int:
        """From "15m", or a number of seconds."""
        seconds = _amount(given, parse_duration)
        if seconds is None or not self.lowest <= round(seconds * 1000) <= self.highest:
            bounds = f"{format_duration(self.lowest)} to {format_duration(self.highest)}"
            raise ValueError(f'must be a span of time such as "500ms", "15m" or "7d", {bounds}')
        return round(seconds * 1000)

    def show(self, value: int) -> str:
        """In the largest unit that leaves no fraction."""
        return format_duration(value)


class Flag(Bare):
    """Yes or no."""

    def read(self, given: object) -> bool:
        """From true and false."""
        if isinstance(given, bool):
            return given
        if given in ("true", "false"):
            return given == "true"
        raise ValueError("must be true or false")

    def show(self, value: bool) -> str:
        """As TOML has them."""
        return str(value).lower()


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words, whatever their case. Values are by word."""

    values: Mapping[str, Any]

    def read(self, given: object) -> Any:
        """From a word."""
        word = str(given).upper()
        if word not in self.values:
            words = list(self.values)
            allowed = f"{', '.join(words[:-1])} or {words[-1]}"
            raise ValueError(f"must be {allowed}{did_you_mean(word, words)}")
        return self.values[word]

    def show(self, value: Any) -> str:
        """Its word."""
        return next(word for word, meant in self.values.items() if meant == value)


class Address(Kind):
    """Where to listen."""

    def read(self, given: object) -> str:
        """From HOST:PORT."""
        if not isinstance(given, str) or not is_address(given):
            raise ValueError(f"must be HOST:PORT with a port from 0 to {MAX_PORT:,}")
        return given


class Place(Kind):
    """A file or folder."""

    def read(self, given: object) -> Path:
        """From text."""
        if not isinstance(given, str) or not given or "\0" in given:
            raise ValueError("must be the path of a file or folder")
        return Path(given)


@dataclass(frozen=True)
class Optional(Kind):
    """A value, or none."""

    kind: Kind

    def read(self, given: object) -> Any:
        """From "none", or what stands for a value."""
        if isinstance(given, str) and given.lower() == NONE:
            return None
        try:
            return self.kind.read(given)
        except ValueError as error:
            raise ValueError(f'{error}, or "{NONE}"') from None

    def show(self, value: Any) -> str:
        """The value, or "none"."""
        return NONE if value is None else self.kind.show(value)

    def write(self, value: Any) -> str:
        """As the kind writes it."""
        return super().write(value) if value is None else self.kind.write(value)


def _amount(given: object, parse: Callable[[str], float]) -> float | None:
    """A number with or without a unit. None: it is no amount at all."""
    if isinstance(given, str):
        try:
            given = float(given) if given.isascii() and given.isdigit() else parse(given)
        except ValueError:
            return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return float(given)
