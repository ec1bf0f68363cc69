"""How pictures look: colours that colour-blind people tell apart, sizes that print, and the same bytes each time.

This room must not know what a picture shows.

Notes
-----
The palette is that of Okabe and Ito (Color Universal Design, 2008); maps of values are `cividis` (Nuñez, Anderton and
Renslow, PLoS ONE 13 (2018) e0199239), which grey print keeps in order. What colours tell apart, markers do too.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import re
import textwrap
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

PNG, SVG = "png", "svg"
DPI = 150
SIZE = (6.0, 4.5)
BLACK, GREY, LIGHT = "#000000", "#666666", "#d0d0d0"
SKY, BLUE, VERMILION, GREEN = "#56b4e9", "#0072b2", "#d55e00", "#009e73"
ORANGE, PURPLE, YELLOW = "#e69f00", "#cc79a7", "#f0e442"
PALETTE = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, BLACK)
MAP = "cividis"
# On white its yellow end cannot be seen as a line.
_SEEN = 0.88
# In an SVG file more than this many points are drawn as an image, which stays small.
MANY = 2000
_SMALL = 8.0
# Height in inches of a line of text over or under a picture.
_LINE = 0.19
_SETTINGS: dict[str, Any] = {
    "font.size": 9.0,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": _SMALL,
    "ytick.labelsize": _SMALL,
    "legend.fontsize": _SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    # Names that people give may hold a dollar sign.
    "text.parse_math": False,
    "svg.fonttype": "none",
}
_NOT_REFERRED_TO = re.compile(rb' id="[a-z]\w*_\d+"')


@dataclass(frozen=True)
class Look:
    """How the predictions of one partition are drawn."""

    colour: str
    marker: str
    filled: bool


LOOKS = {
    "train": Look(SKY, "o", filled=False),
    "val": Look(BLUE, "s", filled=True),
    "test": Look(VERMILION, "^", filled=True),
}


def needed() -> None:
    """Load what draws.

    Raises
    ------
    UsageError
        If it cannot be loaded, with the command that installs it again.
    """
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401 -- only whether it can be loaded
    except Exception as err:  # what was built for another version can fail in any way
        raise UsageError(
            f"pictures need matplotlib, which cannot be loaded: {str(err).partition(chr(10))[0] or type(err).__name__}",
            hint="pip install --force-reinstall matplotlib",
        ) from err


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """Draw in this style while in it, whatever the settings of the process are; these are as before afterwards."""
    import matplotlib as mpl

    settings: dict[Any, Any] = dict(mpl.rcParamsDefault)
    settings = {name: value for name, value in settings.items() if not name.startswith("backend")} | _SETTINGS
    with warnings.catch_warnings(), mpl.rc_context():
        # What steps warn of was told when they ran; a sign that no font here has is drawn as an empty box.
        for kind in (UserWarning, RuntimeWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        mpl.rcParams.update(settings)
        yield


def sheet(width: float = SIZE[0], height: float = SIZE[1], *, title: str = "", foot: str = "") -> Figure:
    """Return an empty figure, whose size is in inches, with a line over it and one under it."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    top = _LINE / height if title else 0.0
    bottom = _LINE / height if foot else 0.0
    layout = ConstrainedLayoutEngine(rect=(0.0, bottom, 1.0, 1.0 - top - bottom))
    figure = Figure(figsize=(width, height), layout=layout)
    # By hand: the layout centres what it places, and so cuts off what is long.
    figure.text(0.01, 1 - 0.25 * top, title, ha="left", va="top", fontsize=_SMALL, color=GREY)
    figure.text(0.99, 0.25 * bottom, foot, ha="right", va="bottom", fontsize=_SMALL, color=GREY)
    return figure


