"""Waits grow, and never beyond their bound."""

from import_worker.flow.pace import Growing


def test_waits_that_follow_from_a_span_double():
    pace = Growing(first=1.0, longest=30.0)
    waited, waits = 0.0, []
    while waited < 100:
        waits.append(pace.after(waited))
        waited += waits[-1]
    assert waits == [1, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_wait_may_be_a_share_of_what_was_waited():
    pace = Growing(first=1.0, longest=10.0, share=0.25)
    assert [pace.after(waited) for waited in (0, 4, 20, 100)] == [1, 1, 5, 10]


def test_waits_between_attempts_double():
    pace = Growing(first=1.0, longest=60.0)
    assert [pace.attempt(number) for number in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, 60]
