"""Samples spread over a space as evenly as can be: the order of Kennard and Stone, and folds made alike.

Nothing here keeps a distance for each pair of many samples: rows of the matrix are made when they are asked for. This
room is given points; it must not know splitters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Row = Callable[[int], Array]

# Up to so many points all distances are kept: 32 MB at most.
KEPT = 2048
# What rounding may do to a sum of two distances.
_SLACK = 1 + 1e-9


class Space:
    """Points and their distances.

    Parameters
    ----------
    spectra
        Of shape (points, features); their distance is Euclidean.
    targets
        Of shape (points, columns), numbers; None if only spectra count. With targets the distance is that of Galvão et
        al. (2005): the distance of the spectra and that of the targets, each divided by the largest one.
    discrete
        Whether targets are names: the distance of two is 0 if they are equal, else the largest.
    """

    def __init__(self, spectra: Array, targets: Array | None = None, *, discrete: bool = False) -> None:
        self.count = len(spectra)
        self._centre = int(np.argmin(cdist(spectra.mean(axis=0, keepdims=True), spectra)[0]))
        row: Row = lambda at: np.asarray(cdist(spectra[at : at + 1], spectra)[0], dtype=np.float64)  # noqa: E731
        if targets is not None:
            row = self._joint(row, targets, discrete=discrete)
        self._matrix: Array | None = None
        if self.count <= KEPT:
            self._matrix = np.array([row(at) for at in range(self.count)])
        self._row = row

    def row(self, at: int) -> Array:
        """Return the distances of one point to all, of shape (points,)."""
        return self._row(at) if self._matrix is None else self._matrix[at]

    def _joint(self, of_spectra: Row, targets: Array, *, discrete: bool) -> Row:
        def of_targets(at: int) -> Array:
            if discrete:
                return np.asarray((targets != targets[at]).any(axis=1), dtype=np.float64)
            return np.asarray(cdist(targets[at : at + 1], targets)[0], dtype=np.float64)

        largest = [self._largest(of_spectra), self._largest(of_targets)]
        # Where all are equal, no distance counts.
        one, other = (value or 1.0 for value in largest)
        return lambda at: of_spectra(at) / one + of_targets(at) / other

    def _largest(self, row: Row) -> float:
        first, second = self._farthest(row)
        return float(row(first)[second])

    def farthest(self) -> tuple[int, int]:
        """Return the two points that are farthest apart; of several pairs that with the lowest numbers."""
        return self._farthest(self.row)

    def _farthest(self, row: Row) -> tuple[int, int]:
        """Go through the points from the outermost inwards.

        Two points that are still to come are no farther apart than twice the distance of the outer one from the centre.
        """
        radius = row(self._centre)
        best, pair = -1.0, (0, 1)
        for at in np.argsort(-radius, kind="stable").tolist():
            if 2 * radius[at] * _SLACK < best:
                break
            distances = row(at).copy()
            distances[at] = -1.0
            value = float(distances.max())
            if value < best:
                continue
            other = int(distances.argmax())
            found = (min(at, other), max(at, other))
            pair = found if value > best else min(pair, found)
            best = value
        return pair


def kennard_stone(space: Space, count: int) -> Rows:
    """Return the first points in the order of Kennard and Stone (1969).

    The two that are farthest apart come first; then always the one whose nearest neighbour among those chosen is
    farthest away, of several the one with the lowest number.

    Parameters
    ----------
    space
        The points.
    count
        How many: at least 2, at most all.
    """
    chosen = list(space.farthest())
    nearest = np.minimum(space.row(chosen[0]), space.row(chosen[1]))
    nearest[chosen] = -1.0
    while len(chosen) < count:
        following = int(nearest.argmax())
        chosen.append(following)
        nearest = np.minimum(nearest, space.row(following))
        nearest[following] = -1.0
    return np.array(chosen[:count], dtype=np.intp)


def folds(space: Space, count: int) -> Rows:
    """Return for each point its fold: each fold is spread over the space like a choice of Kennard and Stone.

    The rule of DUPLEX (Snee, 1977) for any number of sets: they take turns, and each takes the point whose nearest
    neighbour in it is farthest away. They begin with the points of largest mean distance to all others.

    Parameters
    ----------
    space
        The points.
    count
        How many folds: at least 2, at most as many as points.
    """
    means = np.array([space.row(at).mean() for at in range(space.count)])
    fold = np.full(space.count, -1, dtype=np.intp)
    nearest = np.empty((count, space.count))
    for number, at in enumerate(np.argsort(means, kind="stable")[-count:].tolist()):
        fold[at] = number
        nearest[number] = space.row(at)
    for turn in range(space.count - count):
        number = turn % count
        at = int(np.where(fold < 0, nearest[number], -1.0).argmax())
        fold[at] = number
        nearest[number] = np.minimum(nearest[number], space.row(at))
    return fold
