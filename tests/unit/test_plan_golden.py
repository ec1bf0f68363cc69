"""Frozen hashes: the canonical form of a config never changes, on no machine and in no version.

`tests/golden/config_hashes.json` holds every hash of each file, or for large ones the first, the last, and a hash of all.
"""

import json
from pathlib import Path

import pytest

from nws.engine.plan import read_configs
from nws.ids import hash_of

GOLDEN = Path(__file__).parents[1] / "golden"
FROZEN = json.loads((GOLDEN / "config_hashes.json").read_text())


def test_every_config_has_frozen_hashes():
    assert {file.name for file in (GOLDEN / "configs").iterdir()} == FROZEN.keys()


@pytest.mark.parametrize("name", FROZEN)
def test_hashes_are_those_that_were_frozen(name):
    hashes = [config.hash for config in read_configs(GOLDEN / "configs" / name)]
    expected = FROZEN[name]
    if isinstance(expected, dict):
        found = {"count": len(hashes), "first": hashes[0], "last": hashes[-1], "all": hash_of(hashes)}
        assert found == expected
    else:
        assert hashes == expected
