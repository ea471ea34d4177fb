"""The imports that are configured, as the flow asks for them. The worker's catalogue of files implements it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from import_worker.config import ImportConfig
from import_worker.config.operation import Schedule


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """What the files say.

    Attributes:
        schedules: of each import that has a valid file. None: it has none.
        faulty: imports whose files are not valid: what they say is not known.
    """

    schedules: Mapping[str, Schedule | None]
    faulty: frozenset[str]


class Configured(Protocol):
    """The files that configure imports, as they are now."""

    def load(self, name: str, inputs: Mapping[str, str]) -> ImportConfig:
        """One import with its inputs. Raises Permanent where its file is missing or faulty, or InputsInvalid."""
        ...

    def scheduled(self) -> Scheduled:
        """When imports start."""
        ...
