"""Running ahead in a thread: same items, same errors, nothing left running."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcolor.pipeline.ahead import Ahead, ahead


@given(st.lists(st.integers()), st.integers(1, 5))
def test_the_same_items_in_the_same_order(items, depth):
    assert list(ahead(items, depth)) == items


def test_an_error_comes_after_the_items_before_it():
    def failing():
        yield 1
        yield 2
        raise OSError("the disk is gone")

    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(ahead(failing(), 1))
    stage = ahead(failing(), 1)
    assert [next(stage), next(stage)] == [1, 2]
    stage.close()


def test_a_consumer_that_stops_early_ends_the_thread_and_closes_the_stage():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = set(threading.enumerate())
    stage = ahead(endless(), 2)
    next(stage)
    stage.close()
    assert closed.is_set()
    assert set(threading.enumerate()) <= before


def test_no_more_than_the_depth_waits():
    made = []

    def counted():
        for number in range(100):
            made.append(number)
            yield number

    stage = ahead(counted(), 3)
    next(stage)
    threading.Event().wait(0.3)
    assert len(made) <= 6
    stage.close()


def test_ahead_begins_at_once_and_can_be_closed_untouched():
    begun = threading.Event()

    def stage():
        begun.set()
        yield from range(100)

    running = Ahead(stage(), 2)
    assert begun.wait(10)
    assert list(running) == list(range(100))
    running.close()
    before = threading.active_count()
    Ahead(stage(), 2).close()
    assert threading.active_count() == before
