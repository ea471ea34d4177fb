"""News inside a worker: none is lost, none stays, and nobody waits for what does not come."""

from import_worker.runs.changes import Changes


async def test_news_that_came_before_the_wait_count():
    changes = Changes()
    with changes.watched("a") as news:
        news.taken()
        changes.notify("a")
        assert await news.wait(3600)
        news.taken()
        assert not await news.wait(0)


async def test_each_watcher_of_an_import_is_told_and_no_other():
    changes = Changes()
    with changes.watched("a") as one, changes.watched("a") as two, changes.watched("b") as other:
        changes.notify("a")
        assert (await one.wait(0.0), await two.wait(0.0), await other.wait(0.0)) == (True, True, False)


async def test_stopping_wakes_everyone():
    changes = Changes()
    with changes.watched("a") as one, changes.watched("b") as other:
        changes.stop()
        assert changes.stopped
        assert await one.wait(3600)
        assert await other.wait(3600)


def test_nothing_is_held_when_nobody_watches():
    changes = Changes()
    with changes.watched("a"):
        pass
    changes.notify("a")
    assert vars(changes)["_watchers"] == {}
