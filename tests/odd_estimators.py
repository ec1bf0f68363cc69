"""Estimators that do what estimators of other packages may do: fail, warn, write to what they are given."""

import os
import random
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin


class Unlike(BaseException):
    """Not an Exception, and it cannot even say what it is."""

    def __str__(self):
        raise RuntimeError("no words")


def misbehave(how):
    """Do what reaches beyond the fit."""
    if how == "exit":
        sys.exit(0)
    if how == "unlike":
        raise Unlike
    if how == "half":
        raise ValueError("no such file: \udce9.csv" + " x" * 10_000)
    if how == "print":
        print("fitting")
    if how == "print as compiled code":
        os.write(1, b"fitting\n")


class Odd(RegressorMixin, BaseEstimator):
    """A regressor that misbehaves in the way it is told."""

    def __init__(self, how="nan"):
        self.how = how

    def fit(self, X, y):
        if self.how == "raise":
            raise ArithmeticError("the matrix\n  is not what it was")
        if self.how == "interrupt":
            raise KeyboardInterrupt
        misbehave(self.how)
        if self.how == "warn":
            for _ in range(3):
                warnings.warn("did not\nconverge", UserWarning, stacklevel=2)
            warnings.warn("old", DeprecationWarning, stacklevel=2)
        self.mean_ = float(np.mean(y))
        self.chance_ = (random.random(), float(np.random.random()))  # noqa: NPY002 -- the shared one is meant
        if self.how == "closure":
            self.function_ = lambda: None
        return self

    def predict(self, X):
        said = np.full(len(X), self.mean_)
        if self.how == "nan":
            said[0] = np.nan
        if self.how == "two":
            said = np.column_stack([said, said])
        if self.how == "chance":
            said = said + self.chance_[0] + self.chance_[1]
        return said


class Deadly(Odd):
    """A regressor that ends its process as compiled code can: each time, or until the file `once` is there."""

    def __init__(self, how="exit", once=None):
        super().__init__(how)
        self.once = once

    def fit(self, X, y):
        if self.once is not None and Path(self.once).exists():
            self.mean_ = 0.0
            return self
        if self.once is not None:
            Path(self.once).touch()
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)


class Overwrites(TransformerMixin, BaseEstimator):
    """Transforms in place, which scikit-learn's own transformers do only when asked."""

    def fit(self, X, y=None):
        self.largest_ = float(np.abs(X).max())
        return self

    def transform(self, X):
        X /= self.largest_
        return X


class Warner(TransformerMixin, BaseEstimator):
    """Warns while it is fitted."""

    def fit(self, X, y=None):
        warnings.warn("flat spectra", UserWarning, stacklevel=2)
        self.fitted_ = True
        return self

    def transform(self, X):
        return X
