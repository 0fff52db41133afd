"""Whole programs: each case is one run, given its standard input; what was printed is compared here.

A case passes when the program came to its end by itself, with status 0, and printed what is wanted. What is wanted
never enters its process. The time limit holds for each case; after the first that runs out of it no other is run.
"""

import math
import signal
from collections.abc import Sequence
from dataclasses import replace

from errata.outcomes import Compare, Part
from errata.sandbox.found import Found, explained
from errata.sandbox.limits import Ended, Limits, Outcome, Program
from errata.sandbox.order import Order, written
from errata.sandbox.session import Over, Session
from errata.sandbox.show import MOST, show
from errata.sandbox.tracebacks import layout, of_report, of_syntax
from errata.sandbox.worker import Worker

ROOM = 1 << 16
"""Bytes of output that are kept beyond what is wanted."""


def run_script(worker: Worker, program: Program, limits: Limits) -> Outcome:
    """Runs the program once for each case. Raises Fault when the machine failed."""
    cases = (*program.cases, *program.hidden_cases)
    found: list[Found] = []
    ends: list[Ended] = []
    for stdin, wanted in cases:
        item, ended = run_case(worker, program, (stdin, wanted), limits)
        found.append(item)
        ends.append(ended)
        if item.word in ("timeout", "syntax"):
            break
    found += [replace(found[-1], got=None)] * (len(cases) - len(found))
    shown = len(program.cases)
    parts = tuple(
        Part(
            name=f"case[{at}]",
            passed=item.word == "passed",
            call=f"stdin {show(stdin)}",
            got=item.got,
            expected=show(wanted),
        )
        if at < shown
        else Part(name=f"hidden[{at - shown}]", passed=item.word == "passed")
        for at, ((stdin, wanted), item) in enumerate(zip(cases, found, strict=True))
    )
    first = next((at for at, item in enumerate(found) if item.word != "passed"), None)
    last = ends[first if first is not None and first < min(shown, len(ends)) else 0]
    return Outcome(
        outcome="passed" if first is None else found[first].word,
        parts=parts,
        detail=found[first].detail if first is not None and first < shown else "",
        stdout=last.stdout if shown else "",
        stderr=last.stderr if shown else "",
        seconds=sum(ended.wall_seconds for ended in ends),
        cpu=sum(ended.cpu_seconds for ended in ends),
        own=max(ended.own_seconds for ended in ends),
        peak_mib=max(ended.peak_mib for ended in ends),
        tier=worker.tier or 0,
    )


def run_case(worker: Worker, program: Program, case: tuple[str, str], limits: Limits) -> tuple[Found, Ended]:
    """One run, and what was found of it."""
    order: Order = {
        "source": program.source,
        "imports": [],
        "back": False,
        "call": "",
        "plan": [],
        "whole": False,
        "script": True,
    }
    room = replace(limits, output_bytes=max(limits.output_bytes, len(case[1].encode(errors="replace")) + ROOM))
    child = worker.start(written(order), room, case[0].encode("utf-8", "surrogatepass"))
    session = Session(child)
    report = None
    silent = False
    try:
        match session.receive():
            case ["v", 0, *_]:
                pass
            case ["s", 0, said]:
                return Found(word="syntax", detail=of_syntax(said)), child.finish(kill=True)
            case ["e", 0, dict(said)] if said.get("base") != "SystemExit" or said.get("args") not in ([], [0], [None]):
                report = said
            case ["e", 0, dict(_)]:
                pass
            case _:
                silent = True
    except Over as over:
        if over.outcome != "early_exit":
            return explained(Found(word=over.outcome), ended := child.finish(kill=True)), ended
        silent = True
    ended = child.finish(kill=not silent)
    if report is not None:
        word = "memory" if report.get("base") == "MemoryError" else "exception"
        return Found(word=word, got=show(ended.stdout), detail=of_report(layout(program.source, []), report)), ended
    if silent and (ended.exit_code != 0 or ended.limit):
        killed = ended.signal in (signal.SIGKILL, signal.SIGTERM)
        return explained(Found(word="early_exit" if ended.exit_code or killed else "crashed"), ended), ended
    if ended.limit:
        return Found(word=ended.limit), ended
    return compared(ended.stdout, case[1], program), ended


def compared(printed: str, wanted: str, program: Program) -> Found:
    got = show(printed)
    wrong = difference(printed, wanted, program.compare, program.tolerance)
    if not wrong:
        return Found(word="passed", got=got)
    return Found(word="wrong", got=got, detail=wrong)


def difference(printed: str, wanted: str, compare: Compare, tolerance: float) -> str:
    """Where the texts differ first, in words; empty where they do not."""
    if tolerance:
        compare = "tokens"
    have, want = pieces(printed, compare), pieces(wanted, compare)
    name = "word" if compare == "tokens" else "line"
    for at, (one, other) in enumerate(zip(have, want, strict=False), 1):
        if one != other and not (tolerance and near(one, other, tolerance)):
            return f"{name} {at}: printed {show(one, MOST // 2)}, expected {show(other, MOST // 2)}\n"
    if len(have) == len(want):
        return ""
    at = min(len(have), len(want))
    if len(have) < len(want):
        return f"{name} {at + 1}: nothing printed, expected {show(want[at], MOST // 2)}\n"
    return f"{name} {at + 1}: printed {show(have[at], MOST // 2)}, expected nothing more\n"


def pieces(text: str, compare: Compare) -> Sequence[str]:
    match compare:
        case "tokens":
            return text.split()
        case "lines":
            return [line.rstrip() for line in text.replace("\r\n", "\n").rstrip().split("\n")]
        case "exact":
            return text.split("\n")


def near(one: str, other: str, tolerance: float) -> bool:
    """Whether both are numbers and differ by no more, absolutely or by the wanted one."""
    try:
        have, want = float(one), float(other)
    except ValueError:
        return False
    return math.isfinite(want) and abs(have - want) <= tolerance * max(1.0, abs(want))
