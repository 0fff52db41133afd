"""What is watched: measured every round, once, and told plainly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import watched
from errata.evaluation.folder import look
from errata.evaluation.intervals import Interval
from errata.evaluation.measure import Measuring
from errata.evaluation.report import report, stages
from errata.evaluation.watched import Line, Loss, Point
from errata.judges import Judging
from errata.policies import Sampling
from errata.recipes import ilf, watch
from errata.recipes import leti as recipe
from errata.recipes.ilf import Ilf
from errata.recipes.leti import Leti
from errata.recipes.watch import Watching
from errata.runs import Run
from errata.tasks import load
from errata.training import Objective
from errata.types import Task, UnitTests


def tasks(path: Path, name: str, number: int = 2) -> str:
    made = [
        Task(
            id=f"{name}/{n}",
            instruction=f"Add {n}.",
            check=UnitTests(tests=(f"assert add(1) == {n + 1}",), entry_point="add"),
        )
        for n in range(number)
    ]
    file = path / f"{name}.jsonl"
    file.write_text("".join(jsonl.dump(one) + "\n" for one in made))
    return str(file)


def settings(tmp_path: Path) -> Leti:
    """One round on recorded replies; code to read and tasks to watch beside it."""
    replies = [
        {"id": f"{name}/{n}#{draw}", "text": f"def add(x):\n    return x + {draw}\n\nprint(add(1))\n"}
        for name in ("practice", "exam", "kept")
        for n in range(2)
        for draw in range(2)
    ]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    code = [{"text": f"def f{n}(x):\n    return x + {n}\n"} for n in range(7)]
    (tmp_path / "code.jsonl").write_text("".join(json.dumps(one) + "\n" for one in code))
    return Leti(
        model=str(checkpoint(tmp_path / "base")),
        tasks=tasks(tmp_path, "practice"),
        held_out=tasks(tmp_path, "exam"),
        iterations=1,
        draws=2,
        watch=(tasks(tmp_path, "kept"), f"perplexity:{tmp_path / 'code.jsonl'}"),
        watching=Watching(max_new_tokens=8, texts=5),
        backend=f"recorded:{tmp_path / 'replies.jsonl'}",
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
        measuring=Measuring(draws=1, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1, seconds=2.0),
    )


@pytest.fixture
def config(tmp_path: Path) -> Leti:
    return settings(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Leti, Path]:
    """A run of one round, whole."""
    folder = tmp_path_factory.mktemp("watched")
    config = settings(folder)
    go(config, folder / "run")
    return config, folder / "run"


def go(config: Leti, path: Path) -> None:
    with Run.open(path, config, recipe.identity(config)) as run:
        recipe.leti(config, run)


def look_after(config: Leti, step: Run, model: str) -> None:
    """What the recipe does once a model is there."""
    asking = watch.Asking(backend=config.backend, judging=config.judging)
    watch.watch(step, model, watch.load_all(config.watch, config.watching), config.watching, asking)


def told(run: Path) -> list[str]:
    """What timing.jsonl says of the stages that watch."""
    return [line for line in (run / "timing.jsonl").read_text().splitlines() if "/watch/" in line]


def test_every_round_and_the_base_are_measured_and_the_report_says_what_became_of_it(trained):
    _, run = trained
    for name in ("base", "00"):
        names = sorted(place.name.partition("-")[0] for place in (run / name / "watch").iterdir())
        assert names == ["kept", "perplexity"]
    tasks, text = watched.lines(look(run))
    assert (tasks.name, tasks.metric, len(tasks.points)) == ("kept", "pass@1", 2)
    assert (text.name, text.metric, len(text.points)) == ("perplexity", "perplexity", 2)
    assert tasks.points[0].score["value"] == 50.0
    assert text.points[0].score["n"] == 5
    page = report(run).read_text()
    assert "What must not get worse" in page
    assert 'id="watched-tasks"' in page
    assert 'id="watched-text"' in page


def test_nothing_is_measured_twice(trained):
    config, run = trained
    before = told(run)
    go(config, run)
    assert told(run) == before != []


def test_replies_are_trimmed_to_their_first_function_by_default(trained):
    (file,) = (trained[1] / "00/watch").glob("kept*/sample.jsonl")
    texts = {json.loads(line)["text"] for line in file.read_text().splitlines()}
    assert texts == {"def add(x):\n    return x + 0\n"}


def test_time_spent_on_what_is_watched_has_lines_of_its_own(trained):
    kinds = {kind: (items, tokens) for kind, _, items, tokens in stages(look(trained[1]))}
    assert {"sample, watched", "judge, watched", "read, watched", "train"} <= kinds.keys()
    assert kinds["read, watched"][0] == 10
    assert kinds["read, watched"][1] > 0
    assert kinds["train"][1] > 0


def test_a_run_can_be_given_more_to_watch_while_the_weights_are_there(tmp_path, config):
    with Run.open(tmp_path / "run", config, {}) as run:
        look_after(replace(config, watch=config.watch[1:]), run.at("base"), config.model)
        look_after(config, run.at("base"), config.model)
    assert len(list((tmp_path / "run/base/watch").iterdir())) == 2


def test_rounds_whose_weights_are_gone_are_left_out_and_the_log_says_so(tmp_path, config):
    with Run.open(tmp_path / "run", config, {}) as run:
        step = run.at("00")
        model = step.once("model", lambda path, _: (path / "config.json").touch())
        step.drop("model")
        look_after(config, step, str(model))
    assert not (tmp_path / "run/00/watch").exists()
    assert "the weights of this round are gone" in (tmp_path / "run/log.txt").read_text()


def test_ilf_watches_with_the_same_flags(tmp_path, config):
    told = Ilf(
        model=config.model,
        watch=config.watch,
        watching=config.watching,
        backend=config.backend,
        measuring=config.measuring,
        judging=config.judging,
    )
    with Run.open(tmp_path / "run", told, {}) as run:
        ilf.assess(run.at("base"), told.model, load(config.held_out), told)
    assert len(watched.lines(look(tmp_path / "run"))) == 2
    with pytest.raises(UsageError, match="is trained on"):
        ilf.identity(replace(told, watch=("primer[refine][:1]",)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("perplexity:", "needs a file"),
        ("perplexity:/nowhere.jsonl", "no such file"),
        ("nothing:x", "unknown task source"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_the_run_begins(config, source, words):
    with pytest.raises(UsageError, match=words):
        recipe.identity(replace(config, watch=(source,)))


def test_tasks_that_are_trained_on_cannot_be_watched(config):
    with pytest.raises(UsageError, match=r"practice/0 of .* is trained on"):
        recipe.identity(replace(config, watch=(config.tasks,)))


def test_one_thing_cannot_be_watched_twice(config):
    with pytest.raises(UsageError, match="is the same as"):
        recipe.identity(replace(config, watch=(config.watch[0], config.watch[0])))


def line(metric: str, low: float, high: float) -> Line:
    change = Interval(value=(low + high) / 2, low=low, high=high, n=9)
    score = {"value": 10.0, "low": 9.0, "high": 11.0, "n": 9.0}
    points = (Point(title="base", score=score, change=None), Point(title="round 0", score=score, change=change))
    return Line(name="x", source="x:y", metric=metric, points=points)


@pytest.mark.parametrize(
    ("metric", "low", "high", "worse"),
    [
        ("pass@1", -0.04, -0.01, True),
        ("pass@1", -0.04, 0.01, False),
        ("pass@1", 0.01, 0.04, False),
        ("perplexity", 0.01, 0.04, True),
        ("perplexity", -0.04, -0.01, False),
    ],
)
def test_worse_is_a_lower_share_or_a_higher_perplexity_beyond_chance(metric, low, high, worse):
    one = line(metric, low, high)
    assert one.worse is worse
    assert watched.verdict([one]).startswith("1 of 1 watched got worse. x: " if worse else "Nothing that was watched")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0001, 0.0003, "(+0.02 %, 95 % interval +0.01 to +0.03)"),
        (0.01, 0.04, "(+2.5 %, 95 % interval +1.0 to +4.0)"),
        (-0.0001, 0.0003, "(+0.0 %, 95 % interval −0.0 to +0.0: no difference that can be told from none)"),
    ],
)
def test_an_interval_that_leaves_out_zero_is_not_told_as_zero(low, high, said):
    assert line("perplexity", low, high).words.endswith(said)


def test_the_perplexity_of_several_pieces_is_that_of_all_their_tokens():
    found = [
        Loss(id=str(n), of=str(n), nats=nats, tokens=tokens) for n, (nats, tokens) in enumerate([(1.0, 1), (8.0, 9)])
    ]
    assert watch.perplexity(found).value == pytest.approx(2.718281828 ** (9 / 10))


def test_pieces_are_whole_lines_and_spread_over_the_text(tmp_path):
    lines = [f"x{n} = {n}\n" for n in range(4000)]
    (tmp_path / "a.py").write_text("".join(lines))
    made = watch.pieces(str(tmp_path / "a.py"), 3)
    assert len(made) == 3
    assert all(piece.endswith("\n") and set(piece.splitlines(keepends=True)) <= set(lines) for piece in made)
    assert made[0].startswith("x0 ")
    assert int(made[2].split(" ")[0][1:]) > 2000
