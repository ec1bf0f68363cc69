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

[catalog]
# Whether `nws run` ends with a permanent copy of its best predictions, in catalog/archives/best_predictions.
archive_best = true
"""


class Settings(NamedTuple):
    """What `nws.toml` says.

    `trusted_packages` are the top-level packages whose classes a pipeline config may name; `distrusted_packages` are
    those that it names though it belongs to another user; `archive_best` is whether a run ends with a permanent copy of
    its best predictions.
    """

    format: int = FORMAT
    trusted_packages: tuple[str, ...] = ()
    archive_best: bool = True
    distrusted_packages: tuple[str, ...] = ()

    def without_trust(self) -> Settings:
        """Return the settings as they count for a user who does not trust whoever wrote them."""
        return self._replace(trusted_packages=(), distrusted_packages=self.trusted_packages)


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
        raise NewerFormat(f"{where}: workspace format {version}; this nws reads format {FORMAT}")
    _refuse_unknown(given, {"format", "trust", "catalog"}, where)
    return Settings(
        format=version,
        trusted_packages=_trusted(_table(given, "trust", {"packages"}, where), where),
        archive_best=_archive_best(_table(given, "catalog", {"archive_best"}, where), where),
    )


def _table(given: dict[str, Any], name: str, known: set[str], where: str) -> dict[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise BadInput(f"{where}: {name} is not a table", hint=f"write: [{name}] and its settings in the lines below")
    _refuse_unknown(table, known, f"{where}: [{name}]")
    return table


def _trusted(table: dict[str, Any], where: str) -> tuple[str, ...]:
    packages = table.get("packages", [])
    if not isinstance(packages, list) or not all(isinstance(name, str) and name.isidentifier() for name in packages):
        raise BadInput(
            f"{where}: [trust] packages = {packages!r}", hint='a list of top-level packages: packages = ["xgboost"]'
        )
    return tuple(packages)


def _archive_best(table: dict[str, Any], where: str) -> bool:
    wanted = table.get("archive_best", True)
    if not isinstance(wanted, bool):
        raise BadInput(f"{where}: [catalog] archive_best = {wanted!r}", hint="write: archive_best = true, or false")
    return wanted


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = closest(key, known)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise BadInput(f"{where}: unknown setting {key!r}", hint=hint)
