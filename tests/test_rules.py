"""The 25 instructions of IFEval: what follows them and what does not, with the official checker's edges."""

import pytest

from errata.errors import UsageError
from errata.judges.rules import loosely, strictly, tongue, variants
from errata.judges.rules.sentences import sentences
from errata.tasks import rulebook
from errata.types import Rule


def follows(name: str, text: str, **kwargs: str | int | tuple[str, ...]) -> bool:
    return strictly(rulebook.read(Rule(id=name, kwargs=kwargs), "here"), text).passed


def loosely_follows(name: str, text: str, **kwargs: str | int | tuple[str, ...]) -> bool:
    asked = (rulebook.read(Rule(id=name, kwargs=kwargs), "here"),)
    return loosely(asked, text, [strictly(asked[0], text)])[0]


def said_of(name: str, **kwargs: str | int | tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as raised:
        rulebook.read(Rule(id=name, kwargs=kwargs), "tasks.jsonl:3")
    return str(raised.value)


CASES = {
    "keywords:existence": (
        {"keywords": ("river", "sea")},
        ["A RIVER flows to the sea.", "riverside seafood"],
        ["only a river", "r iver and sea"],
    ),
    "keywords:frequency": (
        {"keyword": "ice", "frequency": 2, "relation": "at least"},
        ["Ice and ice", "slice of rice"],
        ["ice", ""],
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ("cat", "dog")},
        ["category and dogma", "cat_s"],
        ["A cat.", "hot-dog", "DOG"],
    ),
    "keywords:letter_frequency": (
        {"letter": "Q", "let_frequency": 2, "let_relation": "less than"},
        ["Quiz", "no such letter"],
        ["quiet queen", "qQ"],
    ),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "at least"},
        ["One. Two.", "What? Yes!", "He is here. she is not."],
        ["Dr. Smith met Mr. Jones at 5 p.m. sharp.", "It cost 3.50 dollars.", "One sentence"],
    ),
    "length_constraints:number_words": (
        {"num_words": 4, "relation": "less than"},
        ["one two three", "well-known fact", "a, b! -- c"],
        ["one two three four", "it's well-known"],
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        ["one\n***\ntwo", "one *** two", "***\none\n***\ntwo\n***"],
        ["one", "one\n***\n\n***\ntwo", "one\n\ntwo"],
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Weekend"},
        ["one\n\nweekend two", "one\n\n'\"Weekend, two", "one\n\nWEEKEND's end", "one\n\nweekend\n\n"],
        ["weekend\n\none", "one\n\nweekends", "one\n\n\n\nweekend", "one\n\nweekend\n\nthree"],
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        ["[name] and [address]", "[a][]", "[[x] [y]"],
        ["[name]", "[a\n]b[c]", "[x", "]["],
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."},
        ["Bye. P.S. more", "p. s. more", "x p.s."],
        ["PS more", "P.S more", "P.  S. more"],
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        ["* a\n* b", "- a\n  * b", "*\na\n- b", "\n\n* a\n\n-b"],
        ["* a", "** a\n** b", "* a\n* b\n- c", "*\n* b"],
    ),
    "detectable_format:constrained_response": (
        {},
        ["My answer is yes.", "Well: My answer is maybe. "],
        ["my answer is yes.", "My answer is yes", "Yes."],
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        ["*one* and *two*", "**one**, *two*", "**one** and **two**"],
        ["*one*", "** ** and *one*", "*one\ntwo* *", "****"],
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Section", "num_sections": 2},
        ["Section 1\na\nSection 2\nb", "Section1Section2", "Section 1 Section 2 Section 3"],
        ["Section 1", "SECTION 1 SECTION 2", "Section one Section two", "Section  1 Section 2"],
    ),
    "detectable_format:json_format": (
        {},
        ['{"a": 1}', '```json\n{"a": [1]}\n```', "```\n[]\n```", " 3 ", "NaN", "```JSON null```"],
        ["{'a': 1}", "Here: {}", '```python\n{"a": 1}\n```', "[1,]", "```json```"],
    ),
    "detectable_format:title": (
        {},
        ["<<A title>>\ntext", "x <<t>> y", "<<<>>>> <<a>>"],
        ["<title>", "<<>>", "<<a\nb>>", "<< >>", "<<<>>>"],
    ),
    "combination:two_responses": (
        {},
        ["one\n******\ntwo", "******one******two******"],
        ["one", "one******one ", "one******", "a******b******c", "a************b"],
    ),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Write a poem. "},
        ["Write a poem. Roses", " write A POEM.", "Write a poem.Then"],
        ["Sure! Write a poem.", "Write a  poem.", '"Write a poem."'],
    ),
    "startend:end_checker": (
        {"end_phrase": "The End."},
        ["So it was. The End.", 'It was "the end."', "the end. \n"],
        ["The End", "The End. Really.", "The End.'"],
    ),
    "startend:quotation": (
        {},
        ['"All of it."', ' "a" and "b" ', '""'],
        ["“All of it.”", '"All of it', '"', "'a'"],
    ),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        ["THIS IS it", "AT&T rose", "I DON'T", "NASA and U.S.A.", "A-B, C"],
        ["NASA rose", "This Is It", "WELL-KNOWN", "2024 3D?"],
    ),
    "change_case:english_capital": (
        {},
        ["THE CAT SAT ON THE MAT AND LOOKED AT THE OTHER ANIMALS."],
        ["The cat sat on the mat.", "1234"],
    ),
    "change_case:english_lowercase": (
        {},
        ["the cat sat on the mat and looked at the other animals there."],
        ["The cat sat on the mat.", "die katze saß auf der matte und sah die anderen tiere dort an."],
    ),
    "punctuation:no_comma": ({}, ["No mark; none", "٬ ， are others"], ["one, two", ","]),
    "language:response_language": (
        {"language": "de"},
        ["Die Katze saß auf der Matte und sah die anderen Tiere dort an.", "12 + 3"],
        ["The cat sat on the mat and looked at the other animals there.", "Это кошка, которая сидит на коврике."],
    ),
}


