"""docs/sandbox.md names tests that exist, and figures of the corpus that are so."""

import re
from pathlib import Path

import pytest

from errata.judges.hacks import tries
from errata.redteam.corpus import corpus

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "sandbox.md").read_text()
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)))
FORGERIES = ("early exit", "lying value", "patched library", "reading the tests", "known graders", "judge's protocol")


def test_the_page_names_many_tests():
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "name"), NAMED, ids="::".join)
def test_a_named_test_exists(file, name):
    assert f"\ndef {name}(" in (TESTS / file).read_text()


def test_the_figures_of_the_corpus_are_so():
    entries = corpus()
    attacks = [entry for entry in entries if entry.attack]
    forged = [entry for entry in entries if entry.group in FORGERIES]
    assert f"the {len(entries)} programs of the shipped corpus" in PAGE
    assert f"of {len(attacks)} attacks got through" in PAGE
    assert f"the {sum(entry.only == ('errata',) for entry in entries)} that are made" in PAGE
    assert f"{len(forged)} forgeries: {sum(bool(tries(entry.program)) for entry in forged)}." in PAGE
