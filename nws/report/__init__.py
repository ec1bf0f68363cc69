"""What people look at: pictures of pipelines and runs, cards of models, reports of runs, datasets and workspaces.

Nothing here is part of a record; all of it can be made again. This room must not know argv or terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nws.report.of_dataset import report_dataset
    from nws.report.of_run import report_run
    from nws.report.of_workspace import report_global

__all__ = ["report_dataset", "report_global", "report_run"]
_PLACES = {"report_dataset": "of_dataset", "report_global": "of_workspace", "report_run": "of_run"}


def __getattr__(name: str) -> object:
    """Load a report when it is first asked for."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(f"nws.report.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
