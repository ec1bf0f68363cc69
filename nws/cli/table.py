"""The table of commands: the one source of parsing, help, reference pages and tests.

It holds words only; it must not import what the commands do.
"""

from typing import NamedTuple

PORCELAIN = "porcelain"
PLUMBING = "plumbing"

WORKSPACE = "workspace"
PERHAPS = "perhaps"
NOTHING = "nothing"


class Command(NamedTuple):
    """One command: its words, `module:function`, one line of help, its class, and what it needs."""

    name: str
    target: str
    help: str
    kind: str
    needs: str

    @property
    def words(self) -> list[str]:
        """The words that a person types, without `nws`."""
        return self.name.split()


GROUPS = {
    "dataset": "Register datasets and see what is understood of their files.",
    "runs": "List, show and delete runs.",
    "exports": "See, check and remove what was exported.",
    "catalog": "Ask about all predictions of the workspace, keep the best for good, keep it small.",
    "report": "Reports that a person who was not there can read.",
    "library": "Pipelines and runs that are kept under a name, and taken in and handed on.",
    "library template": "Pipeline configs that are kept under a name.",
    "tag": "Put words on pipelines and find them again.",
    "config": "What nws is told for all calls.",
    "config trust": "Workspaces and copies of other people whose models may be loaded.",
}

