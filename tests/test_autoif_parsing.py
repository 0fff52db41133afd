"""What is read off a supervisor's replies: three common faults are mended, and nothing else is."""

import json

import pytest

from errata.recipes.autoif_parsing import Refused, instructions, relation, score, verifier

SOURCE = "def evaluate(response):\n    return 'a' in response"
WHOLE = json.dumps({"func": SOURCE, "cases": [{"input": "a", "output": True}, {"input": "b", "output": False}]})


def fenced(text, word="json"):
    return f"Here:\n\n```{word}\n{text}\n```\nIt works."


def test_a_verifier_is_read_from_its_fence():
    found = verifier(fenced(WHOLE))
    assert found.source == SOURCE
    assert [(case.input, case.output) for case in found.cases] == [("a", True), ("b", False)]
    assert not found.mended


@pytest.mark.parametrize(
    "reply", [WHOLE, fenced(WHOLE, ""), fenced(WHOLE, "JSON"), fenced(WHOLE).removesuffix("```\nIt works.")]
)
def test_a_fence_may_have_another_form_or_be_missing(reply):
    assert verifier(reply).source == SOURCE


@pytest.mark.parametrize("reply", [WHOLE, fenced(WHOLE, "")])
def test_without_mending_a_json_fence_is_needed(reply):
    with pytest.raises(Refused):
        verifier(reply, mend=False)


def test_a_function_that_looks_for_fences_does_not_end_the_fence():
    source = "def evaluate(response):\n    return '```' in response"
    assert verifier(fenced(json.dumps({"func": source, "cases": []}))).source == source


# the three common faults


def test_raw_line_ends_in_a_string_are_mended():
    text = '{"func": "def evaluate(response):\n\treturn True", "cases": []}'
    assert verifier(fenced(text)).source == "def evaluate(response):\n\treturn True"
    with pytest.raises(Refused, match="broken"):
        verifier(fenced(text), mend=False)


def test_line_ends_that_are_escaped_twice_are_mended():
    text = '{"func": "def evaluate(response):\\\\n    return True", "cases": []}'
    assert verifier(fenced(text)).source == "def evaluate(response):\n    return True"


def test_written_out_line_ends_inside_a_function_stay():
    source = "def evaluate(response):\n    return '\\n' in response"
    assert verifier(fenced(json.dumps({"func": source, "cases": []}))).source == source


def test_escapes_that_json_does_not_have_are_mended():
    text = r"""{"func": "import re\ndef evaluate(r):\n    return re.match('\d+\'', r) is not None", "cases": []}"""
    assert verifier(fenced(text)).source == "import re\ndef evaluate(r):\n    return re.match('\\d+\\'', r) is not None"


def test_an_escaped_quote_in_a_case_is_a_quote():
    text = r"""{"func": "def evaluate(r):\n    return True", "cases": [{"input": "it\'s", "output": true}]}"""
    assert verifier(fenced(text)).cases[0].input == "it's"


def test_pythons_words_are_mended_outside_strings_alone():
    cases = '{"input": "True", "output": True}, {"input": "b", "output": False}'
    text = '{"func": "def evaluate(r):\\n    return True", "cases": [' + cases + "]}"
    found = verifier(fenced(text))
    assert [(case.input, case.output) for case in found.cases] == [("True", True), ("b", False)]
    assert found.mended


# all else is refused


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "no JSON"),
        ("I cannot do that.", "no JSON"),
        (fenced("def evaluate(response): return True", "python"), "no JSON"),
        (fenced(WHOLE[:-20]), "broken"),
        (fenced(WHOLE + " and more"), "broken"),
        (fenced('{"func": "def evaluate(r): return True", "cases": [],}'), "broken"),
        (fenced("{'func': 'def evaluate(r): return True', 'cases': []}"), "broken"),
        (fenced("[1, 2]"), "broken"),
        (fenced('{"cases": []}'), "no func"),
        (fenced('{"func": 3, "cases": []}'), "no func"),
        (fenced('{"func": "  ", "cases": []}'), "no func"),
        (fenced('{"func": "def evaluate(r): return True"}'), "no cases"),
        (fenced('{"func": "def evaluate(r): return True", "cases": {"a": 1}}'), "no cases"),
        (fenced(json.dumps({"func": "x" * 30_000, "cases": []})), "too long"),
        (fenced("[" * 100_000), "broken"),
    ],
)
def test_what_is_no_verifier_is_refused_and_says_why(reply, why):
    with pytest.raises(Refused, match=why):
        verifier(reply)


@pytest.mark.parametrize(
    "case", ['{"input": 3, "output": true}', '{"input": "a"}', '{"output": true}', "3", '{"input": "a", "output": []}']
)
def test_a_case_that_is_none_is_left_out_and_counted(case):
    found = verifier(
        fenced(f'{{"func": "def evaluate(r): return True", "cases": [{case}, {{"input": "b", "output": true}}]}}')
    )
    assert [one.input for one in found.cases] == ["b"]
    assert found.bad_cases == 1


# instructions, relations, scores


def test_instructions_are_the_lines_of_the_list_alone():
    reply = 'Sure, here are some:\n\n- Use no commas\n* "End with a question mark"\n2. Write three lines\n'
    reply += "3) Use capitals\n-\nGood luck!"
    assert list(instructions(reply)) == [
        "Use no commas",
        "End with a question mark",
        "Write three lines",
        "Use capitals",
    ]


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("entailment", "entailment"),
        ("It is a Contradiction.", "contradiction"),
        ("**Neutral**", "neutral"),
        ("Yes.", "unclear"),
    ],
)
def test_a_relation_is_the_first_of_the_three_words(reply, label):
    assert relation(reply) == label


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        *(("Good.\n\nScore: 9", 9), ("Score: 10\n", 10), ("**Score: 7**", 7), ("Fine.\nscore: 8.5/10", 8.5)),
        *(("Score: 11", None), ("Score: 9\nThat is all.", None), ("Nine", None), ("", None)),
        *(("A Score: 9 of 10 is fair", None), ("Score: {9}", 9)),
    ],
)
def test_a_score_is_the_last_line_or_none(reply, value):
    assert score(reply) == value
