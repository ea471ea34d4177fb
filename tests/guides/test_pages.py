"""The guides show the code that runs: the blocks of a page, in order, are its programs."""

import re

import pytest

BLOCK = re.compile(r'^```python title="(?P<file>[\w/]+\.py)"\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL)
PAGES = {
    "queue_storage.md": {"queue_storage.py"},
    "import_in_jobs.md": {"import_in_jobs/jobs.py", "import_in_jobs/group.py"},
}


def lines_of(code):
    """The code without its empty lines: a page may cut it between any two statements."""
    return [line for line in code.splitlines() if line]


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_are_its_programs(guides, page):
    shown = {}
    for block in BLOCK.finditer((guides / page).read_text()):
        shown.setdefault(block["file"], []).extend(lines_of(block["code"]))
    assert shown.keys() == PAGES[page]
    for file, lines in shown.items():
        assert lines == lines_of((guides / file).read_text()), file


def test_every_page_is_held_to_its_programs(guides):
    assert {page.name for page in guides.glob("**/*.md")} == PAGES.keys()
