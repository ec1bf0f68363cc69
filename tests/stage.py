"""Threads that run one at a time and stop before every call that touches a folder, so that a test can say who goes on.

A schedule is a list of (actor, calls): let that actor make so many calls, or None for all that it makes. What is left
over in the end is run in the order of the actors. The same schedule always gives the same interleaving.
"""

import sys
import threading

EVENTS = {"open", "os.listdir", "os.scandir", "os.link", "os.remove", "os.rename", "os.mkdir"}
_actors = {}


def _hook(event, words):
    if event in EVENTS:
        actor = _actors.get(threading.get_ident())
        if actor is not None and any(actor.folder in str(word) for word in words[:2]):
            actor.stop(event)


sys.addaudithook(_hook)


class Actor:
    """One thread of a play: it runs only while it is let."""

    def __init__(self, work, folder):
        self.folder = str(folder)
        self.calls = []
        self.result = self.error = None
        self.done = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def _run(self, work):
        _actors[threading.get_ident()] = self
        try:
            self.stop("start")
            self.result = work()
        except BaseException as err:
            self.error = err
        finally:
            del _actors[threading.get_ident()]
            self.done = True
            self._stopped.release()

    def stop(self, event):
        self.calls.append(event)
        self._stopped.release()
        self._go.acquire()

    def advance(self, calls):
        """Let it make so many calls; return False if it came to its end before."""
        while calls is None or calls > 0:
            if self.done:
                return False
            self._go.release()
            self._stopped.acquire()
            calls = None if calls is None else calls - 1
        return not self.done


def play(folder, works, schedule):
    """Run a schedule and return the actors, each at its end.

    Returns None if an actor came to its end before the calls that the schedule gives it.
    """
    actors = [Actor(work, folder) for work in works]
    # The first stop is before the first call.
    whole = all(actors[who].advance(None if calls is None else calls + 1) or calls is None for who, calls in schedule)
    for actor in actors:
        actor.advance(None)
    for actor in actors:
        if actor.error is not None:
            raise actor.error
    return actors if whole else None
