"""Orders in which two actors may make their calls of the system, and playing one of them."""

import itertools
import os
import threading

import stage

from nws import fsio
from nws.store import opening


def stop_at_times(monkeypatch):
    """Have actors stop before the two calls of a writer that name no file, too, and wait for no disk."""

    def before(function, event):
        def stopping(*words):
            actor = stage._actors.get(threading.get_ident())
            if actor is not None:
                actor.stop(event)
            return function(*words)

        return stopping

    # Here names come and go in order; `test_store_crash.py` looks at what reaches the disk.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(fsio, "freshen", before(os.utime, "utime"))
    monkeypatch.setattr(opening, "has_lost_its_name", before(opening.has_lost_its_name, "fstat"))


def orders(first, second):
    """Yield every way to do so many calls of actor 0 and so many of actor 1: who makes each of them."""
    for places in itertools.combinations(range(first + second), first):
        yield [0 if place in places else 1 for place in range(first + second)]


def turns(first, second, *, step=1):
    """Yield the orders in which actor 0 is interrupted twice: so many as can be gone through where calls are many."""
    for before in range(first + 1):
        for inside in range(second + 1):
            for again in range(0, first + 1 - before, step):
                yield [0] * before + [1] * inside + [0] * again + [1] * (second - inside)


def in_order(folder, works, order):
    """Let two actors make their calls in this order, then what they have left, and return what they returned."""
    actors = [stage.Actor(work, folder) for work in works]
    for actor in actors:
        # The first stop is before the first call.
        actor.advance(1)
    for who in order:
        actors[who].advance(1)
    for actor in actors:
        actor.advance(None)
    for actor in actors:
        if actor.error is not None:
            raise actor.error
    return [actor.result for actor in actors]


def calls(folder, work):
    """Return how many calls some work makes."""
    (actor,) = stage.play(folder, [work], [(0, None)])
    return len(actor.calls) - 1
