"""`errata answers`: people's answers come into a run from a file, or go out to one."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Bring answers from a file into a run; what fits none of its questions is kept out and said by line."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """Folder of the run that waits for answers."""
    file: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="FILE")]]
    """JSONL of Answer or Feedback records, ILF's surge_annotations.jsonl, CSV, or Argilla's JSON."""
    format: str = ""
    """answer, feedback, ilf, csv or argilla; by the file's ending and first line where none is named."""
    failing: bool = False
    """Take answers whose refinement fails its tests too, marked as such; without it one of them stops the import."""
    replace: bool = False
    """Take an answer also where its author has answered the question otherwise before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Write a run's answers to a file."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """Folder of the run."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Where they go; .jsonl, .csv or .json (Argilla)."""
    format: str = ""
    """answer, feedback, csv or argilla; by the file's ending where none is named."""


def answers(
    what: Annotated[
        Annotated[Import, tyro.conf.subcommand("import")] | Annotated[Export, tyro.conf.subcommand("export")],
        tyro.conf.arg(name=""),
    ],
) -> None:
    """Bring people's answers into a run, or take them out."""
    from errata.feedback import exchange
    from errata.judges import Judging, judge

    if isinstance(what, Export):
        print(f"{exchange.take(what.run, what.out, format=what.format)} answers written to {what.out}")
        return
    try:
        done = exchange.bring(
            what.run,
            what.file,
            lambda tasks: judge(tasks, Judging()),
            format=what.format,
            failing=what.failing,
            replacing=what.replace,
        )
    except exchange.Refused as refused:
        print("\n".join(refused.reasons), file=sys.stderr)
        raise
    for words in (*done.kept_out, *done.failing):
        print(words, file=sys.stderr)
    for folder, count in done.written.items():
        print(f"{count} answers written to {folder / 'answer.jsonl'}")
    print(f"{sum(done.written.values())} imported, {done.there} were there, {len(done.kept_out)} kept out")
