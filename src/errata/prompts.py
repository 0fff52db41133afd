"""Records <-> model text, in one place for sampling and for training.

The control tokens, the prompt of each task format, the training text of LETI's feedback-conditioned fine-tuning
(Wang et al. 2023, arXiv 2305.10314), and ILF's of refinement (Chen et al. 2023, arXiv 2303.16749). Nobody else formats
model text.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from errata.errors import UsageError
from errata.types import Demo, Feedback, Message, Prompt, Sample, StdinTests, Task, Text, UnitTests, Verdict

GOOD = "<|good|>"
BAD = "<|bad|>"
FEEDBACK_BEGIN = "<|lang_feedback|>"
FEEDBACK_END = "<|/lang_feedback|>"
CONTROL_TOKENS = (BAD, GOOD, FEEDBACK_BEGIN, FEEDBACK_END)
GOALS = {"good": GOOD, "bad": BAD, "none": ""}
"""What a model can be conditioned on, by the name that folders and tables use."""

Style: TypeAlias = Literal["auto", "docstring", "ilf", "code", "chat"]
"""How a task is put to a model; `auto` is `code` where the task has code to continue, else `docstring`, and the words
of the task alone where any text may be the answer."""
SPOKEN = ("functions", "rules", "constrained")
"""Checks of tasks that any text may answer, where others want a program."""


def examples(task: Task) -> tuple[str, ...]:
    """The public tests of a task as a model may see them: Python, or what is read and what must be printed."""
    match task.check:
        case UnitTests(tests=tests):
            return tests
        case StdinTests(cases=cases):
            return tuple(f"Input:\n{case.stdin.rstrip()}\nOutput:\n{case.stdout.rstrip()}" for case in cases)
        case _:
            return ()


def docstring(task: Task) -> str:
    '''LETI's MBPP prompt: `"""\\n{text}\\n{first test}\\n"""\\n`, no signature (papers: LETI 2.1).'''
    tests = examples(task)[:1]
    return "\n".join(('"""', task.instruction, *tests, '"""')) + "\n"


def ilf(task: Task) -> str:
    '''ILF's MBPP prompt: text, the first test as an example, and the reference's code up to the tested `def` line.

    `"""\\n{text}\\n\\n>>> Example: {assert, 'assert ' dropped, '==' -> '='}\\n"""\\n\\n{code to 'def name(...):'}\\n`
    '''
    if not isinstance(task.check, UnitTests) or not task.check.tests or not task.reference:
        raise UsageError(f"{task.id}: ILF's prompt needs a test and a reference program")
    example = task.check.tests[0].replace("assert ", "", 1).replace("==", "=")
    lines = task.reference.replace("\r\n", "\n").split("\n")
    name = task.check.entry_point
    at = next((i for i, line in enumerate(lines) if line.startswith(f"def {name}")), None)
    if at is None:
        raise UsageError(f"{task.id}: the reference program has no line 'def {name}'")
    head = "\n".join(lines[: at + 1])
    return f'"""\n{task.instruction}\n\n>>> Example: {example}\n"""\n\n{head.rstrip()}\n'


def posed(words: str, *, chat: bool = False) -> Text:
    """Something asked in words, whose answer is a text: an empty line and then the answer, or a user turn."""
    return (Message(role="user", content=words),) if chat else f"{words.rstrip()}\n\n"


def chat(task: Task) -> tuple[Message, ...]:
    """One user turn; the policy renders it with the model's own chat template."""
    if task.check.kind in SPOKEN:
        return (Message(role="user", content=task.instruction),)
    close = "Reply with the whole program in one code block."
    if task.prefix:
        words = f"Complete this Python program. {close}\n\n```python\n{task.prefix}```"
    else:
        tests = "\n".join(examples(task))
        words = f"{task.instruction}\n\nYour program must pass these tests:\n```python\n{tests}\n```\n{close}"
    return (Message(role="user", content=words),)


def render(task: Task, style: Style = "auto") -> Text:
    """What the model is given for a task, without control tokens."""
    match style:
        case "auto":
            return posed(task.instruction) if task.check.kind in SPOKEN else task.prefix or docstring(task)
        case "docstring":
            return docstring(task)
        case "ilf":
            return ilf(task)
        case "code":
            if not task.prefix:
                raise UsageError(f"{task.id}: has no code to continue; use another prompt style than 'code'")
            return task.prefix
        case "chat":
            return chat(task)


def ask(tasks: Iterable[Task], draws: int, goal: str = "", style: Style = "auto") -> Iterator[Prompt]:
    """Every draw of every task: ids `mbpp/11#0` ... The goal, `<|good|>` or `<|bad|>`, goes before the text."""
    for task in tasks:
        text = steered(render(task, style), goal)
        for draw in range(draws):
            yield Prompt(id=f"{task.id}#{draw}", task=task.id, text=text)


