"""The interpreter's words."""

import pytest

from errata.feedback.execution import LIMIT, interpreter
from errata.types import Feedback, Part, Verdict

TRACE = (
    'Traceback (most recent call last):\n  File "<string>", line 7, in <module>\n'
    "    assert add(1,2)==3\nAssertionError\n"
)
DEEP = (
    'Traceback (most recent call last):\n  File "<string>", line 7, in <module>\n    assert add(1,2)==3\n'
    "  File \"<string>\", line 2, in add\n    return a + c\nNameError: name 'c' is not defined\n"
)


def verdict(outcome, detail="", parts=()) -> Verdict:
    return Verdict(
        id="t#0", of="t#0", task="t", passed=outcome == "passed", outcome=outcome, score=0.0, detail=detail, parts=parts
    )


def said(style, one) -> str:
    (feedback,) = interpreter(style)([one])
    assert isinstance(feedback, Feedback)
    return feedback.text


def test_a_traceback_is_told_as_it_stands():
    assert said("traceback", verdict("wrong", TRACE)) == TRACE


def test_frames_are_joined_with_an_empty_line_as_in_letis_code():
    assert said("traceback", verdict("exception", DEEP)) == DEEP.replace(
        '\n  File "<string>", line 2', '\n\n  File "<string>", line 2'
    )


def test_a_passing_program_is_told_nothing():
    assert said("traceback", verdict("passed")) == said("values", verdict("passed")) == ""


def test_a_program_without_a_traceback_is_told_one_word():
    assert said("traceback", verdict("timeout")) == said("values", verdict("timeout")) == "timeout"


def test_values_tell_what_was_got_and_what_was_expected():
    parts = (Part(name="a", passed=True), Part(name="b", passed=False, call="add(1, 2)", got="4", expected="3"))
    assert said("values", verdict("wrong", TRACE, parts)) == "add(1, 2) gave 4, expected 3\n"


def test_values_tell_what_a_call_raised():
    parts = (Part(name="b", passed=False, call="add(1, 2)"),)
    assert said("values", verdict("exception", DEEP, parts)) == "add(1, 2) raised NameError: name 'c' is not defined\n"


@pytest.mark.parametrize("style", ["traceback", "values"])
def test_long_words_are_capped_and_keep_their_end(style):
    text = said(style, verdict("exception", "Traceback\n" + "  line\n" * 5000 + "NameError: x\n"))
    assert len(text) <= LIMIT + 4
    assert text.endswith("NameError: x\n")
