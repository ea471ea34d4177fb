"""What always holds, said of what is in the file, without the model's help: each rule has its name."""

from queue_service.domain.ids import completion_job_id
from tests.faults.broker.simulation.ledger import insist


def check_turn(before, after, steps, model):
    """After one turn."""
    for rule in RULES:
        rule(before, after, steps, model)


def counts_are_rows_and_what_was_final(before, after, steps, model):
    """A job's events are its rows that are not final and what it counted; rows of dead letters are among the counts."""
    for job_id, (events, success, failed, cancelled, *_) in after["job"].items():
        rows = [after["event"].get(event.number, ("GONE",))[0] for event in model.jobs[job_id].events if event.number]
        live = rows.count("PENDING") + rows.count("LEASED")
        insist(live + success + failed + cancelled == events, "counts", job_id, rows)
        insist(rows.count("FAILED") <= failed, "counts of dead letters", job_id, rows)


def queues_count_their_rows(before, after, steps, model):
    states = [state for state, *_ in after["event"].values()]
    for position, state in enumerate(("PENDING", "LEASED", "FAILED"), 4):
        insist(sum(queue[position] for queue in after["queue"].values()) == states.count(state), "queue counts", state)


def attempts_only_grow(before, after, steps, model):
    for number, (_, _, _, attempt, *_) in after["event"].items():
        old = before["event"].get(number)
        insist(old is None or attempt >= old[3], "attempts only grow", number)


def what_ended_stays_ended(before, after, steps, model):
    """But for what operators redrive."""
    redriven = {number for step in steps if step.name == "redrive" for number in step.arguments["numbers"]}
    for number in before["event"].keys() & after["event"].keys() - redriven:
        if before["event"][number][0] == "FAILED":
            insist(before["event"][number] == after["event"][number], "dead letters stay", number)
    gone = [
        number for number in after["event"].keys() - before["event"].keys() if number <= max(before["event"], default=0)
    ]
    insist(not gone, "what was settled comes back", gone)


def stale_leases_change_nothing(before, after, steps, model):
    answers = {
        "settle": lambda answer: all(status != "OK" for status, *_ in answer),
        "extend": lambda answer: answer[0] is None,
    }
    if all(step.name in answers and step.answer and answers[step.name](step.answer) for step in steps):
        insist(before == after, "stale leases change nothing", steps)


def limits_are_kept(before, after, steps, model):
    """Lowering a limit revokes nothing, so a turn that pushes is left to the model, which sees its steps one by one."""
    if any(step.made for step in steps):
        return
    for key, (slots, _, leased, _) in after["concurrency_key"].items():
        old = before["concurrency_key"].get(key, (0, 0, 0))[2]
        insist(leased <= max(slots, old), "concurrency limits are never exceeded", key)


def on_complete_once_and_after_the_seal(before, after, steps, model):
    for group_id, (state, *_) in after["job_group"].items():
        pushed = completion_job_id(group_id) in after["job"]
        insist(state == "COMPLETE" or not pushed, "on_complete before the end", group_id)
        insist(
            pushed or state != "COMPLETE" or not model.groups[group_id].then or model.pruned, "on_complete", group_id
        )


RULES = (
    counts_are_rows_and_what_was_final,
    queues_count_their_rows,
    attempts_only_grow,
    what_ended_stays_ended,
    stale_leases_change_nothing,
    limits_are_kept,
    on_complete_once_and_after_the_seal,
)