def steered(text: Text, goal: str) -> Text:
    """The text with the goal token before it; in a chat, before the last user turn."""
    if isinstance(text, str):
        return goal + text
    *before, last = text
    return (*before, Message(role=last.role, content=goal + last.content))


def plain(text: Text) -> Text:
    """The text without its goal token. The token is removed as a whole, never as a set of characters."""
    if isinstance(text, str):
        return text.removeprefix(GOOD).removeprefix(BAD)
    return tuple(Message(role=turn.role, content=turn.content.removeprefix(GOOD).removeprefix(BAD)) for turn in text)


def fcft(
    sample: Sample,
    verdict: Verdict,
    feedback: Feedback | None,
    *,
    loss_on: Literal["all", "program"] = "all",
    feedback_at: Literal["before", "after"] = "before",
) -> Demo:
    """LETI's training text (papers: LETI 2.1 point 3).

    pass: `<|good|>{problem}{program}`; fail: `<|bad|><|lang_feedback|>{words}<|/lang_feedback|>{problem}{program}`;
    a failure without words: `<|bad|>{problem}{program}`. The loss bears on all of it, as the authors have it, or on
    the program alone. `after` puts the words behind the program, where they bear loss like it.
    """
    head, end = GOOD if verdict.passed else BAD, ""
    if feedback is not None and feedback.text and not verdict.passed:
        words = FEEDBACK_BEGIN + feedback.text + FEEDBACK_END
        head, end = (head + words, "") if feedback_at == "before" else (head, words)
    of = (sample.id, verdict.id) if feedback is None else (sample.id, verdict.id, feedback.id)
    context = steered(plain(sample.prompt), head)
    if loss_on == "all" and isinstance(context, str):
        return Demo(id=sample.id, of=of, context="", target=context + sample.text + end)
    return Demo(id=sample.id, of=of, context=context, target=sample.text + end)


OLD, SAID, REFINED = "OLD CODE:\n", "\n\nFEEDBACK:\n", "\n\nREFINEMENT:\n"
REFINING_STOPS = ("\nOLD CODE:", "\nFEEDBACK:", "\nREFINEMENT:")
"""What ends a reply of a model that was only shown examples, and goes on with another one."""


def refining(old: str, feedback: str, problem: Text = "") -> Text:
    """ILF's prompt for a refinement, `OLD CODE ... FEEDBACK ... REFINEMENT` (papers: ILF 1.1, points 4 and 5).

    The refinement begins with `problem`, as the authors force it to; without feedback that part is left out. In a chat,
    whose problem is a turn and no beginning of a program, the same stands in one turn.
    """
    text = OLD + old.rstrip() + (SAID + feedback.strip() if feedback else "") + REFINED
    if isinstance(problem, str):
        return text + problem
    *before, last = problem
    return (*before, Message(role=last.role, content=f"{last.content}\n\n{text.rstrip()}"))


def remarking(old: str) -> str:
    """The prompt for feedback: a refinement's prompt, ended where the feedback begins."""
    return OLD + old.rstrip() + SAID


def shown(shots: Iterable[tuple[str, str, str]], prompt: str) -> str:
    """The prompt behind worked examples of (old program, feedback, refinement)."""
    worked = [f"{refining(old, feedback)}{refinement.strip()}" for old, feedback, refinement in shots]
    return "\n\n".join((*worked, prompt))


def begun(prompt: Text) -> str:
    """What of a prompt is the beginning of the program that answers it: all of it, or what follows `REFINEMENT`."""
    text = plain(prompt)
    if not isinstance(text, str):
        return ""
    return text.rpartition(REFINED)[2] if text.startswith(OLD) and REFINED in text else text


def mended(demo: str, of: tuple[str, ...], asked: Text, refinement: str) -> Demo:
    """The training text of a refinement: loss on what follows the prompt, or on all of the refinement (as the authors
    have it) where the prompt forces no beginning or the refinement has another one."""
    forced = begun(asked)
    if forced and refinement.startswith(forced):
        return Demo(id=demo, of=of, context=asked, target=refinement[len(forced) :])
    if forced and isinstance(asked, str):
        asked = asked.removesuffix(forced)
    return Demo(id=demo, of=of, context=asked, target=refinement)


def rewriting(prompt: str, output: str, feedback: str) -> str:
    """The prompt for another try at a text that no test can judge (after Scheurer et al. 2023, arXiv 2303.16755)."""
    tried = f"{prompt.rstrip()}\n\nFirst try:\n{output.strip()}"
    return f"{tried}\n\nWhat is wrong with it:\n{feedback.strip()}\n\nSecond try:\n"


def including(output: str, feedback: str, other: str) -> str:
    """The question put to a judge: does a second try do what was said of the first? The reply begins with Yes or No."""
    tried = f"A first try:\n{output.strip()}\n\nWhat was said of it:\n{feedback.strip()}"
    question = "Does the second try do what was said? Answer Yes or No."
    return f"{tried}\n\nA second try:\n{other.strip()}\n\n{question}\nAnswer:"
