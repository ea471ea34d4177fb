"""What is imported: a source that hands out its devices page by page. It stands for the API that you import from.

A page says which one comes next, and nobody knows before the last one how many there are.
"""

import os
from dataclasses import dataclass

PAGES = int(os.environ.get("SOURCE_PAGES", "2500"))
ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the source.

    Attributes:
        rows: the devices on it.
        next: the number of the next page. None: this is the last one.
    """

    rows: list[dict[str, str]]
    next: int | None


async def read_page(number: int) -> Page:
    """Ask the source for a page, from 1."""
    serials = [f"SN-{number:05}-{row}" for row in range(1, ROWS + 1)]
    return Page(
        rows=[{"serial": serial, "name": f"Device {serial}"} for serial in serials],
        next=number + 1 if number < PAGES else None,
    )
