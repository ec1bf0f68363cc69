"""The executor for this machine: worker processes, or this process when one is enough.

It runs tasks and hands back outcomes; it must not know where they are published, nor of other executors.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections import deque
from typing import TYPE_CHECKING

from nws.dataset import load
from nws.engine.bundles import relatives
from nws.engine.samples import remember
from nws.engine.sharing import Shared, share
from nws.engine.tasks import Outcome
from nws.engine.warming import MANY, PRELOADED, SHORT, SMALL, Warming, server, volume
from nws.ids import ObjectId
from nws.records import now, timestamp
from nws.run import FAILED
from nws.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor
    from pathlib import Path

    from threadpoolctl import ThreadpoolController

    from nws.dataset import Dataset
    from nws.engine.tasks import Task

ATTEMPTS = 3
LARGEST_CHUNK = 16
CHUNK_SECONDS = 0.25
# Of chunks that wait for a worker, by worker: enough to keep it busy while a batch is published.
AHEAD = 2


def usable_cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalExecutor:
    """Runs tasks in processes of this machine.

    Parameters
    ----------
    store
        Where workers read datasets and put artifacts.
    jobs
        How many processes; 1 runs everything in this one.
    """

    def __init__(self, store: ObjectStore, *, jobs: int) -> None:
        self._store = store
        self._jobs = jobs
        self._warming: Warming | None = None

    def _warm(self) -> Warming:
        if self._warming is None:
            self._warming = Warming(server())
        return self._warming

    def map(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run every task and yield outcomes as they come, in no promised order."""
        waiting = deque(relatives(tasks))
        if self._jobs == 1 or (len(tasks) < 2 and _is_tame(tasks)):
            yield from self._here(waiting)
            return
        datasets = _datasets(tasks, self._store)
        volumes = [(volume(family[0], datasets[family[0].dataset_id]), len(family)) for family in waiting]
        if sum(values * count for values, count in volumes) >= MANY:
            self._warm()
        if max(volumes)[0] <= SMALL:
            yield from self._here(waiting, until_worthwhile=True)
        if not waiting:
            return
        context = self._warm().context
        suspects: list[Task] = []
        # Held where workers can use them without a copy of their own.
        held = [found for item in datasets.items() if (found := share(*item, context)) is not None]
        del datasets
        while waiting:
            yield from self._run(waiting, suspects, held, workers=self._jobs)
            # Which of the tasks in hand killed its worker is not known: each is tried again with no other beside it.
            while suspects:
                yield from self._alone(suspects.pop(0), held)

    def _here(self, waiting: deque[list[Task]], *, until_worthwhile: bool = False) -> Iterator[Outcome]:
        """Run tasks in this process: all, or until there is enough left for workers, and they are ready."""
        size = 1
        while waiting:
            outcomes = []
            for outcome in _in_this_process(_chunk(waiting, size), self._store):
                outcomes.append(outcome)
                yield outcome
            size = _chunk_size(outcomes)
            left = _pace(outcomes) * sum(map(len, waiting))
            if until_worthwhile and left >= SHORT and not self._warm().goes_on():
                return

    def _alone(self, task: Task, held: list[Shared]) -> Iterator[Outcome]:
        for _ in range(ATTEMPTS - 1):
            lost: list[Task] = []
            yield from self._run(deque([[task]]), lost, held, workers=1)
            if not lost:
                return
        yield _worker_died(task)

    def _run(
        self, waiting: deque[list[Task]], lost: list[Task], held: list[Shared], *, workers: int
    ) -> Iterator[Outcome]:
        """Run tasks in one pool until all are done or a worker dies; then the tasks in hand are added to `lost`."""
        from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
        from concurrent.futures.process import BrokenProcessPool

        start = (self._store.root, held)
        context = self._warm().context
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=start)
        running: dict[Future[list[Outcome]], list[Task]] = {}
        size = 1
        # All that is in hand when a worker dies is under suspicion, so of tasks that may kill one there is little.
        most = (1 + AHEAD) * workers if all(map(_is_tame, waiting)) else 1 + workers
        try:
            while running or (waiting and not lost):
                while waiting and not lost and len(running) < most:
                    chunk = _chunk(waiting, size)
                    with _undisturbed():
                        running[pool.submit(_work, chunk)] = chunk
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    chunk = running.pop(future)
                    try:
                        outcomes = future.result()
                    except BrokenProcessPool:
                        lost += chunk
                    else:
                        yield from outcomes
                        # The last ones are given out in small portions, so that all workers come to their end together.
                        left = sum(len(family) for family in waiting)
                        size = min(_chunk_size(outcomes), max(1, left // (2 * workers)))
        except BrokenProcessPool:
            # A submit can meet the broken pool first; nothing of that chunk was begun, but the rest was in hand.
            lost += [task for chunk in running.values() for task in chunk] + chunk
        except (KeyboardInterrupt, GeneratorExit):
            _stop(pool)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _chunk(waiting: deque[list[Task]], size: int) -> list[Task]:
    """Take tasks from the front until there are so many; those that share fits stay together."""
    chunk: list[Task] = []
    while waiting and len(chunk) < size:
        chunk += waiting.popleft()
    return chunk


def _chunk_size(outcomes: Sequence[Outcome]) -> int:
    """Return how many tasks to give to a worker at once: what is done in a moment, for all of it is lost by a kill."""
    return max(1, min(LARGEST_CHUNK, int(CHUNK_SECONDS / max(_pace(outcomes), 1e-3))))


def _pace(outcomes: Sequence[Outcome]) -> float:
    """Return the seconds that a task took on average."""
    return sum(outcome.duration_seconds for outcome in outcomes) / len(outcomes)


def _datasets(tasks: Sequence[Task], store: ObjectStore) -> dict[str, Dataset]:
    names = {task.dataset_id: task.dataset_name for task in tasks}
    return {oid: load(store, ObjectId(oid), name=name) for oid, name in names.items()}


def _is_tame(tasks: Sequence[Task]) -> bool:
    """Say whether all classes are of packages that do not end their process."""
    from nws.engine.chain import is_library

    return all(is_library(step) for task in tasks for step in task.config.steps)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM while a worker is started: one that is half made could not be stopped."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # noqa: SLF001 -- 3.14 has terminate_workers; until then
        process.terminate()


def _begin(root: Path, held: list[Shared]) -> None:
    """Set up a worker: Ctrl-C is for the driver, and a worker goes when its driver is gone."""
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What compiled code prints is no data either.
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    threading.Thread(target=_leave_with_driver, daemon=True).start()
    global _worker_store  # noqa: PLW0603 -- a worker process has one store, given to it once at its start
    _worker_store = ObjectStore(root)
    for item in held:
        remember(_worker_store, item.dataset_id, item.dataset())


def _leave_with_driver() -> None:
    # A killed driver closes nothing that its workers would notice: they hold both ends of their queue.
    from multiprocessing import connection, parent_process

    driver = parent_process()
    if driver is not None:
        connection.wait([driver.sentinel])
        os._exit(1)


_worker_store: ObjectStore | None = None


def _work(tasks: list[Task]) -> list[Outcome]:
    assert _worker_store is not None
    return list(_in_this_process(tasks, _worker_store))


def _in_this_process(tasks: Sequence[Task], store: ObjectStore) -> Iterator[Outcome]:
    from importlib import import_module

    from nws.engine.fit import fit
    from nws.engine.instances import preload

    for name in PRELOADED:
        import_module(name)
    preload(step.path for task in tasks for step in task.config.steps)
    # One thread, however many workers there are: the last bits of a sum depend on the number of threads, and records
    # must not. The libraries have to be loaded before they can be limited.
    with _libraries(len(sys.modules)).limit(limits=1):
        yield from fit(tasks, store)


@functools.lru_cache(maxsize=1)
def _libraries(_loaded: int) -> ThreadpoolController:
    """Return what limits the threads of the libraries that are loaded; to look for them takes as long as a fit."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _worker_died(task: Task) -> Outcome:
    moment = timestamp(now())
    message = f"the worker process died {ATTEMPTS} times (out of memory, or a crash in a compiled library)"
    return Outcome(
        task=task,
        status=FAILED,
        created_at=moment,
        completed_at=moment,
        duration_seconds=0.0,
        steps=[],
        error={"step": None, "type": "WorkerDied", "message": message},
    )
