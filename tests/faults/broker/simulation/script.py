"""Random runs as plain data: what happens in each turn, when, and what goes wrong. So runs can be cut and kept.

Operations name what they act on by picks: numbers that operations.py resolves to something that is there when the turn
comes. So a run stays a run when turns or operations are left out of it.
"""

import random

TURNS = 18
STEPS = (0, 0, 1, 500, 3_000, 3_000, 60_000, 86_400_000, -4_000, -100_000)
STEP_WEIGHTS = (6, 6, 4, 6, 6, 6, 4, 1, 1, 1)
FATES = ("well", "fault", "crash", "crash after commit", "torn log", "reopen", "checkpoint")
FATE_WEIGHTS = (80, 6, 5, 3, 3, 1, 2)
POLICIES = (
    {"max_attempts": 1},
    {"max_attempts": 2, "max_lease_losses": 1, "jitter": 2},
    {"initial_backoff": 10, "multiplier": 10.0, "max_backoff": 200},
    {"max_age": 5_000},
)
SETTINGS = (
    {"policy": {"max_attempts": 3, "jitter": 2}},
    {"max_run_time": 2_000},
    {"max_pending": 6},
    {"keep_succeeded": True},
    {"keep_succeeded": False},
    {"policy": {}, "max_run_time": None, "max_pending": None},
)
KINDS = {"push": 9, "claim": 10, "settle": 9, "expire": 2, "extend": 2, "commit": 5, "write": 2, "group": 2,
         "seal": 2, "cancel": 2, "sweep": 1, "redrive": 1, "delete": 0.5, "update": 1,
         "settings": 1, "pause": 1, "purge": 0.5, "delete_queue": 0.5, "prune": 1, "drop": 0.5}  # fmt: skip


def make_run(seed):
    """A run: {"seed", "small", "turns": [{"step", "fate", "at", "do": [[kind, values], ...]}, ...]}."""
    dice = random.Random(seed)
    turns = [_turn(dice) for _ in range(TURNS)]
    return {"seed": seed, "small": dice.random() < 0.3, "drain": dice.random() < 0.5, "turns": turns}


def _turn(dice):
    kinds = dice.choices(list(KINDS), KINDS.values(), k=dice.choice((1, 1, 1, 2, 3, 5)))
    for kind in ("claim", "prune"):  # one of them at a time, as the dispatcher and maintenance do
        if kinds.count(kind) > 1:
            kinds = [*[other for other in kinds if other != kind], kind]
    if "drop" in kinds:  # it goes before what is written in its turn
        kinds = ["drop"]
    return {
        "step": dice.choices(STEPS, STEP_WEIGHTS)[0],
        "fate": dice.choices(FATES, FATE_WEIGHTS)[0],
        "at": dice.randint(1, 14),
        "do": [[kind, _MAKERS[kind](dice)] for kind in kinds],
    }


def _pick(dice):
    return dice.randrange(1_000)


def _queue(dice):
    return dice.choice(("a", "b", "after"))


def _age(dice):
    return dice.choice((0, 0, 3_000))


def _picks(dice):
    return [_pick(dice) for _ in range(dice.choice((1, 2, 5)))]


def _maybe(dice, chance, make):
    return make() if dice.random() < chance else None


def _event(dice):
    return {
        "delay": dice.choice((0, 0, 0, 0, 3_000)),
        "priority": dice.choice((5, 5, 5, 0, 9)),
        "key": _maybe(dice, 0.5, lambda: [dice.choice("kl"), dice.choice((1, 1, 2, 3))]),
        "expire": _maybe(dice, 0.1, lambda: dice.choice((500, 4_000))),
        "policy": _maybe(dice, 0.2, lambda: dice.choice(POLICIES)),
    }


def _push(dice):
    return {
        "job": dice.getrandbits(64),
        "queue": dice.choice("ab"),
        "events": [_event(dice)] * dice.randint(1, 3) + [_event(dice) for _ in range(dice.choice((0, 0, 1)))],
        "group": _maybe(dice, 0.3, lambda: _pick(dice)),
        "parent": _maybe(dice, 0.3, lambda: _lease(dice)),
        "request": _maybe(dice, 0.1, lambda: dice.choice(("r", "s"))),
        "seal": dice.random() < 0.1,
        "repeat": _maybe(dice, 0.1, lambda: [_pick(dice), dice.random() < 0.3]),
    }


