"""What a run makes once it keeps, and what it was begun with it holds to."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.runs import Run
from errata.runs.diary import Bars
from errata.types import Demo, Owed, Prompt, Sample, Timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    seconds: float = 3.0
    workers: int = field(default=0, metadata={"free": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    draws: int = 4
    rounds: int = field(default=2, metadata={"may": "grow"})
    device: str = field(default="cpu", metadata={"free": True})
    limits: Limits = Limits()


class Policy:
    """Answers every prompt and remembers which ones it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, prompts: Iterable[Prompt]) -> Iterator[Sample]:
        for prompt in prompts:
            self.asked.append(prompt.id)
            yield answer(prompt)


def answer(prompt: Prompt, text: str = "pass") -> Sample:
    return Sample(id=prompt.id, of=prompt.id, task=prompt.task, prompt=prompt.text, text=text)


def prompts(number: int) -> list[Prompt]:
    return [Prompt(id=f"t/{i}#0", task=f"t/{i}", text="é") for i in range(number)]


def begun(folder: Path, settings: Settings = Settings(), **identity: str) -> Run:
    return Run.open(folder / "run", settings, identity)


def test_each_item_has_a_record_in_the_order_of_the_items(tmp_path: Path) -> None:
    def backwards(items: Iterable[Prompt]) -> Iterator[Sample]:
        yield from map(answer, reversed(list(items)))

    rows = begun(tmp_path).at("00").map(Sample, backwards, prompts(5))
    assert [row.id for row in rows] == [row.id for row in rows] == [p.id for p in prompts(5)]
    assert (len(rows), rows[1].id, rows[-1].id) == (5, "t/1#0", "t/4#0")
    assert [row.id for row in rows[3:]] == ["t/3#0", "t/4#0"]
    with pytest.raises(IndexError):
        rows[5]


def test_only_what_has_no_line_is_asked(tmp_path: Path) -> None:
    policy = Policy()
    begun(tmp_path).map(Sample, policy, prompts(3)[1:2])
    rows = begun(tmp_path).map(Sample, policy, prompts(3))
    assert policy.asked == ["t/1#0", "t/0#0", "t/2#0"]
    assert [row.id for row in rows] == ["t/0#0", "t/1#0", "t/2#0"]


def test_a_stage_is_not_called_when_nothing_is_owed(tmp_path: Path) -> None:
    def never(items: Iterable[Prompt]) -> Iterator[Sample]:
        raise AssertionError

    run = begun(tmp_path)
    run.map(Sample, Policy(), prompts(3))
    assert len(run.map(Sample, never, prompts(3))) == 3
    assert len(run.map(Sample, never, [])) == 0


def test_a_record_is_on_disk_before_the_next_item_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "run" / "sample.jsonl"
    there: list[int] = []

    def items() -> Iterator[Prompt]:
        for prompt in prompts(4):
            there.append(path.read_bytes().count(b"\n") if path.exists() else 0)
            yield prompt

    begun(tmp_path).map(Sample, Policy(), items())
    assert there == [0, 1, 2, 3]


def test_a_last_line_torn_at_any_byte_is_cut_off_and_owed_again(tmp_path: Path) -> None:
    begun(tmp_path).map(Sample, Policy(), prompts(3))
    path = tmp_path / "run" / "sample.jsonl"
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        policy = Policy()
        rows = begun(tmp_path).map(Sample, policy, prompts(3))
        # The line that lacks only its newline is whole.
        assert policy.asked == ([] if end == len(whole) - 1 else ["t/2#0"])
        assert path.read_bytes() == whole
        assert len(list(rows)) == 3


def test_a_torn_line_longer_than_what_is_read_at_once_is_cut_off(tmp_path: Path) -> None:
    def long(items: Iterable[Prompt]) -> Iterator[Sample]:
        return (answer(item, "x" * 300_000) for item in items)

    begun(tmp_path).map(Sample, long, prompts(2))
    path = tmp_path / "run" / "sample.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert [len(row.text) for row in begun(tmp_path).map(Sample, Policy(), prompts(2))] == [300_000, 4]


def test_a_broken_line_that_is_not_the_last_is_named(tmp_path: Path) -> None:
    begun(tmp_path).map(Sample, Policy(), prompts(2))
    path = tmp_path / "run" / "sample.jsonl"
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(UsageError) as refused:
        begun(tmp_path).map(Sample, Policy(), prompts(2))
    assert str(refused.value) == f"{path}:1: id: field required"


