"""One program against its tests, judged here: the rule is that no pass can be forged.

The tests run in this process, unmodified, on this process's data; the program runs in the sandbox and is only asked
for values (`session`). A test passes when its code ran here to its end, the program was asked, and it was alive and
in turn all the while. Nothing that the program says about itself counts as a verdict.

Names: what tests see of the program are the names that it defines, except builtins, helpers that the task gives
(`Program.prelude`) and the standard library's modules, which are always this process's own, unless such a name is the
entry point itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from errata.outcomes import Outcome as Word
from errata.outcomes import Part
from errata.sandbox.ahead import Diverged, Over
from errata.sandbox.checks import Asserted, Test, ready, values
from errata.sandbox.found import Found, explained
from errata.sandbox.guard import Expired, guard, running, starts_pytest, unchanged
from errata.sandbox.handles import Handle
from errata.sandbox.limits import Ended, Limits, Outcome, Program
from errata.sandbox.literals import execute
from errata.sandbox.meanwhile import Meanwhile, chance
from errata.sandbox.names import collector, namespace, shared
from errata.sandbox.order import Order, written
from errata.sandbox.plan import Plan, plan
from errata.sandbox.protocol import Broken, Json, unpack
from errata.sandbox.session import Session
from errata.sandbox.show import show
from errata.sandbox.tracebacks import Layout, layout, of_error, of_report, of_syntax, places, syntax_of
from errata.sandbox.worker import Worker

SETUP = "<setup>"
MOST_NAME = 2000
NOTHING = "The tests ask nothing of the program: whatever it does would pass."
AGAIN: tuple[Word, ...] = ("wrong", "exception")
"""What tests find that look at changes of which they are not told."""
GRACE = 2.0
"""Seconds of CPU that test code may use beyond the program's own limit."""


def run_trial(worker: Worker, program: Program, limits: Limits) -> Outcome:
    """Runs the program once and every test against it. Raises Fault when the machine failed."""
    trial = Trial(program)
    if trial.plan is None and trial.setup.error is not None:
        found = [trial.no_python(trial.setup)] * len(trial.tests)
        return trial.outcome(found, None, worker.tier or 0)
    made = attempt(worker, trial, limits)
    if made is None:
        trial.plan = None
        made = attempt(worker, trial, limits)
    assert made is not None
    if made.outcome in AGAIN and program.copy_back is None and not program.together:
        from errata.sandbox.inplace import looks

        if any(map(looks, (program.setup, *trial.sources))):
            back = run_trial(worker, replace(program, copy_back=True), limits)
            made = replace(back, forgeable=True) if back.outcome == "passed" else made
    return made


def attempt(worker: Worker, trial: "Trial", limits: Limits) -> Outcome | None:
    """One process for the program; none when its plan did not come true."""
    child = worker.start(trial.job(), limits, trial.program.stdin.encode("utf-8", "surrogatepass"))
    session = Session(child, bool(trial.program.copy_back))
    try:
        found = trial.run(session, limits.seconds + GRACE)
    except Diverged:
        found = []
    finally:
        ended = child.finish(kill=True)
    if session.ahead.diverged:
        return None
    return trial.outcome([explained(item, ended) for item in found], ended, worker.tier or 0)


