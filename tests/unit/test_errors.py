import pickle

import pytest

from nws.errors import CATEGORIES, NwsError


def test_every_category_has_its_own_code_and_kind():
    assert len({category.exit_code for category in CATEGORIES}) == len(CATEGORIES)
    assert len({category.kind for category in CATEGORIES}) == len(CATEGORIES)


def test_the_codes_are_those_of_the_contract():
    assert {category.kind: category.exit_code for category in CATEGORIES} == {
        "usage": 2, "unknown-name": 4, "conflict": 5, "bad-input": 6, "no-workspace": 10, "locked": 11,
        "newer-format": 12, "damaged": 13, "not-trusted": 14, "system": 74,
    }  # fmt: skip


@pytest.mark.parametrize("category", [NwsError, *CATEGORIES])
def test_errors_cross_process_borders_with_their_hint(category):
    error = pickle.loads(pickle.dumps(category("what", hint="way out")))
    assert type(error) is category
    assert (error.message, error.hint, str(error)) == ("what", "way out", "what")
