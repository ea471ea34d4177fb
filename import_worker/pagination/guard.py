"""The proof that a walk makes progress, in constant memory.

Owns the comparison of page tokens: with the one before, and with a checkpoint that moves ever further on (Brent).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


class Repeated(Exception):
    """A token came again: the walk runs in a circle.

    Attributes:
        at_once: it is that of the page just before.
    """

    def __init__(self, *, at_once: bool) -> None:
        super().__init__()
        self.at_once = at_once


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What a walk remembers of its tokens. A circle of n pages is found within about 3n pages of its start.

    Attributes:
        last: the token of the newest page.
        mark: the token of the checkpoint.
        span: how many pages the checkpoint stands; doubles each time it moves.
        steps: pages since the checkpoint.
    """

    last: str
    mark: str
    span: int = 1
    steps: int = 0

    @classmethod
    def at(cls, token: str) -> "Guard":
        """The guard of a walk that has seen one page."""
        digest = _digest(token)
        return cls(last=digest, mark=digest)

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "Guard":
        """The guard that `state` was made from."""
        return cls(**state)

    def state(self) -> dict[str, Any]:
        """All of it, JSON-serialisable."""
        return asdict(self)

    def advance(self, token: str) -> "Guard":
        """The guard after one more page.

        Raises:
            Repeated: the page was seen before.
        """
        digest = _digest(token)
        if digest in (self.last, self.mark):
            raise Repeated(at_once=digest == self.last)
        if self.steps + 1 == self.span:
            return Guard(last=digest, mark=digest, span=self.span * 2, steps=0)
        return Guard(last=digest, mark=self.mark, span=self.span, steps=self.steps + 1)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:24]
