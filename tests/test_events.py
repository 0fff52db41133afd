"""Events as code: the prompt, the judge in the sandbox, the words, and the folders they come from."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from errata.errors import UsageError
from errata.feedback.execution import interpreter
from errata.judges import Judging, judge
from errata.judges.events import compare
from errata.judges.heads import by_rule
from errata.tasks import load
from errata.tasks.event_code import Kind, Mention, Role, bounded, nearest, rendered, task, unwritten
from errata.types import Argument, Message, Sample, Timed

DATA = Path(__file__).parents[2] / "shared" / "data"
SENTENCE = "The boat carried the old men from the old town to Malta on Monday, said the men."
KIND = Kind(
    name="Transport",
    about="Something is taken somewhere.",
    roles=(Role(name="Vehicle"), Role(name="Passenger"), Role(name="Origin"), Role(name="Destination")),
)


def at(role: str, words: str, **more) -> Argument:
    start = SENTENCE.index(words)
    return Argument(role=role, start=start, end=start + len(words), **more)


GOLD = (at("Vehicle", "The boat"), at("Passenger", "the old men"), at("Destination", "Malta"))
TRIGGER = (SENTENCE.index("carried"), SENTENCE.index("carried") + len("carried"))
TASK = task("own", KIND, Mention(id="1", kind="Transport", sentence=SENTENCE, trigger=TRIGGER, arguments=GOLD))
RIGHT = TASK.reference.removeprefix(TASK.prefix)


def sample(text: str, n: int = 0, prompt=None) -> Sample:
    name = f"{TASK.id}#{n}"
    return Sample(id=name, of=name, task=TASK.id, prompt=TASK.prefix if prompt is None else prompt, text=text)


def verdicts(*samples: Sample):
    made = {row.record.id: row.record for row in judge([TASK], Judging(workers=1))(samples) if isinstance(row, Timed)}
    return [made[one.id] for one in samples]


def said(text: str, style: str = "values") -> str:
    (feedback,) = interpreter(style)(verdicts(sample(text)))
    return feedback.text


def test_the_prompt_defines_the_class_and_ends_where_the_object_begins():
    assert "vehicle: list[Entity] = []," in TASK.prefix
    assert "The boat **carried** the old men" in TASK.prefix
    assert TASK.prefix.endswith("\ntransport_event = Transport(\n")


def test_the_gold_arguments_as_code_pass_with_f1_of_1():
    (verdict,) = verdicts(sample(RIGHT))
    assert (verdict.passed, verdict.outcome, verdict.score, verdict.detail) == (True, "passed", 1.0, "")
    assert verdict.measures["arg_classified"] == verdict.measures["arg_gold"] == 3


def test_a_reply_in_a_chat_is_given_the_classes():
    chat = (Message(role="user", content="?"),)
    (verdict,) = verdicts(sample(f"```python\ne = Transport(\n{RIGHT}```\n", prompt=chat))
    assert verdict.passed


def test_the_same_head_word_is_the_same_argument():
    (verdict,) = verdicts(sample(RIGHT.replace("the old men", "men")))
    assert verdict.passed


FIVE = [
    ('vehicle=Entity("boat"))', "Expecting a list of Entity instance for role vehicle, but got Entity\n"),
    (
        'vehicle=["boat"])',
        "Expecting a list of Entity instance with .name attribute for role vehicle, but got a list of str\n",
    ),
    (
        RIGHT.replace("destination", "origin"),
        'A successfully identified argument "Malta" is assigned to wrong role "origin"\n'
        'Only 2 out of 3 arguments are correctly identified: {"The boat", "the old men"}\n',
    ),
    (
        RIGHT.replace("Malta", "Monday"),
        'An identified argument "Monday" does not match any ground truth argument.\n'
        'Only 2 out of 3 arguments are correctly identified: {"The boat", "the old men"}\n',
    ),
    (
        'destination=[Entity("Malta")])',
        'Only 1 out of 3 arguments are correctly identified: {"Malta"}\n',
    ),
    (
        RIGHT.replace('Entity("Malta")', 'Entity("Malta"), Entity("Gozo")'),
        'The argument "Gozo" of role destination does not occur in the sentence.\n',
    ),
]


@pytest.mark.parametrize(("program", "words"), FIVE)
def test_what_is_wrong_is_said_in_stable_words(program, words):
    assert said(program).replace(words, "") in ("", "Only 0 out of 3 arguments are correctly identified: {}\n")


@pytest.mark.parametrize(("program", "words"), FIVE)
def test_the_authors_style_is_the_first_of_them_as_an_error(program, words):
    assert said(program, "traceback") == f"ValueError: {words.splitlines()[0]}\n"


def test_the_words_come_in_the_order_of_the_roles_and_not_of_the_program():
    one = 'origin=[Entity("Monday")], vehicle=[Entity("town")])'
    other = 'vehicle=[Entity("town")], origin=[Entity("Monday")])'
    assert said(one) == said(other)
    assert said(one).index("town") < said(one).index("Monday")


def test_a_hallucinated_argument_counts_as_predicted_and_is_told():
    (verdict,) = verdicts(sample(RIGHT.replace('Entity("Malta")', 'Entity("Malta"), Entity("Gozo")')))
    assert verdict.measures["arg_predicted"] == 4
    assert verdict.measures["arg_hallucinated"] == 1
    assert not verdict.passed


def test_a_program_that_does_not_run_has_no_arguments_and_the_interpreters_words():
    wrong, broken = verdicts(sample("vehicles=[])"), sample('vehicle=[Entity("boat")', 1))
    assert wrong.outcome == "exception"
    assert "unexpected keyword argument 'vehicles'" in wrong.detail
    assert broken.outcome == "syntax"
    assert "was never closed" in broken.detail
    assert "_errata_tell" not in broken.detail
    assert {v.measures["arg_predicted"] for v in (wrong, broken)} == {0}


def test_a_program_that_makes_no_event_is_told_so():
    assert said(")\ndel transport_event\n").startswith("No instance of Transport was made.")


@pytest.mark.parametrize(
    "hostile",
    [
        ")\nimport os\nos._exit(0)\n",
        ")\nprint('errata-event ' + 'x' * 10)\nraise SystemExit\n",
        ")\nclass Transport:\n    def __getattr__(self, name):\n        raise RuntimeError(name)\ne = Transport()\n",
        ")\nimport sys\nsys.stdout.write = None\n",
        ")\nglobals().clear()\n",
        ")\nclass L(list):\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n"
        "e = Transport(vehicle=L([1]))\n",
    ],
)
def test_what_a_program_does_besides_saying_arguments_earns_it_nothing(hostile):
    (verdict,) = verdicts(sample(hostile))
    assert verdict.passed is False
    assert verdict.measures["arg_classified"] == 0


def test_what_people_found_is_nowhere_in_the_programs_process():
    spy = (
        ")\nimport gc\n"
        "name = ''.join(reversed('atlaM'))\n"
        "seen = [o for o in gc.get_objects() if isinstance(o, (list, tuple, dict)) and name in repr(o)[:999]]\n"
        "transport_event = Transport(vehicle=[Entity(str(len(seen)))])\n"
    )
    prompt = TASK.prefix.replace("Malta", "M.")
    (verdict,) = verdicts(sample(spy, prompt=prompt))
    assert verdict.parts[0].got == "['0']"


# finding


def test_of_two_mentions_the_one_nearest_to_the_trigger_counts():
    words = "men ran and men fell"
    assert nearest("men", words, (12 + 4, 20)) == (12, 15)
    assert nearest("men", words, (4, 7)) == (0, 3)


@pytest.mark.parametrize(
    ("phrase", "head"),
    [
        ("the old men from the old town", "men"),
        ("a fund to help meet basic needs after a disaster", "fund"),
        ("millions of doses of antiviral drugs", "millions"),
        ("Iraq 's", "Iraq"),
        ("Iraq's weapons program", "program"),
        ("the man wearing a hat", "man"),
        ("the drug, which was new", "drug"),
        ("in 1996", "1996"),
        ("he", "he"),
        ("of", "of"),
        ("a 30-year history", "history"),
    ],
)
def test_the_head_word_of_a_phrase(phrase, head):
    start, end = by_rule(f"- {phrase} -", (2, 2 + len(phrase)))
    assert f"- {phrase} -"[start:end] == head


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        (at("Passenger", "the old men", whole=False), "in several pieces"),
        (Argument(role="Passenger", start=4, end=6), "begins or ends within a word"),
        (
            Argument(role="Passenger", start=SENTENCE.rindex("men"), end=SENTENCE.rindex("men") + 3),
            "the same words stand nearer to the trigger",
        ),
    ],
)
def test_what_cannot_be_written_as_code_has_a_reason_and_no_reference(argument, why):
    made = task(
        "own", KIND, Mention(id="1", kind="Transport", sentence=SENTENCE, trigger=TRIGGER, arguments=(argument,))
    )
    assert unwritten(made.check) == why
    assert made.reference == ""


# folders


def folder(path: Path, row: dict) -> Path:
    ontology = {"Transport": {"description": "d", "arguments": {"Vehicle": {"arg_desc": "x", "entity_types": ["VEH"]}}}}
    (path / "event_ontology.json").write_text(json.dumps(ontology))
    (path / "test.jsonl").write_text(json.dumps(row) + "\n")
    return path


ROW = {
    "tokens": ["The", "boat", "left"],
    "sentence": "The  boat left",
    "entity_mentions": [{"id": "e1", "start": 0, "end": 2, "text": "The boat"}],
    "event_mentions": [
        {
            "id": "s-1",
            "event_type": "Transport",
            "trigger": {"start": 2, "end": 3, "text": "left"},
            "arguments": [{"entity_id": "e1", "role": "Vehicle"}],
        }
    ],
}


def test_a_folder_in_oneies_format_is_read_with_its_entity_classes(tmp_path):
    (made,) = load(f"ace05:{folder(tmp_path, ROW)}[test]")
    assert made.id == "ace05/s-1"
    assert "vehicle: list[VEH] = []," in made.prefix
    assert "class VEH(Entity):" in made.prefix
    assert made.check.sentence[made.check.gold[0].start : made.check.gold[0].end] == "The  boat"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("ace05:{}[dev]", "holds no file of its dev split"),
        ("ace05:{}[best]", "unknown split; there are train, dev, test"),
        ("ace05:{}/none", "none: no such file or folder"),
        ("ace05:{}/test.jsonl", "is no folder"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_in_one_line(tmp_path, spec, words):
    with pytest.raises(UsageError, match=words):
        load(spec.format(folder(tmp_path, ROW)))


def test_a_role_that_the_ontology_does_not_have_is_refused_by_file_and_line(tmp_path):
    event = {**ROW["event_mentions"][0], "arguments": [{"entity_id": "e1", "role": "Pilot"}]}
    with pytest.raises(UsageError, match=r"test\.jsonl:1: Transport\.Pilot is not in the ontology"):
        load(f"ace05:{folder(tmp_path, {**ROW, 'event_mentions': [event]})}[test]")


@pytest.mark.skipif(not os.environ.get("CI") and not DATA.is_dir(), reason="../shared/data is not there")
@pytest.mark.parametrize(("source", "rows", "written"), [("geneva", 2844, 2749), ("phee", 1010, 871)])
def test_the_gold_arguments_of_the_test_split_can_be_written_but_for_a_known_few(source, rows, written):
    tasks = load(f"{source}:{DATA / f'eae_{source}'}[test]")
    assert len(tasks) == rows
    checks = [one.check for one in tasks if one.reference]
    assert len(checks) == written
    wrong = [one for one in tasks[::9] if one.reference and compare(claims(one), one.check).score != 1.0]
    assert wrong == []


def claims(one) -> dict:
    """What the sandbox tells of the reference's object, without running it."""
    texts = {role: [] for role in one.check.roles}
    for given in one.check.gold:
        texts[given.role].append([one.check.sentence[given.start : given.end]])
    return texts


def test_the_gold_of_an_event_without_arguments_is_an_empty_object_and_passes():
    bare = replace(TASK.check, gold=())
    assert rendered(bare) == ")\n"
    assert compare({role: [] for role in bare.roles}, bare).score == 1.0


def test_an_edge_within_a_word_is_no_edge():
    assert bounded("a boat", (2, 6))
    assert not bounded("a boat", (2, 4))
    assert bounded("drug-induced", (0, 4))
