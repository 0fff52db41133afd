"""Model text: the papers' formats, byte for byte."""

import pytest

from errata import prompts, text
from errata.errors import UsageError
from errata.types import Feedback, Message, Sample, Task, UnitTests, Verdict

TASK = Task(
    id="mbpp/1",
    instruction="Write a function to add.",
    check=UnitTests(tests=("assert add(1, 2) == 3", "assert add(0, 0) == 0"), entry_point="add"),
    reference="import math\ndef add(a, b):\n    return a + b\n",
)
SAMPLE = Sample(id="mbpp/1#0", of="mbpp/1#0", task="mbpp/1", prompt="<|good|>problem\n", text="def add(): pass\n")


def verdict(passed: bool) -> Verdict:
    return Verdict(
        id=SAMPLE.id,
        of=SAMPLE.id,
        task="mbpp/1",
        passed=passed,
        outcome="passed" if passed else "wrong",
        score=float(passed),
    )


def words(said: str) -> Feedback:
    return Feedback(id=SAMPLE.id, of=SAMPLE.id, author="interpreter", text=said)


def test_the_mbpp_prompt_is_letis():
    assert prompts.render(TASK) == '"""\nWrite a function to add.\nassert add(1, 2) == 3\n"""\n'


def test_the_ilf_prompt_is_the_authors():
    wanted = '"""\nWrite a function to add.\n\n>>> Example: add(1, 2) = 3\n"""\n\nimport math\ndef add(a, b):\n'
    assert prompts.render(TASK, "ilf") == wanted


def test_code_to_continue_is_its_own_prompt():
    task = Task(id="h/0", instruction="x", check=UnitTests(tests=("check(f)",)), prefix="def f():\n")
    assert prompts.render(task) == "def f():\n"


def test_a_task_without_code_cannot_be_continued():
    with pytest.raises(UsageError, match="no code to continue"):
        prompts.render(TASK, "code")


def test_every_draw_has_an_id_and_the_goal_before_its_text():
    asked = list(prompts.ask([TASK], 2, prompts.GOOD))
    assert [prompt.id for prompt in asked] == ["mbpp/1#0", "mbpp/1#1"]
    assert all(str(prompt.text).startswith('<|good|>"""\n') for prompt in asked)


def test_a_passing_program_is_trained_under_the_good_token():
    demo = prompts.fcft(SAMPLE, verdict(True), words(""))
    assert (demo.context, demo.target) == ("", "<|good|>problem\ndef add(): pass\n")


def test_a_failing_program_is_trained_under_the_bad_token_and_the_words():
    demo = prompts.fcft(SAMPLE, verdict(False), words("NameError\n"))
    assert demo.target == "<|bad|><|lang_feedback|>NameError\n<|/lang_feedback|>problem\ndef add(): pass\n"


def test_without_words_a_failing_program_has_the_bad_token_alone():
    assert prompts.fcft(SAMPLE, verdict(False), None).target == "<|bad|>problem\ndef add(): pass\n"


def test_loss_on_the_program_alone_leaves_all_else_in_the_context():
    demo = prompts.fcft(SAMPLE, verdict(True), None, loss_on="program")
    assert (demo.context, demo.target) == ("<|good|>problem\n", "def add(): pass\n")


def test_words_can_stand_behind_the_program_and_are_trained_there():
    text = "problem\ndef add(): pass\n<|lang_feedback|>NameError\n<|/lang_feedback|>"
    made = [
        prompts.fcft(SAMPLE, verdict(False), words("NameError\n"), loss_on=loss_on, feedback_at="after")
        for loss_on in ("all", "program")
    ]
    assert [demo.context + demo.target for demo in made] == ["<|bad|>" + text] * 2
    assert all(demo.target.endswith("def add(): pass\n<|lang_feedback|>NameError\n<|/lang_feedback|>") for demo in made)


def test_an_example_names_all_that_it_was_made_from():
    assert prompts.fcft(SAMPLE, verdict(False), words("x")).of == (SAMPLE.id, SAMPLE.id, SAMPLE.id)


@pytest.mark.parametrize("start", ["def f():\n", "good = 1\n", "|>\n", "<dog>\n"])
def test_the_goal_token_is_removed_whole_and_never_by_its_characters(start):
    assert prompts.plain(prompts.GOOD + start) == start
    assert prompts.plain(start) == start


def test_in_a_chat_the_goal_goes_before_the_last_turn():
    chat = prompts.steered((Message(role="system", content="s"), Message(role="user", content="u")), prompts.BAD)
    assert [turn.content for turn in chat if isinstance(turn, Message)] == ["s", "<|bad|>u"]
    assert prompts.plain(chat) == (Message(role="system", content="s"), Message(role="user", content="u"))


def test_the_program_of_a_chat_reply_is_its_fenced_code():
    assert text.code("Sure:\n```python\nx = 1\n```\nand\n```\ny = 2\n```\n") == "x = 1\ny = 2\n"
    assert text.code("x = 1\n") == "x = 1\n"


def test_a_completion_ends_at_the_first_stop_string():
    assert text.cut("a\nclass B\ndef c", ("\ndef", "\nclass")) == "a"
    assert text.cut("abc", ("x",)) == "abc"


def test_the_tail_of_a_text_begins_at_a_line():
    assert text.tail("one\ntwo\nthree\n", 10) == "...\nthree\n"
    assert text.tail("short", 10) == "short"


# ILF


OLD = '"""\nAdd.\n"""\ndef add(a, b):\n    return a - b\n'


def test_a_refinement_is_asked_for_as_the_authors_do_and_begins_with_the_problem():
    wanted = f'OLD CODE:\n{OLD.rstrip()}\n\nFEEDBACK:\nIt takes away.\n\nREFINEMENT:\n"""\nAdd.\n"""\n'
    assert prompts.refining(OLD, "It takes away.", '"""\nAdd.\n"""\n') == wanted


def test_of_a_refinements_prompt_what_follows_the_last_heading_belongs_to_the_program():
    said = "Write it anew.\n\nREFINEMENT:\nno"
    assert prompts.begun(prompts.refining(OLD, said, "# here\n")) == "# here\n"
    assert prompts.begun("<|good|># a task\n") == "# a task\n"


def test_worked_examples_stand_before_the_prompt_and_end_with_their_refinement():
    asked = prompts.remarking(OLD)
    shown = prompts.shown([(OLD, "No.", "fixed()\n")], asked)
    assert shown == f"OLD CODE:\n{OLD.rstrip()}\n\nFEEDBACK:\nNo.\n\nREFINEMENT:\nfixed()\n\n{asked}"


def test_a_chat_asks_for_a_refinement_in_its_last_turn():
    (turn,) = prompts.refining(OLD, "No.", (Message(role="user", content="Add."),))
    assert isinstance(turn, Message)
    assert turn.content.startswith("Add.\n\nOLD CODE:\n")
    assert turn.content.endswith("FEEDBACK:\nNo.\n\nREFINEMENT:")


def test_a_refinement_that_begins_otherwise_bears_loss_as_a_whole():
    asked = prompts.refining(OLD, "No.", "# here\n")
    demo = prompts.mended("a", ("b",), asked, "import math\n")
    assert str(demo.context).endswith("\n\nREFINEMENT:\n")
    assert demo.target == "import math\n"
