"""Makes a failing run small: what can be left out while it still breaks the same rule is left out."""

import copy
import time

SHRINK_SECONDS = 30.0


async def shrink(run, fails):
    """The smallest run found in bounded time.

    Args:
        run: a failing run.
        fails: awaitable of a run, answers the broken rule, or None where all is well.
    """
    rule, end = await fails(run), time.monotonic() + SHRINK_SECONDS
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(run):
            if time.monotonic() > end:
                return run
            if await fails(candidate) == rule:
                run, smaller = candidate, True
                break
    return run


def _smaller(run):
    """Copies with a turn, an operation, a part of one, a fate or a step less, the large cuts first."""
    turns = run["turns"]
    for size in (8, 4, 2, 1):
        for start in range(0, len(turns) - size + 1, size):
            yield {**run, "turns": turns[:start] + turns[start + size :]}
    for position, turn in enumerate(turns):
        for index in range(len(turn["do"])):
            yield _changed(run, position, do=turn["do"][:index] + turn["do"][index + 1 :])
        if turn["fate"] != "well":
            yield _changed(run, position, fate="well")
        if turn["step"]:
            yield _changed(run, position, step=0)
        for index, (_, values) in enumerate(turn["do"]):
            for name, value in values.items():
                for less in _less(value):
                    do = copy.deepcopy(turn["do"])
                    do[index][1][name] = less
                    yield _changed(run, position, do=do)


def _changed(run, position, **values):
    turns = [{**turn, **values} if at == position else turn for at, turn in enumerate(run["turns"])]
    return {**run, "turns": turns}


def _less(value):
    """Smaller values in place of one: lists lose an element, objects what they may go without."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], (list, dict)):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        for index, one in enumerate(value):
            for name in OPTIONAL & {name for name in one if one[name]}:
                yield [*value[:index], {**one, name: OPTIONAL_VALUES[name]}, *value[index + 1 :]]


OPTIONAL_VALUES = {"delay": 0, "key": None, "expire": None, "policy": None, "group": None, "parent": None}
OPTIONAL = OPTIONAL_VALUES.keys()
