"""One call of nws: where its workspace is, and how it speaks. The only reader of the environment.

Commands are handed a `Session`; they must not look at argv, environment or current folder themselves.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from nws.cli.output import Output
from nws.errors import UsageError

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.engine.request import Provenance
    from nws.pipeline import Pipeline
    from nws.trusted import Trusted

VARIABLE = "NWS_WORKSPACE"
FOLDER = ("-C", "--workspace")
FLAGS = {"--json": "json", "--quiet": "quiet", "--verbose": "verbose", "--no-progress": "no_progress"}


class Options(NamedTuple):
    """The global options, which stand before or after the command."""

    workspace: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_progress: bool = False

    def output(self) -> Output:
        """Return how to speak."""
        return Output(
            json_lines=self.json, quiet=self.quiet, verbose=self.verbose, progress=not (self.no_progress or self.json)
        )


def read_options(argv: list[str]) -> tuple[Options, list[str]]:
    """Take the global options out of the words of a call.

    They are taken here, in one walk, and not by a parser around the parser: that one took a tenth of every start.

    Returns
    -------
    Options
        What was given.
    list of str
        The other words. Everything after `--` is among them.

    Raises
    ------
    UsageError
        If `-C` names no folder.
    """
    given: dict[str, Any] = {}
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            return Options(**given), [*rest, word, *words]
        if word in FLAGS:
            given[FLAGS[word]] = True
        elif name in FOLDER:
            given["workspace"] = value if equals else next(words, "")
            if not given["workspace"]:
                raise UsageError(f"{name} names no folder", hint=f"{name} DIR")
        else:
            rest.append(word)
    return Options(**given), rest


class Session:
    """What the global options and the environment say.

    Parameters
    ----------
    options
        The global options.
    command
        The words of the call, for the provenance of runs.
    """

    def __init__(self, options: Options, command: list[str]) -> None:
        self.folder = Path(options.workspace) if options.workspace else None
        self.output = options.output()
        self.command = command

    @property
    def json(self) -> bool:
        """Whether JSON lines are asked for."""
        return self.output.json_lines

    def workspace(self) -> "Workspace":
        """Open the workspace: `-C`, else `NWS_WORKSPACE`, else the nearest parent folder with `nws.toml`.

        Raises
        ------
        NoWorkspace
            If there is none.
        """
        from nws.api import Workspace

        named = self.named_folder()
        found = Workspace.open(named) if named else Workspace.find(Path.cwd())
        if not found.settings.distrusted_packages:
            return found
        if self.trusted().has(found.root):
            return Workspace.open(found.root, trust=True)
        packages = ", ".join(found.settings.distrusted_packages)
        self.output.warn(
            f"nws.toml belongs to another user, and its trust in {packages} does not count: "
            f"`nws config trust add {found.root}`, if you trust whoever wrote it"
        )
        return found

    def named_folder(self) -> Path | None:
        """Return the folder that `-C` or `NWS_WORKSPACE` names, if any."""
        if self.folder is not None:
            return self.folder
        named = os.environ.get(VARIABLE)
        return Path(named) if named else None

    def new_folder(self, path: Path | None) -> Path:
        """Return where a new workspace is to be: the argument, what is named, or the current folder."""
        return path or self.named_folder() or Path.cwd()

    def resolve(self, workspace: "Workspace", text: str) -> "Pipeline":
        """Return the pipeline that a REF names; a REF that is a folder here stands for the view it is."""
        return workspace.resolve(self.ref(workspace, text))

    def record(self, workspace: "Workspace", text: str) -> str:
        """Return the record of the pipeline that a REF names, of a deleted one too."""
        return workspace.record(self.ref(workspace, text))

    def remembered(self, workspace: "Workspace", text: str) -> dict[str, Any]:
        """Return the row of the index of the pipeline that a REF names, of a deleted one too."""
        return workspace.remembered(self.ref(workspace, text))

    @staticmethod
    def ref(workspace: "Workspace", text: str) -> str:
        """Return a REF; a folder here that is a view is given by its run and name."""
        path = Path(text)
        if (path / "pipeline.json").is_file() and path.resolve().is_relative_to(workspace.runs.folder.resolve()):
            return path.resolve().relative_to(workspace.runs.folder.resolve()).as_posix()
        return text

    def trusted(self) -> "Trusted":
        """Return the paths that this person trusts: `nws/trusted.json` in the folder of settings of the user."""
        from nws.trusted import Trusted

        named = os.environ.get("XDG_CONFIG_HOME")
        return Trusted((Path(named) if named else Path.home() / ".config") / "nws" / "trusted.json")

    def trusts(self, workspace: "Workspace", pipeline: "Pipeline") -> bool:
        """Say whether this person said that the models of a pipeline's workspace, or of its run, are trusted."""
        trusted = self.trusted()
        return trusted.has(workspace.root) or trusted.has(pipeline.view.parent)

    def program(self) -> str:
        """Return what to type to call nws: its name, or its path where the name would not be found."""
        import shutil
        import sys

        beside = Path(sys.executable).with_name("nws")
        return "nws" if shutil.which("nws") or not beside.exists() else str(beside)

    def provenance(self) -> "Provenance":
        """Return where and by whom this call was made, as runs keep it."""
        import getpass
        import platform

        from nws.engine.request import Provenance

        commit, dirty = _git_state()
        jobs = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = ""
        return Provenance(
            created_by=user,
            host=platform.node(),
            command=tuple(self.command),
            git_commit=commit,
            git_dirty=dirty,
            job_id=next((os.environ[name] for name in jobs if os.environ.get(name)), None),
        )

    def confirm(self, question: str) -> bool:
        """Ask a person; without one at the terminal the answer is no."""
        import sys

        if not sys.stdin.isatty():
            return False
        self.output.warn(question + " [y/N]")
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


Handed = Annotated[Session, Parameter(parse=False)]


def _git_state() -> tuple[str | None, bool | None]:
    """Return the commit of the current folder and whether it has changes; None where there is no git."""
    import subprocess

    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603, S607 -- fixed words, and git from the user's PATH is the one meant
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    if commit is None:
        return None, None
    changes = ask("status", "--porcelain", "--untracked-files=no")
    return commit, None if changes is None else bool(changes)


def items_from_stdin(*, nul: bool = False) -> Iterator[str]:
    """Yield the items on stdin: lines, or what NUL bytes separate."""
    import sys

    if not nul:
        for line in sys.stdin.buffer:
            yield os.fsdecode(line.rstrip(b"\r\n"))
        return
    rest = b""
    while part := os.read(sys.stdin.fileno(), 1 << 16):
        *whole, rest = (rest + part).split(b"\0")
        yield from map(os.fsdecode, whole)
    if rest:
        yield os.fsdecode(rest)
