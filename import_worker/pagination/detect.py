"""Which pagination a source has, from its first page alone: candidates, each with its evidence and how sure it is.

Owns their order and what is left of them where signs contradict each other. Pure; used by `auto` and `import init`.
"""

from collections.abc import Callable, Iterator

from import_worker.config.pagination import Explicit
from import_worker.errors import SourceBroken
from import_worker.pagination import conventions as names, find_counted, find_named
from import_worker.pagination.candidates import Candidate, Sureness
from import_worker.pagination.seen import Seen
from import_worker.pagination.signs import Signs

_MAX_SHOWN = 4


def detect(seen: Seen) -> list[Candidate]:
    """The paginations that a first page speaks for, the surest first. Never empty."""
    signs = Signs.of(seen)
    found = [candidate for finder in _FINDERS for candidate in finder(signs)]
    told = signs.field(names.MORE, bool)
    named = any(not each.ends for each in found if each.sureness > Sureness.GUESS)
    more = _says_more(signs) or (named and (told is None or told.value))
    weighed = [_weighed(each, more=more) for each in found]
    return sorted(weighed, key=lambda each: (-each.sureness, each.ends and more))


def choose(seen: Seen) -> Explicit:
    """The pagination that a first page shows beyond doubt.

    Raises:
        SourceBroken: there is doubt; the message says what may be written in the file instead of auto.
    """
    found = detect(seen)
    if found[0].sureness is Sureness.CERTAIN:
        return found[0].pagination
    possible = "; or ".join(f"{each.written()} if {each.evidence}" for each in found[:_MAX_SHOWN])
    raise SourceBroken(
        f"pagination auto cannot be sure how the pages of {seen.url} follow one another, and a wrong guess would cut "
        f"the set short. Write it in the file: pagination: {possible}"
    )


def _weighed(candidate: Candidate, *, more: bool) -> Candidate:
    """An end that something else speaks against is a guess."""
    if not (candidate.ends and more):
        return candidate
    return Candidate(
        pagination=candidate.pagination,
        sureness=Sureness.GUESS,
        evidence=f"{candidate.evidence}, but something else says that more follows",
        ends=True,
    )


def _says_more(signs: Signs) -> bool:
    more, total = signs.field(names.MORE, bool), find_counted.total_of(signs)
    return (more is not None and more.value) or (total is not None and total.number > signs.count)


_FINDERS: tuple[Callable[[Signs], Iterator[Candidate]], ...] = (
    *(find_named.link_header, find_named.named_header, find_named.json_link, find_named.continuation),
    *(find_counted.offset, find_counted.page_number, find_named.tokens),
    *(find_counted.ends, find_counted.everything, find_counted.guesses),
)
"""In the order in which equally sure candidates are preferred."""
