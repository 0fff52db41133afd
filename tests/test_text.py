"""How far two texts are apart, and what of a completion is kept."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.text import cut, edit_distance, trimmed

CODET = Path(__file__).parents[2] / "shared" / "data" / "outputs_codet"
SHORT = st.text(alphabet="ab\n", max_size=12)


def slowly(one: str, other: str) -> int:
    """Levenshtein's distance by its table (Wagner & Fischer 1974)."""
    before = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        row = [at]
        for place, right in enumerate(other, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (left != right)))
        before = row
    return before[-1]


@given(SHORT, SHORT)
def test_the_distance_is_levenshteins_by_the_longer(one, other):
    longest = max(len(one), len(other), 1)
    assert edit_distance(one, other) == slowly(one, other) / longest


@given(st.text(), st.text())
def test_the_distance_is_the_same_both_ways_and_between_0_and_1(one, other):
    assert 0 <= edit_distance(one, other) == edit_distance(other, one) <= 1


def test_line_ends_of_windows_are_no_edit():
    assert edit_distance("a\r\nb\r\n", "a\nb\n") == 0


def test_long_texts_of_one_letter_each_are_far_apart():
    assert edit_distance("x" * 20_000, "y" * 10_000) == 1


# what of a completion is kept

BODY = "    if x:\n        return [\n1,\n]\n    return x\n"
REST = "\n# more\n\ndef other():\n    pass\n\nprint(other())\n"


def test_by_default_nothing_is_cut_off():
    assert trimmed(BODY + REST, "none", "def f(x):\n") == BODY + REST


def test_the_stop_words_are_the_papers():
    for stop in ("\nclass A:", "\nassert f(1)", '\n"""', "\nprint(1)", "\nif x:", "\n<|/lang_feedback|>"):
        assert trimmed(f"    return 1\n{stop} more", "stops") == "    return 1\n"


@pytest.mark.parametrize(
    "before", ["def f(x):\n", "import re\n\n@cached\ndef f(x,\n      y=(1,)) -> int:\n", "async def f(x):\n"]
)
def test_a_completion_that_begins_in_a_function_is_kept_to_its_end(before):
    assert trimmed("    return x\n" + REST, "function", before) == "    return x\n"


def test_strings_of_several_lines_do_not_end_a_function():
    body = '    """Doc.\nclass in words\n"""\n    return """\nprint(\n"""\n'
    assert trimmed(body + REST, "function", "def f(x):\n") == body


def test_the_first_whole_function_is_kept_with_what_stands_before_it():
    first = "import re\n\n@cache\ndef f(x):\n    # no\n    return x\n"
    assert trimmed(first + REST, "function", '"""\ntask\n"""\n') == first


def test_brackets_that_close_at_the_margin_belong_to_the_function():
    body = "    return max(\n        1,\n)\n"
    assert trimmed(body + REST, "function", "def f(x):\n") == body


def test_what_has_no_function_is_kept_whole():
    assert trimmed("    vehicle=[],\n)\n", "function", "e = Transport(\n") == "    vehicle=[],\n)\n"


def test_a_comment_behind_the_function_is_dropped_and_one_in_it_is_kept():
    assert trimmed("    a = 1\n# inside\n    return a\n# behind\nx = 1\n", "function", "def f():\n") == (
        "    a = 1\n# inside\n    return a\n"
    )


@given(st.text(alphabet="ab\n\"'# (d", max_size=60), st.sampled_from(["", "def f():\n", '"""x\n']))
def test_what_is_kept_is_a_beginning_and_trimming_it_again_changes_nothing(text, before):
    for how in ("stops", "function"):
        kept = trimmed(text, how, before)
        assert text.startswith(kept)
        assert trimmed(kept, how, before) == kept


@pytest.mark.skipif(not os.environ.get("CI") and not CODET.is_dir(), reason="../shared/data is not there")
def test_recorded_completions_of_codegen_are_cut_where_their_authors_cut_them_or_where_the_function_ends():
    """CodeT's own cut, at the first of five strings, keeps asserts and imports behind the function and cuts in strings;
    never is anything else kept than a shorter or longer beginning."""
    ends = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
    same = shorter = longer = 0
    with gzip.open(CODET / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz", "rt") as file:
        for line in file:
            row = json.loads(line)
            for text in row["samples"]:
                theirs, ours = cut(text, ends).rstrip(), trimmed(text, "function", row["prompt"]).rstrip()
                same += ours == theirs
                shorter += ours != theirs and not theirs[len(ours) :].lstrip("\n").startswith(" ")
                longer += ours != theirs and ours.startswith(theirs)
    assert (same, longer) == (15_099, 297)
    assert same + shorter + longer >= 16_400