def test_every_rule_of_the_table_has_its_cases():
    assert CASES.keys() == rulebook.RULES.keys()
    assert len(rulebook.RULES) == 25


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, case in CASES.items() for text in case[1]])
def test_a_text_that_follows_an_instruction_passes(name, text):
    assert follows(name, text, **CASES[name][0])


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, case in CASES.items() for text in case[2]])
def test_a_text_that_does_not_follow_an_instruction_fails(name, text):
    assert not follows(name, text, **CASES[name][0])


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_blank_answer_follows_nothing(name):
    assert not follows(name, " \n\t", **CASES[name][0])
    assert not loosely_follows(name, " \n\t", **CASES[name][0])


def test_loose_lets_the_first_line_the_last_line_and_asterisks_pass():
    assert loosely_follows("startend:quotation", 'Sure, here it is:\n"The answer."')
    assert loosely_follows("startend:quotation", '"The answer."\nI hope this helps!')
    assert loosely_follows("startend:quotation", 'Sure:\n*"The answer."*\nDone')
    assert not loosely_follows("startend:quotation", 'Well\nSure:\n"The answer."')


def test_the_eight_variants_are_the_answer_and_seven_made_from_it():
    assert sorted(variants("a\n*b*\nc")) == sorted(
        ["a\n*b*\nc", "a\nb\nc", "*b*\nc", "b\nc", "a\n*b*", "a\nb", "*b*", "b"]
    )


def test_a_sign_in_place_of_a_letter_is_decided_by_two_thirds_of_the_letters():
    asked = {"letter": "#", "let_frequency": 1, "let_relation": "at least"}
    assert follows("keywords:letter_frequency", "abcdefghijklmnopqr", **asked)
    assert not follows("keywords:letter_frequency", "abcdefghijklmnopq #", **asked)
    assert follows("keywords:frequency", "# a #", keyword="#", frequency=2, relation="at least")


def test_words_are_looked_for_as_they_are_and_not_as_patterns():
    assert not follows("keywords:existence", "abc", keywords=("a.c",))
    assert follows("keywords:existence", "C++ (new)", keywords=("C++", "(new)"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mr. Smith went to Washington. He was tired.", ["Mr. Smith went to Washington.", "He was tired."]),
        ('He said "Go!" Then he left.', ['He said "Go!"', "Then he left."]),
        ("Johann S. Bach wrote it. J. S. Bach did.", ["Johann S. Bach wrote it.", "J. S. Bach did."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("At 5 p.m. Mr. X came (late!). Fine.", ["At 5 p.m. Mr. X came (late!).", "Fine."]),
        ("1. First\n2. Second", ["1.", "First\n2.", "Second"]),
        ("No end", ["No end"]),
        ("  ", []),
    ],
)
def test_sentences_end_where_punkt_says(text, parts):
    assert sentences(text) == parts


def test_a_language_is_told_alike_every_time():
    text = "in de stad is een kind that speaks"
    first = tongue.language(text)
    tongue.language.cache_clear()
    assert tongue.language(text) == first


def test_an_unknown_rule_is_refused_by_its_name():
    assert said_of("keywords:rhymes").startswith(
        "tasks.jsonl:3: id: unknown rule 'keywords:rhymes'; there are keywords:"
    )


def test_arguments_are_refused_by_their_field():
    words = "length_constraints:number_words"
    assert said_of(words, num_words=3) == "tasks.jsonl:3: kwargs: relation: field required"
    assert "kwargs: num_words:" in said_of(words, num_words="many", relation="at least")
    assert "kwargs: relation:" in said_of(words, num_words=3, relation="at most")
    assert said_of(words, num_words=-1, relation="at least") == "tasks.jsonl:3: kwargs: num_words: must not be negative"
    assert said_of("punctuation:no_comma", mark=";") == "tasks.jsonl:3: kwargs: mark: unknown field"
    assert "language: unknown language 'xx'" in said_of("language:response_language", language="xx")
    assert "keywords: must name a word" in said_of("keywords:existence", keywords=())
    assert "nth_paragraph: must be from 1" in said_of(
        "length_constraints:nth_paragraph_first_word", num_paragraphs=1, nth_paragraph=2, first_word="a"
    )


def test_what_failed_is_said_in_words():
    asked = rulebook.read(
        Rule(id="length_constraints:number_words", kwargs={"num_words": 5, "relation": "at least"}), ""
    )
    seen = strictly(asked, "only three words")
    assert (seen.got, seen.expected) == ("3 words", "at least 5 words")