COMMANDS = (
    Command("init", "nws.cli.setup:init", "Create a workspace (twice is harmless).", PORCELAIN, NOTHING),
    Command("demo", "nws.cli.setup:demo", "Make a workspace with real data, a run, its best model and a report.", PORCELAIN, NOTHING),
    Command("status", "nws.cli.setup:status", "Show runs, pipelines, failures, size and what is unfinished.", PORCELAIN, WORKSPACE),
    Command("dataset add", "nws.cli.datasets:add", "Register a dataset and say what was understood of it.", PORCELAIN, WORKSPACE),
    Command("dataset list", "nws.cli.datasets:list_", "List the registered datasets.", PORCELAIN, WORKSPACE),
    Command("dataset show", "nws.cli.datasets:show", "Show what was understood of a registered dataset.", PORCELAIN, WORKSPACE),
    Command("dataset check", "nws.cli.datasets:check", "Print what would be understood, without registering.", PORCELAIN, NOTHING),
    Command("dataset remove", "nws.cli.datasets:remove", "Remove a registration; runs on it keep their data.", PORCELAIN, WORKSPACE),
    Command("run", "nws.cli.running:run", "Run every pipeline on every dataset.", PORCELAIN, WORKSPACE),
    Command("runs list", "nws.cli.runs:list_", "List runs, newest first.", PORCELAIN, WORKSPACE),
    Command("runs show", "nws.cli.runs:show", "Show one run: what was asked, what came of it, its leaderboard.", PORCELAIN, WORKSPACE),
    Command("runs delete", "nws.cli.deleting:delete", "Delete runs or single pipelines (RUN/0007); asks first.", PORCELAIN, WORKSPACE),
    Command("show", "nws.cli.pipelines:show", "Show one pipeline: steps, metrics, artifacts, provenance.", PORCELAIN, WORKSPACE),
    Command("log", "nws.cli.pipelines:log", "Show what ran, newest first.", PORCELAIN, WORKSPACE),
    Command("reproduce", "nws.cli.reproducing:reproduce", "Run pipelines again from their records, and compare.", PORCELAIN, WORKSPACE),
    Command("checkout", "nws.cli.pipelines:checkout", "Render the folder of a pipeline again.", PORCELAIN, WORKSPACE),
    Command("predict", "nws.cli.predicting:predict", "Predict new spectra with a stored pipeline.", PORCELAIN, PERHAPS),
    Command("export", "nws.cli.exporting:export", "Copy a model out, with what it takes to use it without nws.", PORCELAIN, WORKSPACE),
    Command("exports list", "nws.cli.exports:list_", "List what is exported, and of which pipeline.", PORCELAIN, PERHAPS),
    Command("exports verify", "nws.cli.exports:verify", "Check exports against their manifests, byte for byte.", PORCELAIN, PERHAPS),
    Command("exports remove", "nws.cli.exports:remove", "Remove exports; asks first.", PORCELAIN, PERHAPS),
    Command("catalog list", "nws.cli.catalog:list_", "List predictions, newest first.", PORCELAIN, WORKSPACE),
    Command("catalog best", "nws.cli.catalog:best", "Rank predictions by a metric, best first.", PORCELAIN, WORKSPACE),
    Command("catalog search", "nws.cli.catalog:search", "Find predictions that meet conditions, ranked or newest first.", PORCELAIN, WORKSPACE),
    Command("catalog compare", "nws.cli.comparing:compare", "Show one pipeline config across datasets.", PORCELAIN, WORKSPACE),
    Command("catalog stats", "nws.cli.comparing:stats", "Show best, median, mean and worst of each group.", PORCELAIN, WORKSPACE),
    Command("catalog show", "nws.cli.prediction:show", "Show one prediction; with --arrays every sample of it.", PORCELAIN, WORKSPACE),
    Command("catalog archive", "nws.cli.archives:archive", "Make permanent copies of pipelines in catalog/archives.", PORCELAIN, WORKSPACE),
    Command("catalog verify", "nws.cli.archives:verify", "Check archives against their manifests, byte for byte.", PORCELAIN, WORKSPACE),
    Command("catalog compact", "nws.cli.keeping:compact", "Merge the segments of the index into fewer, sorted ones.", PORCELAIN, WORKSPACE),
    Command("catalog forget", "nws.cli.keeping:forget", "Remove predictions of deleted runs for good; asks first.", PORCELAIN, WORKSPACE),
    Command("library save", "nws.cli.library:save", "Save a pipeline or a run under a name, as a zip file.", PORCELAIN, WORKSPACE),
    Command("library list", "nws.cli.library:list_", "List what is in the library.", PORCELAIN, WORKSPACE),
    Command("library show", "nws.cli.library:show", "Show what a copy in the library is of.", PORCELAIN, WORKSPACE),
    Command("library load", "nws.cli.library:load", "Take a copy out: as a folder, or a run as a run again.", PORCELAIN, WORKSPACE),
    Command("library verify", "nws.cli.library:verify", "Check copies against their manifests, byte for byte.", PORCELAIN, WORKSPACE),
    Command("library remove", "nws.cli.library:remove", "Remove copies from the library; asks first.", PORCELAIN, WORKSPACE),
    Command("library template save", "nws.cli.templates:save", "Keep a pipeline config under a name.", PORCELAIN, WORKSPACE),
    Command("library template list", "nws.cli.templates:list_", "List the templates.", PORCELAIN, WORKSPACE),
    Command("library template show", "nws.cli.templates:show", "Print a template.", PORCELAIN, WORKSPACE),
    Command("import", "nws.cli.importing:import_", "Take in what somebody else made: a run, or a pipeline.", PORCELAIN, WORKSPACE),
    Command("report run", "nws.cli.reporting:run", "Write the report of a run, as Markdown and as one HTML page.", PORCELAIN, WORKSPACE),
    Command("report dataset", "nws.cli.reporting:dataset", "Write the report of a dataset and all runs on it.", PORCELAIN, WORKSPACE),
    Command("report global", "nws.cli.reporting:global_", "Write the report of the whole workspace.", PORCELAIN, WORKSPACE),
    Command("tag add", "nws.cli.tags:add", "Tag a pipeline.", PORCELAIN, WORKSPACE),
    Command("tag remove", "nws.cli.tags:remove", "Take tags off a pipeline.", PORCELAIN, WORKSPACE),
    Command("tag list", "nws.cli.tags:list_", "List the tags in use, or those of one pipeline.", PORCELAIN, WORKSPACE),
    Command("config trust add", "nws.cli.trusting:add", "Trust a workspace, an exported folder or a zip file.", PORCELAIN, NOTHING),
    Command("config trust list", "nws.cli.trusting:list_", "List what is trusted.", PORCELAIN, NOTHING),
    Command("config trust remove", "nws.cli.trusting:remove", "Trust it no more.", PORCELAIN, NOTHING),
    Command("gc", "nws.cli.upkeep:gc", "Remove objects that no run and no dataset needs any more.", PORCELAIN, WORKSPACE),
    Command("hash-object", "nws.cli.objects:hash_object", "Print the ids of bytes; -w stores them.", PLUMBING, PERHAPS),
    Command("cat-file", "nws.cli.objects:cat_file", "Print an object, its size, or whether it is there.", PLUMBING, WORKSPACE),
    Command("ls-objects", "nws.cli.objects:ls_objects", "List the ids of stored objects.", PLUMBING, WORKSPACE),
    Command("count-objects", "nws.cli.objects:count_objects", "Count stored objects and bytes.", PLUMBING, WORKSPACE),
    Command("verify-object", "nws.cli.objects:verify_object", "Check that stored bytes match their ids.", PLUMBING, WORKSPACE),
    Command("rev-parse", "nws.cli.pipelines:rev_parse", "Print the record id that a REF resolves to.", PLUMBING, WORKSPACE),
    Command("reindex", "nws.cli.pipelines:reindex", "Add to the index what runs/ has and it lacks.", PLUMBING, WORKSPACE),
)  # fmt: skip