def encode(figure: Figure, form: str, *, name: str) -> bytes:
    """Return a figure as a file: equal figures of one name give equal bytes.

    Parameters
    ----------
    figure
        What is drawn.
    form
        `png` or `svg`. An SVG file keeps its text as text.
    name
        From which ids within an SVG file are made, so that those of two pictures on one page differ.
    """
    import matplotlib as mpl

    target = io.BytesIO()
    if form == PNG:
        figure.savefig(target, format=PNG, metadata={"Software": None})
        return target.getvalue()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(target, format=SVG, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    # What comes before names a file on the network, and keeps the picture from being put into a page.
    _, start, rest = target.getvalue().partition(b"<svg")
    return start + _NOT_REFERRED_TO.sub(b"", rest)


def check_form(form: str) -> None:
    """Refuse a form that no picture has.

    Raises
    ------
    UsageError
        Unless it is `png` or `svg`.
    """
    if form not in {PNG, SVG}:
        raise UsageError(f"pictures have no form {form!r}", hint="png or svg")


def plain(text: object, limit: int = 60) -> str:
    """Return a name as one line that can be printed, its middle left out if it is too long."""
    line = "".join(sign if sign.isprintable() else " " for sign in str(text)).strip()
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return f"{line[:head].rstrip()}…{line[head + 1 - limit :].lstrip()}"


def wrapped(text: str, width: int, lines: int = 2) -> str:
    """Return a text in at most so many lines of so many characters, its middle left out if it is too long."""
    return "\n".join(textwrap.wrap(plain(text, width * lines - lines), width, max_lines=lines, placeholder="…"))


def words(name: str, width: int) -> str:
    """Return the name of a class in lines of so many characters, broken where a word of it begins."""
    lines = [""]
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+", plain(name, 3 * width)):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


_SHORT = {
    "StandardNormalVariate": "SNV",
    "RobustNormalVariate": "RNV",
    "MultiplicativeScatterCorrection": "MSC",
    "ExtendedMultiplicativeScatterCorrection": "EMSC",
    "SavitzkyGolayFilter": "SG smooth",
    "SavitzkyGolay": "SG",
    "PLSRegression": "PLS",
    "window_length=": "w=",
    "window_size=": "w=",
    "polyorder=": "p=",
    "polynomial_order=": "p=",
    "derivate_order=": "d=",
    "deriv=": "d=",
    "n_components=": "k=",
}


_EXACT = re.compile(r"\d+\.\d{5,}(?:e-?\d+)?")


def short(text: str) -> str:
    """Return a chain of steps with the short names that spectroscopists give them: `SNV > SG(d=1, p=2, w=7)`."""
    for long, word in _SHORT.items():
        text = re.sub(rf"\b{long}", word, text)
    return _EXACT.sub(lambda found: f"{float(found[0]):.4g}", text)


def number(value: Any, *, like: float | None = None) -> str:
    """Return a figure in three digits, a dash where there is none.

    Parameters
    ----------
    value
        The figure.
    like
        Another one, whose decimals it gets: a bias has those of its RMSE.
    """
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"  # noqa: RUF001 -- what tables have where there is nothing
    scale = abs(value if like is None or not math.isfinite(like) or not like else like)
    if not scale:
        return "0"
    if not 1e-4 <= scale < 1e7:
        return f"{value:.2e}"
    text = f"{value:.{max(0, 2 - math.floor(math.log10(scale)))}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text.replace("-", "−")  # noqa: RUF001 -- as on axes


def limits(values: Sequence[float], room: float = 0.05) -> tuple[float, float]:
    """Return the ends of an axis on which all of some values are, with some room beside them."""
    low, high = min(values), max(values)
    space = (high - low) * room or abs(high) * room or 1.0
    return low - space, high + space


def logarithmic(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, with plain numbers on it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if which == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 1000 else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def file_part(name: str) -> str:
    """Return a name as part of that of a file."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_.")[:60] or "target"


@functools.cache
def scale() -> Colormap:
    """Return the map of values whose colours can all be seen as lines on white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    whole = colormaps[MAP]
    return ListedColormap([whole(_SEEN * place / 255) for place in range(256)])


def level(axes: Axes, *, at: float) -> None:
    """Draw a thin line at a height."""
    axes.axhline(at, color=GREY, linewidth=0.8, zorder=1)
