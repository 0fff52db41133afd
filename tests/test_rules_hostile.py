"""Texts made to hold up a judge: every rule takes time in proportion to them."""

from time import process_time

import pytest

from errata.judges.constraints import asked, ruled
from errata.judges.rules import strictly
from errata.tasks import followbench, rulebook
from errata.types import Constrained, Rule

SIZE = 200_000
TEXTS = {
    "one word": "x" * SIZE,
    "blanks": "x" + " " * SIZE + "x",
    "empty lines": "\n" * SIZE + "x",
    "stars": "*" * SIZE,
    "starred lines": "*\n" * (SIZE // 2),
    "open brackets": "[" * SIZE,
    "open titles": "<<" * (SIZE // 2),
    "deep JSON": "[" * SIZE + "]" * SIZE,
    "deep objects": '{"a":' * (SIZE // 5),
    "one number": "9" * SIZE,
    "full stops": ". " * (SIZE // 2),
    "initials": "A. " * (SIZE // 3),
    "questions": "?" * SIZE,
    "closing marks": "." + ")" * SIZE + "x",
    "an abbreviation and blanks": "Mr." + " " * SIZE + "Smith",
    "no blanks": "a.b" * (SIZE // 3),
    "apostrophes": "' " * (SIZE // 2),
    "addresses": "a@" * (SIZE // 2),
    "keywords": "**1" * (SIZE // 3),
    "capitals": "HELLO " * (SIZE // 6),
    "nothing but marks": "\u2028\x00\x85" * (SIZE // 3),
}
ARGUMENTS: dict[str, dict[str, str | int | tuple[str, ...]]] = {
    "keywords:existence": {"keywords": ("x" * 255 + "y",)},
    "keywords:frequency": {"keyword": "x" * 255 + "y", "frequency": 1, "relation": "at least"},
    "keywords:forbidden_words": {"forbidden_words": ("x" * 255 + "y",)},
    "keywords:letter_frequency": {"letter": "#", "let_frequency": 1, "let_relation": "at least"},
    "language:response_language": {"language": "hi"},
    "length_constraints:number_sentences": {"num_sentences": 1, "relation": "less than"},
    "length_constraints:number_paragraphs": {"num_paragraphs": 3},
    "length_constraints:number_words": {"num_words": 1, "relation": "less than"},
    "length_constraints:nth_paragraph_first_word": {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "y"},
    "detectable_content:number_placeholders": {"num_placeholders": 1},
    "detectable_content:postscript": {"postscript_marker": "P.P.S"},
    "detectable_format:number_bullet_lists": {"num_bullets": 1},
    "detectable_format:number_highlighted_sections": {"num_highlights": 1},
    "detectable_format:multiple_sections": {"section_spliter": "x", "num_sections": 1},
    "combination:repeat_prompt": {"prompt_to_repeat": "y"},
    "startend:end_checker": {"end_phrase": "y"},
    "change_case:capital_word_frequency": {"capital_frequency": 1, "capital_relation": "less than"},
}
SECONDS = 8.0
"""What a rule may take for 200,000 characters on a busy machine; one of quadratic time takes minutes."""


@pytest.mark.parametrize("name", sorted(rulebook.RULES))
def test_no_text_holds_up_a_rule(name):
    rule = rulebook.read(Rule(id=name, kwargs=ARGUMENTS.get(name, {})), "here")
    for what, text in TEXTS.items():
        begun = process_time()
        strictly(rule, text)
        assert process_time() - begun < SECONDS, what


@pytest.mark.parametrize("name", sorted(ruled.RULES))
def test_no_text_holds_up_a_rule_of_followbench(name):
    target = ("{'a': '", "'}") if name == "form" else ("x",)
    check = Constrained(path=("a", "b"), level=followbench.LEVELS, category="content", rule=name, target=target)
    for what, text in TEXTS.items():
        begun = process_time()
        ruled.held(check, text)
        assert process_time() - begun < SECONDS, what


def test_no_reply_of_a_judge_model_holds_up_its_reading():
    for text in (*TEXTS.values(), "[" + "'YES'," * SIZE, "['YES'" + " " * SIZE):
        begun = process_time()
        assert asked.verdicts(text, 3) is None
        assert process_time() - begun < SECONDS
