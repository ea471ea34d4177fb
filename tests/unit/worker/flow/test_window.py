"""What is remembered of a count of unsettled chunks."""

from import_worker.flow.window import Window
from import_worker.runs.entries import Lane


def lane(chunks: int) -> Lane:
    return Lane(number=1, resource="devices", chunks=chunks)


def test_nothing_is_sure_before_the_first_count() -> None:
    assert not Window().surely_open(1, [lane(0)])


def test_it_is_open_until_as_many_chunks_came_from_all_lanes_as_there_was_room_for() -> None:
    window = Window()
    window.counted(1, [lane(10), lane(5)], 3)
    assert window.surely_open(1, [lane(11), lane(6)])
    assert not window.surely_open(1, [lane(12), lane(6)])


def test_a_full_one_is_never_surely_open() -> None:
    window = Window()
    window.counted(1, [lane(10)], 0)
    assert not window.surely_open(1, [lane(10)])


def test_a_count_holds_for_its_run_only() -> None:
    window = Window()
    window.counted(1, [lane(10)], 8)
    assert not window.surely_open(2, [lane(0)])


def test_a_count_is_forgotten_when_chunks_are_halved() -> None:
    window = Window()
    window.counted(1, [lane(10)], 8)
    window.forget()
    assert not window.surely_open(1, [lane(10)])