def _lease(dice):
    """A lease that holds, or now and then one that held, or one that was made up."""
    return [dice.choices(("live", "old", "made up"), (85, 13, 2))[0], _pick(dice)]


def _settlement(dice):
    outcome = dice.choice(("success", "success", "success", "failure", "retry", "retry", "release"))
    after = {"retry": dice.choice((None, None, 0, 10**7)), "release": dice.choice((0, 3_000))}.get(outcome)
    return [_lease(dice), outcome, after, outcome == "success" and dice.random() < 0.2]


def _claim(dice):
    queues = dice.sample(("a", "b", "after"), k=dice.choice((1, 1, 1, 2, 3)))
    claims = [[queue, [dice.randint(1, 4) for _ in range(dice.choice((1, 1, 2)))]] for queue in queues]
    return {"claims": claims, "lease": dice.choice((1_000, 60_000))}


def _write(dice):
    return {
        "check": _maybe(dice, 0.5, lambda: [dice.choice("xyz"), dice.choice(("now", "now", "absent", "other"))]),
        "key": dice.choice("xyz"),
        "value": dice.choice(("1", "", None)),
        "expire": _maybe(dice, 0.2, lambda: 2_000),
    }


_MAKERS = {
    "push": _push,
    "claim": _claim,
    "settle": lambda dice: {"settlements": [_settlement(dice) for _ in range(dice.choice((1, 1, 2, 4)))]},
    "expire": lambda dice: {"leases": [_lease(dice) for _ in range(dice.choice((1, 2)))]},
    "extend": lambda dice: {"lease": _lease(dice), "duration": dice.choice((500, 90_000)), "progress": dice.random()},
    "commit": lambda dice: {
        "settlements": [_settlement(dice) for _ in range(dice.choice((0, 1, 1, 2)))],
        "pushes": [_push(dice) for _ in range(dice.choice((0, 1, 1, 2)))],
        "write": _maybe(dice, 0.7, lambda: _write(dice)),
        "request": _maybe(dice, 0.4, lambda: dice.choice(("c", "d"))),
        "repeat": _maybe(dice, 0.2, lambda: [_pick(dice), dice.random() < 0.2]),
    },
    "write": _write,
    "group": lambda dice: {
        "group": dice.getrandbits(64),
        "then": _maybe(dice, 0.7, lambda: [_event(dice)] * dice.choice((1, 1, 2))),
        "parent": _maybe(dice, 0.2, lambda: _lease(dice)),
        "repeat": _maybe(dice, 0.1, lambda: [_pick(dice), dice.random() < 0.3]),
    },
    "seal": lambda dice: {"group": _pick(dice), "only_if_idle": dice.random() < 0.2},
    "cancel": lambda dice: {"of": dice.choice(("job", "group")), "pick": _pick(dice)},
    "sweep": lambda dice: {"of": dice.choice(("job", "group", "expiry", "purge")), "pick": _pick(dice)},
    "settings": lambda dice: {"queue": _queue(dice), "settings": dice.choice(SETTINGS)},
    "pause": lambda dice: {"queue": _queue(dice), "paused": dice.random() < 0.4},
    "purge": lambda dice: {"queue": _queue(dice)},
    "delete_queue": lambda dice: {"queue": _queue(dice)},
    "prune": lambda dice: {
        "what": dice.choice(("jobs", "jobs", "groups", "dead")),
        "age": _age(dice),
        "surplus": dice.choice((0, 0, 2)),
    },
    "drop": lambda dice: {"age": _age(dice)},
    "redrive": lambda dice: {"picks": _picks(dice), "later": dice.choice((0, 0, 2_000))},
    "delete": lambda dice: {"picks": _picks(dice)},
    "update": lambda dice: {
        "picks": _picks(dice),
        "later": dice.choice((None, -1_000, 0, 3_000)),
        "priority": dice.choice((None, 0, 9)),
    },
}
