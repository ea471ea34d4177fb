"""What a check finds, and the words that several checks share."""

from collections.abc import Iterator

from import_worker.config.document import Path
from import_worker.config.selectors import compile_selector
from import_worker.errors import MappingBroken
from longshore.hints import did_you_mean

Finding = tuple[Path, str]
"""A place in the document, and what is wrong there."""

_MAX_SHOWN = 20


def selector_finding(path: Path, text: str | None) -> Iterator[Finding]:
    """Why a selector is not valid, if it is not."""
    if text is None:
        return
    try:
        compile_selector(text)
    except MappingBroken as error:
        yield path, error.message


def instead(name: str, known: list[str]) -> str:
    """A hint on what there is in place of a name that there is not."""
    return did_you_mean(name, known) or f"; there are {', '.join(known[:_MAX_SHOWN])}"