def test_of_several_lines_of_one_id_the_last_holds(tmp_path: Path) -> None:
    begun(tmp_path).map(Sample, Policy(), prompts(2))
    with (tmp_path / "run" / "sample.jsonl").open("a") as file:
        file.write(jsonl.dump(answer(prompts(1)[0], "edited")) + "\n")
    assert [row.text for row in begun(tmp_path).map(Sample, Policy(), prompts(2))] == ["edited", "pass"]


def test_what_stays_owed_is_a_fault_after_all_others_were_done(tmp_path: Path) -> None:
    def flaky(items: Iterable[Prompt]) -> Iterator[Sample | Owed]:
        for item in items:
            yield Owed(id=item.id, reason="a worker died") if item.id == "t/0#0" else answer(item)

    with pytest.raises(Fault) as fault:
        begun(tmp_path).map(Sample, flaky, prompts(3))
    assert str(fault.value) == "1 of 3 samples is owed: a worker died; run the same command again"
    policy = Policy()
    assert len(begun(tmp_path).map(Sample, policy, prompts(3))) == 3
    assert policy.asked == ["t/0#0"]


def test_what_differs_from_run_to_run_is_kept_out_of_the_records(tmp_path: Path) -> None:
    def timed(items: Iterable[Prompt]) -> Iterator[Timed[Sample]]:
        return (Timed(record=answer(item), timing={"seconds": 0.5, "tier": 2}) for item in items)

    rows = begun(tmp_path).at("00").map(Sample, timed, prompts(1))
    assert list(rows) == [answer(prompts(1)[0])]
    first, second = map(json.loads, (tmp_path / "run" / "timing.jsonl").read_text().splitlines())
    assert first == {"stage": "00/sample", "id": "t/0#0", "seconds": 0.5, "tier": 2}
    assert second.keys() == {"stage", "seconds", "items"}
    assert (second["stage"], second["items"]) == ("00/sample", 1)


def unasked(items: Iterable[Prompt]) -> Iterator[Sample]:
    for item in items:
        yield answer(item)
    yield answer(Prompt(id="other", task="t", text=""))


def twice(items: Iterable[Prompt]) -> Iterator[Sample]:
    for item in items:
        yield answer(item)
        yield answer(item)


def silent(items: Iterable[Prompt]) -> Iterator[Sample]:
    return (answer(item) for item in items if item.id != "t/1#0")


def idle(items: Iterable[Prompt]) -> Iterator[Sample]:
    return iter(())


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (unasked, "the stage answers 'other' though it was not asked"),
        (twice, "the stage answers 't/0#0' a second time"),
        (silent, "the stage ended without an answer for 't/1#0'"),
        (idle, "the stage ended without an answer for 't/0#0'"),
    ],
)
def test_a_stage_that_does_not_answer_one_for_one_is_a_bug(tmp_path: Path, stage, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        begun(tmp_path).map(Sample, stage, prompts(3))


def test_two_items_of_one_id_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="two items of one id"):
        begun(tmp_path).map(Sample, Policy(), [*prompts(2), *prompts(1)])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError])
def test_a_stage_that_is_stopped_is_closed_and_what_it_made_is_kept(tmp_path: Path, stop: type) -> None:
    closed: list[bool] = []

    def stopped(items: Iterable[Prompt]) -> Iterator[Sample]:
        try:
            yield from map(answer, items)
        finally:
            closed.append(True)

    def items() -> Iterator[Prompt]:
        yield from prompts(2)
        raise stop

    with pytest.raises(stop):
        begun(tmp_path).map(Sample, stopped, items())
    policy = Policy()
    begun(tmp_path).map(Sample, policy, prompts(3))
    assert closed == [True]
    assert policy.asked == ["t/2#0"]


def test_a_stage_is_closed_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    write = os.write

    def full(file: int, data: memoryview) -> int:
        if b"t/1#0" in bytes(data):
            write(file, data[:7])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    def stage(items: Iterable[Prompt]) -> Iterator[Sample]:
        try:
            yield from map(answer, items)
        finally:
            closed.append(True)

    run = begun(tmp_path)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Fault, match="no space left on the disk"):
        run.map(Sample, stage, prompts(3))
    monkeypatch.undo()
    assert closed == [True]
    policy = Policy()
    begun(tmp_path).map(Sample, policy, prompts(3))
    assert policy.asked == ["t/1#0", "t/2#0"]


