"""Settings of a workspace: `nws.toml`, checked and merged with what the caller sets.

This room is given text and mappings; it must not read the environment or any file by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from nws.errors import BadInput, NewerFormat
from nws.ids import closest

FORMAT = 1
TEMPLATE = f"""\
# This file marks an nws workspace.
format = {FORMAT}

[trust]
# Python packages, besides scikit-learn, chemotools and nws, whose classes pipelines may use.
# Naming one here lets pipeline configs import it, which runs its code.
packages = []
"""


class Settings(NamedTuple):
    """What `nws.toml` says.

    `trusted_packages` are the top-level packages whose classes a pipeline config may name.
    """

    format: int = FORMAT
    trusted_packages: tuple[str, ...] = ()


def read(text: str, *, where: str) -> Settings:
    """Read the text of an `nws.toml`.

    Raises
    ------
    BadInput
        If it is not TOML, or a known setting has the wrong form.
    NewerFormat
        If the workspace has a newer format.
    """
    import tomllib

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise BadInput(f"{where}: {err}", hint=f"a workspace needs at least: format = {FORMAT}") from err
    version = given.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadInput(f"{where}: format = {version!r} is not a format number", hint=f"write: format = {FORMAT}")
    if version > FORMAT:
        raise NewerFormat(
            f"{where}: workspace format {version}; this nws reads format {FORMAT}",
            hint="upgrade nws: pip install -U nws",
        )
    _refuse_unknown(given, {"format", "trust"}, where)
    return Settings(format=version, trusted_packages=_trusted(given.get("trust", {}), where))


def _trusted(table: Any, where: str) -> tuple[str, ...]:
    if not isinstance(table, dict):
        raise BadInput(f"{where}: trust is not a table", hint="write: [trust] and below it packages = []")
    _refuse_unknown(table, {"packages"}, f"{where}: [trust]")
    packages = table.get("packages", [])
    if not isinstance(packages, list) or not all(isinstance(name, str) and name.isidentifier() for name in packages):
        raise BadInput(
            f"{where}: [trust] packages = {packages!r}", hint='a list of top-level packages: packages = ["xgboost"]'
        )
    return tuple(packages)


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = closest(key, known)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise BadInput(f"{where}: unknown setting {key!r}", hint=hint)
