"""What came of an attack: a result for each program, the table by group, the same as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from errata.jsonl import Json
from errata.redteam.corpus import HONEST, WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a grader made of one program."""

    id: str
    group: str
    note: str
    said: str
    """What the grader said, in its own word: an outcome, `pass`, `fail`."""
    through: str = ""
    """How an attack got through, or why an honest program was refused; empty: as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All results against one grader."""

    against: str
    """The grader's name; `errata tier 1` is this machine's judge."""
    results: tuple[Result, ...]
    left_out: int = 0
    """Programs that this grader cannot be given: it has no time limit to set, or takes no such tests."""
    seconds: float = 0.0

    @property
    def attacks(self) -> list[Result]:
        return [result for result in self.results if result.group not in (HONEST, WRONG)]

    @property
    def through(self) -> list[Result]:
        """Attacks that got through, and wrong programs that passed."""
        return [result for result in self.results if result.through and result.group != HONEST]

    @property
    def refused(self) -> list[Result]:
        """Honest programs that did not pass."""
        return [result for result in self.results if result.through and result.group == HONEST]

    def json(self) -> dict[str, Json]:
        """The report for machines: groups with counts and names, and every result."""
        groups: dict[str, Json] = {
            name: {"programs": len(rows), "through": [row.id for row in rows if row.through]}
            for name, rows in grouped(self.results).items()
        }
        return {
            "against": self.against,
            "attacks": len(self.attacks),
            "through": [row.id for row in self.through],
            "refused": [row.id for row in self.refused],
            "left_out": self.left_out,
            "seconds": round(self.seconds, 1),
            "groups": groups,
            "results": [asdict(result) for result in self.results],
        }

    def line(self) -> str:
        """The last line."""
        honest = sum(result.group == HONEST for result in self.results)
        wrong = sum(result.group == WRONG for result in self.results)
        through = sum(result.group != WRONG for result in self.through)
        passed = len(self.through) - through
        return (
            f"{self.against}: {through} of {len(self.attacks)} attacks got through; "
            f"{len(self.refused)} of {honest} honest programs refused; {passed} of {wrong} wrong ones passed"
        )


def grouped(results: Sequence[Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.group, []).append(result)
    return found


def show(report: Report, console: Console | None = None) -> None:
    """Print the table by group, what got through with what it tries, and the last line."""
    console = console or Console(highlight=False, emoji=False)
    table = Table(title=f"attacks on {escape(report.against)}", title_justify="left")
    for name in ("", "programs", "got through", ""):
        table.add_column(name, justify="left" if not name else "right")
    for name, rows in grouped(report.results).items():
        bad = [row.id for row in rows if row.through]
        title = {HONEST: "honest (refused)", WRONG: "wrong (passed)"}.get(name, name)
        mark = f"[red]{len(bad)}[/red]" if bad else "[green]0[/green]"
        table.add_row(title, str(len(rows)), mark, escape(", ".join(bad)))
    console.print(table)
    for row in (*report.through, *report.refused):
        console.print(f"[red]{escape(row.id)}[/red]  {escape(row.note)}: {escape(row.through)}")
    if report.left_out:
        console.print(f"{report.left_out} programs left out: made for another grader, or this one cannot be given them")
    honest = sum(result.group == HONEST for result in report.results)
    if honest and len(report.refused) == honest:
        console.print("It refuses every honest program too, so what it refuses tells nothing.")
    console.print(f"{escape(report.line())} ({report.seconds:.0f} s)", soft_wrap=True)