def test_a_file_larger_than_the_system_allows_is_a_fault_that_leaves_whole_lines(tmp_path: Path) -> None:
    script = (
        "import resource, sys, pathlib; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from test_runs import *\n"
        "begun(pathlib.Path(sys.argv[1])).map(Sample, Policy(), prompts(99))\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert "errata.errors.Fault" in done.stderr
    lines = (tmp_path / "run" / "sample.jsonl").read_bytes().splitlines(keepends=True)
    assert 5 < len(lines) < 99
    assert all(line.endswith(b"}\n") for line in lines)


def test_a_put_file_is_made_once_and_its_records_are_not_asked_for_again(tmp_path: Path) -> None:
    def made() -> Iterator[Demo]:
        for i in range(3):
            asked.append(i)
            yield Demo(id=f"{i}", of=("a", "b"), context="", target="x")

    asked: list[int] = []
    first = begun(tmp_path).put(Demo, made())
    second = begun(tmp_path).put(Demo, made())
    assert list(first) == list(second)
    assert first.path == tmp_path / "run" / "example.jsonl"
    assert asked == [0, 1, 2]


def test_a_put_file_that_breaks_off_is_not_there(tmp_path: Path) -> None:
    def broken() -> Iterator[Demo]:
        yield Demo(id="a", of=(), context="", target="x")
        raise ValueError

    run = begun(tmp_path)
    with pytest.raises(ValueError):
        run.put(Demo, broken())
    assert not (run.path / "example.jsonl").exists()
    with pytest.raises(RuntimeError, match="two records of one id are put: 'a'"):
        run.put(Demo, [Demo(id="a", of=(), context="", target="x")] * 2)
    assert len(run.put(Demo, [])) == 0


def test_a_folder_is_made_once_under_another_name_that_outlives_a_crash(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def make(folder: Path, progress) -> None:
        seen.append([inner.name for inner in folder.iterdir()])
        (folder / "inner").mkdir(exist_ok=True)
        (folder / "inner" / "weights").write_text("1")
        progress(1, 2, "loss 0.5")
        if len(seen) == 1:
            raise ZeroDivisionError

    step = begun(tmp_path).at("00")
    with pytest.raises(ZeroDivisionError):
        step.once("model", make)
    assert not (step.path / "model").exists()
    assert (step.once("model", make) / "inner" / "weights").read_text() == "1"
    assert step.once("model", make) == step.path / "model"
    assert seen == [[], ["inner"]]


def test_a_dropped_folder_is_not_made_again(tmp_path: Path) -> None:
    def make(folder: Path, progress) -> None:
        made.append(folder.name)
        (folder / "weights").write_text("1")

    made: list[str] = []
    run = begun(tmp_path)
    run.once("model", make)
    run.drop("model")
    assert not (run.path / "model").exists()
    assert begun(tmp_path).once("model", make) == run.path / "model"
    assert made == ["model.partial"]


def test_a_value_is_what_its_file_holds(tmp_path: Path) -> None:
    run = begun(tmp_path)
    assert run.value("scores.json", lambda: {"pass@1": (1, 2)}) == {"pass@1": [1, 2]}
    assert run.value("scores.json", lambda: {"pass@1": (3, 4)}) == {"pass@1": [1, 2]}
    with pytest.raises(ValueError):
        run.value("broken.json", lambda: float("nan"))
    assert not (run.path / "broken.json").exists()


@pytest.mark.parametrize(
    ("settings", "identity", "names"),
    [
        (Settings(draws=5), {}, "draws"),
        (Settings(draws=5, limits=Limits(seconds=1.0)), {}, "draws, limits.seconds"),
        (Settings(rounds=1), {}, "rounds"),
        (Settings(), {"tasks": "other"}, "tasks"),
        (Settings(), {"rounds": "a digest of what it names"}, "contents of rounds"),
        (Settings(rounds=1), {"rounds": "a digest of what it names"}, "rounds"),
        (Limits(), {}, "recipe"),
    ],
)
def test_what_identifies_a_run_is_refused_by_name_when_it_changes(tmp_path: Path, settings, identity, names) -> None:
    begun(tmp_path, tasks="digest")
    with pytest.raises(UsageError) as refused:
        Run.open(tmp_path / "run", settings, {"tasks": "digest"} | identity)
    assert str(refused.value) == f"{tmp_path / 'run'} was begun with other settings ({names}); use a new name"


def test_a_setting_that_has_another_name_now_is_known_by_the_one_that_the_run_was_begun_with(tmp_path: Path) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Measuring:
        style: str = "auto"

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Old:
        measuring: Measuring = Measuring()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Asking:
        prompt: str = field(default="auto", metadata={"was": "style"})

    @dataclass(frozen=True, slots=True, kw_only=True)
    class New:
        measuring: Asking = Asking()

    Old.__name__ = New.__name__
    Run.open(tmp_path / "run", Old(), {}).close()
    with pytest.raises(UsageError, match=r"\(measuring\.prompt\)"):
        Run.open(tmp_path / "run", New(measuring=Asking(prompt="chat")), {})
    Run.open(tmp_path / "run", New(), {}).close()
    assert json.loads((tmp_path / "run/config.json").read_text())["settings"] == {"measuring": {"prompt": "auto"}}


def test_what_does_not_shape_results_may_change_and_rounds_may_grow(tmp_path: Path) -> None:
    begun(tmp_path)
    now = Settings(rounds=3, device="cuda", limits=Limits(workers=8))
    begun(tmp_path, now)
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == {
        "recipe": "Settings",
        "settings": {"draws": 4, "rounds": 3, "device": "cuda", "limits": {"seconds": 3.0, "workers": 8}},
        "identity": {},
    }


def test_a_folder_that_is_no_run_is_refused_and_one_that_was_killed_at_its_start_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config.json.partial").write_text("{")
    begun(tmp_path)
    with pytest.raises(UsageError, match="stands already and is no run; use a new name"):
        Run.open(tmp_path, Settings(), {})
    assert [inner.name for inner in tmp_path.iterdir()] == ["run"]
    (tmp_path / "file").write_text("")
    for path, said in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "run", "cannot be written")):
        with pytest.raises(UsageError, match=said):
            Run.open(path, Settings(), {})


def test_a_config_that_is_none_is_refused(tmp_path: Path) -> None:
    begun(tmp_path)
    (tmp_path / "run" / "config.json").write_text("[1]")
    with pytest.raises(UsageError, match=r"config\.json: is not the config of a run"):
        begun(tmp_path)


def test_a_second_process_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from test_runs import *\n"
        "try: begun(pathlib.Path(sys.argv[1]))\n"
        "except UsageError as refused: print(refused)\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)]
    with begun(tmp_path) as run:
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said == f"{run.path} is in use by process {os.getpid()}; wait for it, or use a new name\n"
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == ""


def test_the_log_tells_when_each_stage_began_and_what_it_made(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.map(Sample, Policy(), prompts(1))
    run.map(Sample, Policy(), prompts(3))
    run.log("two\nlines")
    said = [line.split(" ", 2)[2] for line in (run.path / "log.txt").read_text().splitlines()]
    assert [words.rpartition(", ")[0] or words for words in said] == [
        "sample: begun",
        "sample: done, 1 made, 0 were there",
        "sample: begun",
        "sample: done, 2 made, 1 were there",
        "two lines",
    ]


def test_where_nobody_watches_a_stage_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(tmp_path).map(Sample, Policy(), prompts(3), title="round 0: sample")
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("round 0: sample: 3, ")
    assert said.count("\n") == 1


def test_a_run_that_goes_on_says_what_is_done_and_at_what_it_stopped(tmp_path: Path, capsys) -> None:
    with begun(tmp_path) as run:
        assert capsys.readouterr().err == ""
        run.at("00").map(Sample, Policy(), prompts(2))
        with pytest.raises(Fault):
            run.at("01").map(Sample, lambda items: (Owed(id=one.id, reason="no room") for one in items), prompts(1))
    capsys.readouterr()
    with begun(tmp_path) as run:
        assert capsys.readouterr().err == f"{tmp_path / 'run'} goes on: 1 stage is done, 01/sample is not\n"
        run.at("01").map(Sample, Policy(), prompts(1))
    capsys.readouterr()
    begun(tmp_path).close()
    assert capsys.readouterr().err == f"{tmp_path / 'run'} goes on: 2 stages are done\n"


def test_on_a_terminal_bars_within_bars_share_one_display() -> None:
    bars = Bars(Console(force_terminal=True, width=100, record=True))
    with bars.bar("outer") as outer, bars.bar("inner [x]") as inner:
        outer.show(1, 2)
        inner.show(3, 4, "loss 0.5")
    said = bars._console.export_text()
    assert "1/2" in said
    assert "inner [x]" in said
    assert "loss 0.5" in said


def test_the_program_in_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "runs.md").read_text()
    program = page.partition("```python\n")[2].partition("```")[0]
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    held = {str(path.relative_to(tmp_path / "runs" / "mine")) for path in tmp_path.rglob("*") if path.is_file()}
    assert held == {".lock", "config.json", "log.txt", "timing.jsonl", "00/sample.jsonl", "00/length.json"}
    assert (tmp_path / "runs" / "mine" / "00" / "length.json").read_text() == "15\n"


def test_a_folder_that_cannot_be_made_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"/proc/run cannot be written \(No such file or directory\)"):
        Run.open(Path("/proc/run"), Settings(), {})
