"""Answers that are numbers: what is read as one, programs that compute them, and GSM8K's recorded solutions."""

import gzip
import json
import os
from fractions import Fraction
from pathlib import Path

import pytest

from errata.errors import UsageError
from errata.judges import Judging, judge
from errata.judges.answers import concluded, number
from errata.tasks import load
from errata.types import Message, Number, Sample, Task, Timed

GSM8K = Path(__file__).parents[2] / "shared" / "data" / "gsm8k"
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
shared = pytest.mark.skipif(not os.environ.get("CI") and not GSM8K.is_dir(), reason="../shared/data is not there")
QUESTION = {"question": "Tom has 3 pens and buys 4 more.\nHow many has he?", "answer": "3+4=<<3+4=7>>7\n#### 7"}


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "test.jsonl").write_text(json.dumps(QUESTION) + "\n")
    (made,) = load(f"gsm8k:{tmp_path / 'test.jsonl'}")
    return made


def verdict(task: Task, text: str, prompt: str | None = None):
    chat = (Message(role="user", content="?"),)
    sample = Sample(id="s", of="s", task=task.id, prompt=chat if prompt is None else prompt, text=text)
    (made,) = judge([task], Judging(workers=1))([sample])
    return made.record if isinstance(made, Timed) else made


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("18", 18),
        ("$1,250.50", Fraction("1250.5")),
        ("-3", -3),
        ("\u22123", -3),
        ("-$3", -3),
        ("40 %", 40),
        ("2/3", Fraction(2, 3)),
        ("1 1/2", Fraction(3, 2)),
        ("1e3", 1000),
        ("70000.00", 70000),
        (".5", Fraction(1, 2)),
        ("7.", 7),
        ("€ 12", 12),
        ("18 eggs", 18),
        ("1/0", None),
        ("none", None),
        ("", None),
        ("1e999999999999", None),
    ],
)
def test_a_number_is_read_as_people_write_it(words, value):
    assert number(words) == value


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("3+4=7\n#### 7", "7"),
        ("So 3+4\nA: 7", "7"),
        ("The answer is 7.", "7."),
        ("**Answer:** no\nTherefore, the final answer is: $7", "$7"),
        ("x \\boxed{7} y", "7"),
        ("A: 3\nA: 7", "7"),
        ("seven", None),
    ],
)
def test_a_text_answers_with_what_it_says_at_its_end(reply, words):
    assert concluded(reply) == words


@pytest.mark.parametrize(
    "text",
    [
        "    return 3 + 4\n",
        "    pens = 3.0\n    return pens + 4\n",
        "    return '7 pens'\n",
        "    return [7]\n",
        "    return 7\n\n\n# Question: Another one?\ndef solution():\n    return 8\n",
        "    return 7\n\nprint(solution())\nx = (\n",
    ],
)
def test_a_reply_that_goes_on_with_the_function_is_run(task, text):
    assert verdict(task, text, task.prefix).passed


@pytest.mark.parametrize(
    "text",
    [
        "```python\ndef solution():\n    return 7\n```",
        "```python\nprint('The answer is', 3 + 4)\n```",
        "def solution():\n    return 7\n",
        "It is 3 + 4.\nA: 7",
        "#### 7",
        "import sys\nprint(7)\nsys.exit(0)\n",
    ],
)
def test_a_reply_in_a_chat_may_be_a_program_or_a_text(task, text):
    assert verdict(task, text).passed


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("    return 8\n", "wrong"),
        ("    return None\n", "wrong"),
        ("    return 3 +\n", "syntax"),
        ("    return 1 / 0\n", "exception"),
        ("    while True: pass\n", "timeout"),
        ("    return 10 ** 10 ** 3\n", "wrong"),
        ("    return float('nan')\n", "wrong"),
        ("#### 7\n", "syntax"),
        ("    import os\n    os._exit(0)\n", "wrong"),
    ],
)
def test_what_is_not_the_answer_is_judged_by_how_it_ended(task, text, outcome):
    made = verdict(task, text, task.prefix)
    assert (made.passed, made.outcome) == (False, outcome)


@pytest.mark.parametrize(
    "text",
    [
        "    class N(int):\n        def __eq__(self, other):\n            return True\n    return N(8)\n",
        "    class N:\n        def __str__(self):\n            return 'every number'\n    return N()\n",
        "    import gc\n    return [o for o in gc.get_objects() if type(o).__name__ == 'Number']\n",
        "    import sys\n    f = sys._getframe()\n    while f.f_back: f = f.f_back\n    return f.f_globals['value']\n",
        "    return open('/proc/self/environ').read()\n",
    ],
)
def test_a_program_cannot_forge_an_answer_that_it_does_not_know(task, text):
    assert verdict(task, text, task.prefix).passed is False


def test_the_prompt_shows_worked_examples_and_ends_with_the_head_of_the_function(tmp_path):
    (tmp_path / "test.jsonl").write_text(json.dumps(QUESTION) + "\n")
    for split, shots in (("", 4), ("[0-shot]", 0), ("[8-shot]", 8)):
        (made,) = load(f"gsm8k:{tmp_path / 'test.jsonl'}{split}")
        assert made.prefix.count("def solution():\n") == shots + 1
        assert made.prefix.endswith("# Question: Tom has 3 pens and buys 4 more. How many has he?\ndef solution():\n")
        assert made.check == Number(value="7")


def test_the_worked_examples_are_right_programs():
    from errata.tasks.answers import EXAMPLES

    right = ("45", "56", "300", "20", "620", "12", "3", "18")
    tasks = [
        Task(id=f"t/{at}", instruction=asked, check=Number(value=value))
        for at, ((asked, _), value) in enumerate(zip(EXAMPLES, right, strict=True))
    ]
    samples = [
        Sample(id=f"{at}", of=f"{at}", task=f"t/{at}", prompt="", text=f"def solution():\n{body}")
        for at, (_, body) in enumerate(EXAMPLES)
    ]
    assert [row.record.passed for row in judge(tasks, Judging(workers=1))(samples)] == [True] * 8


@pytest.mark.parametrize(
    ("row", "spec", "words"),
    [
        ({"question": "q", "answer": "7"}, "", "test.jsonl:1: answer: does not end with '#### NUMBER'"),
        (QUESTION, "[9-shot]", "there are 0-shot to 8-shot"),
        ({"question": "q"}, "", "test.jsonl:1: answer: field required"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path, row, spec, words):
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UsageError, match=words):
        load(f"gsm8k:{tmp_path / 'test.jsonl'}{spec}")


@shared
def test_recorded_solutions_are_judged_as_they_were_labelled():
    tasks = load(f"gsm8k:{GSM8K / 'test.jsonl'}")
    by_question = {one.instruction.rpartition("\n")[0]: one.id for one in tasks}
    samples: list[Sample] = []
    labels: dict[str, bool] = {}
    with gzip.open(GSM8K / "example_model_solutions.jsonl.gz", "rt") as file:
        for line in file:
            row = json.loads(line)
            for model in MODELS:
                task = by_question[row["question"].strip()]
                name = f"{task}#{model}"
                samples.append(Sample(id=name, of=name, task=task, prompt="", text=row[model]["solution"]))
                labels[name] = row[model]["is_correct"]
    stage = judge(tasks, Judging(workers=1))
    made = [row.record if isinstance(row, Timed) else row for row in stage(samples)]
    assert len(made) == 4 * 1319
    assert [one.id for one in made if one.passed != labels[one.id]] == []
    rates = [sum(one.passed for one in made if one.id.endswith(f"#{model}")) for model in MODELS]
    assert rates == [286, 515, 458, 742]
