"""Progress never promises more than was surely submitted."""

from import_worker.flow.view import objects_in
from import_worker.runs.entries import Lane

LANES = [Lane(number=1, resource="a", recent=(5, 5, 2)), Lane(number=1, resource="b", recent=(3,))]


def test_unsettled_chunks_count_as_the_largest_ones():
    assert [objects_in(LANES, chunks) for chunks in range(5)] == [0, 5, 10, 13, 15]


def test_chunks_beyond_the_remembered_ones_count_as_large_as_any():
    assert objects_in(LANES, 6) == 15 + 2 * 5


def test_without_lanes_there_is_nothing():
    assert objects_in([], 3) == 0
