"""How far two texts are apart."""

from hypothesis import given
from hypothesis import strategies as st

from errata.text import edit_distance

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
