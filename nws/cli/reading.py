"""How files of spectra are to be read: the options that all commands share that read some.

This room reads options; it must not open any file.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

if TYPE_CHECKING:
    from nws.dataset import ReadOptions


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Reading:
    """How files are to be read, where that is not to be found out.

    Parameters
    ----------
    target
        Column to predict; may be given several times.
    id
        Column of sample ids.
    partition
        Column that says train, val or test (or true and false).
    group
        Column whose equal values mean repeated scans of one sample, which no split separates.
    metadata
        Column to keep beside the predictions; may be given several times.
    task
        regression or classification; found out from the values if not given.
    test_rows
        Rows of the test partition, from 1: 51-60, or 1,5,51-60.
    delimiter
        comma, semicolon, tab or pipe.
    decimal
        Decimal mark: point or comma.
    header
        Whether the first line holds names: yes, no or auto.
    unit
        What the axis is in: nm, cm-1 or index; found out from the header if not given.
    sheet
        Sheet of a workbook that holds the data.
    """

    target: list[str] | None = None
    id: str | None = None
    partition: str | None = None
    group: str | None = None
    metadata: list[str] | None = None
    task: str | None = None
    test_rows: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: str = "auto"
    unit: str | None = None
    sheet: str | None = None

    def options(self) -> "ReadOptions":
        """Return them as the room below takes them."""
        from nws.dataset import ReadOptions

        given = asdict(self)
        return ReadOptions(**given | {"target": tuple(self.target or ()), "metadata": tuple(self.metadata or ())})


AS_FOUND = Reading()