class Trial:
    """The tests of one program, made ready."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sources = (*program.tests, *program.hidden)
        plannable = not (program.copy_back or program.together)
        self.trusting = False
        self.plan: Plan | None = plan(self.sources, program.setup, program.entry_point) if plannable else None

    @cached_property
    def setup(self) -> Test:
        return ready(self.program.setup, SETUP, self.program.entry_point)

    @cached_property
    def tests(self) -> list[Test]:
        entry = self.program.entry_point
        return [ready(source, f"<test {at}>", entry) for at, source in enumerate(self.sources)]

    @cached_property
    def layout(self) -> Layout:
        pieces = [(SETUP, self.program.setup)] if self.program.setup else []
        pieces += [(f"<test {at}>", source) for at, source in enumerate(self.sources)]
        return layout(self.program.source, pieces)

    @cached_property
    def by_file(self) -> dict[str, Test]:
        return {SETUP: self.setup, **{f"<test {at}>": test for at, test in enumerate(self.tests)}}

    def job(self) -> bytes:
        imports = self.plan.imports if self.plan else [line for test in self.by_file.values() for line in test.imports]
        asked = self.plan.asked[: self.plan.sent] if self.plan else ()
        order: Order = {
            "source": self.program.source,
            "imports": list(shared(imports, self.program.source)),
            "back": bool(self.program.copy_back),
            "call": self.plan.name if self.plan else "",
            "plan": [item.sent() for item in asked],
            "whole": self.plan is not None and self.plan.whole,
        }
        return written(order)

    def run(self, session: Session, seconds: float) -> list[Found]:
        """seconds: CPU time that test code may use."""
        try:
            first = session.receive()
        except Over as over:
            return [Found(word=over.outcome)] * len(self.sources)
        match first:
            case ["v", 0, dict(names), None]:
                pass
            case [_, 1, *_] if self.plan is not None and self.plan.whole:
                # Answers already: the function is there, and such tests use no other name of the program's.
                session.held, name = first, self.plan.name
                names: dict[str, Json] = {name: {"t": "handle", "v": [0, "function", f".{name}"]}}
            case ["s", 0, report]:
                return [Found(word="syntax", detail=of_syntax(report))] * len(self.sources)
            case ["e", 0, dict(report)]:
                return [self.fell(report)] * len(self.sources)
            case _:
                return [Found(word="crashed")] * len(self.sources)
        found = self.run_planned(session, names)
        if found is None:
            session.named = frozenset[str]().union(*(test.expects for test in self.by_file.values()))
            session.raising = {(file, line) for file, test in self.by_file.items() for line in test.raising}
            texts = [test.short for test in self.by_file.values()]
            session.meanwhile = Meanwhile(texts)
            with guard(seconds), unchanged(texts), chance(session, texts):
                found = self.run_together(session) if self.program.together else self.run_apart(session, names)
            self.trusting = session.trusting or session.words.doubted
        return found

    def run_planned(self, session: Session, described: dict[str, Json]) -> list[Found] | None:
        """All tests passed, by the answers to what was planned; none when their own code must say what is the case."""
        planned = self.plan
        if planned is None or described.get(planned.name) is None:
            return None
        try:
            target = unpack(described[planned.name], session.known)
        except Broken:
            return [Found(word="crashed")] * len(self.sources)
        if not isinstance(target, Handle):
            return None
        session.foresee(planned.asked, planned.sent, target)
        if not planned.whole:
            return None
        found: list[Found] = []
        for at, asked in enumerate(planned.asked):
            told, got = session.foretold(at + 1)
            try:
                if not told or not asked.holds(got):
                    return None
            except Exception:
                return None
            found.append(
                Found(
                    word="passed",
                    call=asked.call if planned.apart else "",
                    got=show(got) if planned.apart else None,
                    expected=asked.wanted() if planned.apart else None,
                )
            )
        return found if planned.apart else found[:1]

    def fell(self, report: dict[str, Json]) -> Found:
        """The program raised before any test."""
        base = report.get("base")
        if base == "SystemExit":
            return Found(word="early_exit")
        return Found(word="memory" if base == "MemoryError" else "exception", detail=of_report(self.layout, report))

    def run_apart(self, session: Session, described: dict[str, Json]) -> list[Found]:
        found: list[Found] = []
        try:
            names = namespace(
                session, described, (self.setup, *self.tests), self.program.entry_point, self.program.prelude
            )
            made = frozenset(name for name in (*described, self.program.entry_point) if described.get(name) is None)
            if self.setup.error is None and self.program.setup:
                broken = self.run_test(session, self.setup, names, made)
                if broken.word != "passed":
                    return [broken] * len(self.tests)
            for test in self.tests:
                found.append(self.run_test(session, test, names, made))
                made |= test.stores
                if session.over is not None or found[-1].word == "timeout":
                    break
        except (Over, Expired) as error:
            found.append(Found(word=error.outcome if isinstance(error, Over) else "timeout"))
        except Broken:
            found.append(Found(word="crashed"))
        if not (session.touched or session.classed) and all(item.word == "passed" for item in found):
            return [Found(word="invalid_check", detail=NOTHING)] * len(self.tests)
        return found + [replace(found[-1], call="", got=None, expected=None)] * (len(self.tests) - len(found))

    def run_test(self, session: Session, test: Test, names: dict[str, object], made: frozenset[str]) -> Found:
        """Runs one piece of test code; the found word is `passed` when it came to its end.

        made: names that the program or earlier tests have made; a test that fails over them is not broken by itself.
        """
        if test.error is not None:
            return self.no_python(test)
        before, session.exited = session.touched, False
        try:
            try:
                execute(test.pieces, names)
            except SystemExit as left:  # As `sys.exit(pytest.main())` does.
                if type(left) is not SystemExit or left.code or session.over is not None or session.exited:
                    raise
            if test.tests:
                from errata.sandbox.collect import collected

                collected(test.tests, names)
        except KeyboardInterrupt:
            raise
        except (Over, Expired) as error:
            where, word = self.left(error), error.outcome if isinstance(error, Over) else "timeout"
            return Found(word=word, call=where[0].call if where else "")
        except BaseException as error:
            own = session.touched == before and not (test.loads & made)
            return self.failed(session, error, own)
        if session.over is not None or session.exited:
            return Found(word=session.over.outcome if session.over else "early_exit")
        one = test.asserted[0] if len(test.asserted) == 1 else None
        got, expected = values(one, names) if one and one.got in names else (None, None)
        return Found(word="passed", call=one.call if one else "", got=got, expected=expected)

    def failed(self, session: Session, error: BaseException, untouched: bool) -> Found:
        """What an exception that left the test means."""
        if session.over is not None or session.exited:
            return Found(word=session.over.outcome if session.over else "early_exit")
        theirs = any(item.error is error for item in session.raised)
        word: Word = "wrong" if isinstance(error, AssertionError) else "exception"
        if isinstance(error, MemoryError | SystemExit):
            word = "memory" if isinstance(error, MemoryError) else "early_exit"
        elif untouched and not theirs and not isinstance(error, AssertionError | NameError):
            word = "invalid_check"
        detail = of_error(self.layout, error, session.raised)
        where = self.left(error)
        if where is None:
            return Found(word=word, detail=detail)
        asserted, seen = where
        got, expected = values(asserted, seen)
        return Found(word=word, detail=detail, call=self.renamed(asserted.call), got=got, expected=expected)

    def left(self, error: BaseException) -> tuple[Asserted, Mapping[str, object]] | None:
        """The assert statement that an exception left, and the names that its values are under."""
        for entry in reversed(list(places(self.layout, error.__traceback__))):
            for asserted in self.by_file[entry.tb_frame.f_code.co_filename].asserted:
                if asserted.first <= entry.tb_lineno <= asserted.last:
                    return asserted, entry.tb_frame.f_locals
        return None

    def renamed(self, call: str) -> str:
        """HumanEval's tests say `candidate` for the function."""
        entry = self.program.entry_point
        return call.replace("candidate(", f"{entry}(") if entry and "candidate" in self.setup.source else call

    def run_together(self, session: Session) -> list[Found]:
        """The tests in the program's own process: it could have written what is found."""
        found: list[Found] = []
        if any(test.tests or running(test.source) for test in self.by_file.values()):
            text = collector(any(map(starts_pytest, self.sources)))
            made = f"exec(compile({text!r}, '<collect>', 'exec'), errata_collect)"
            session.ask("test", f"errata_collect = {{}}\n{made}", "<collect>")
        for name, test in self.by_file.items():
            before = self.layout.pieces[name][0] if name in self.layout.pieces else 0
            try:
                session.ask("test", "\n" * before + test.source, "<string>")
                if test.tests:
                    session.ask("test", f"errata_collect['collected']({test.tests!r}, globals())", "<collect>")
                found.append(Found(word="passed"))
            except (Over, Expired) as error:
                found.append(Found(word=error.outcome if isinstance(error, Over) else "timeout"))
            except Exception as error:
                report = session.raised[-1].report
                word: Word = "wrong" if report.get("base") == "AssertionError" else self.fell(report).word
                found.append(Found(word=word, detail=of_error(self.layout, error, session.raised)))
        setup, *rest = found
        return rest if setup.word == "passed" else [setup] * len(rest)

    def no_python(self, test: Test) -> Found:
        assert test.error is not None
        name = next(name for name, found in self.by_file.items() if found is test)
        before = self.layout.pieces[name][0] if name in self.layout.pieces else 0
        return Found(word="invalid_check", detail=of_syntax(syntax_of(test.error), before))

    def outcome(self, found: Sequence[Found], ended: Ended | None, tier: int) -> Outcome:
        """The outcome of the whole: that of the first failing test."""
        shown = len(self.program.tests)
        parts = tuple(
            Part(
                name=source[:MOST_NAME],
                passed=item.word == "passed",
                call=item.call,
                got=item.got,
                expected=item.expected,
            )
            if at < shown
            else Part(name=f"hidden[{at - shown}]", passed=item.word == "passed")
            for at, (source, item) in enumerate(zip(self.sources, found, strict=True))
        )
        first = next((at for at, item in enumerate(found) if item.word != "passed"), None)
        word: Word = "invalid_check" if not found else "passed" if first is None else found[first].word
        detail = found[first].detail if first is not None and first < shown else ""
        made = Outcome(
            outcome=word, parts=parts, detail=detail, tier=tier, forgeable=self.program.together or self.trusting
        )
        if ended is None:
            return made
        return replace(
            made,
            stdout=ended.stdout,
            stderr=ended.stderr,
            seconds=ended.wall_seconds,
            cpu=ended.cpu_seconds,
            own=ended.own_seconds,
            peak_mib=ended.peak_mib,
        )
