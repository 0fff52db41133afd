"""report.html: opens offline, says what the folder holds, and nothing that a model wrote acts in it."""

import base64
import gzip
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import telling, typeset
from errata.evaluation.departures import departures
from errata.evaluation.folder import look
from errata.evaluation.metrics import OUTCOMES
from errata.evaluation.report import duration, report, stages, styles, table
from errata.evaluation.scoring import compare
from errata.types import Sample
from synthetic_run import PROGRAMS, write


class Seen(HTMLParser):
    """The elements and the text of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements, self.pieces = [], []
        self.feed(page)
        self.text = " ".join("".join(self.pieces).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] not in ("script", "style"):
            self.pieces.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write(tmp_path_factory.mktemp("runs") / "leti-demo", tasks=60)


@pytest.fixture(scope="module")
def page(run):
    return report(run).read_text()


def shell(page: str) -> str:
    """The page without the packed plotly."""
    return re.sub(r'(<script type="application/gzip"[^>]*>)[^<]*', r"\1", page)


def test_the_page_asks_for_nothing_from_anywhere(page):
    elements = Seen(page).elements
    assert not [(tag, attrs) for tag, attrs in elements if attrs.keys() & {"src", "href", "srcset", "action", "data"}]
    assert not [tag for tag, _ in elements if tag in ("link", "iframe", "img", "base", "object")]
    assert "url(" not in shell(page)
    assert "@import" not in shell(page)


def test_the_page_is_small_enough_to_send(page):
    assert len(page.encode()) < 3_000_000


def test_the_packed_plotly_is_whole_and_is_the_script_that_the_policy_allows(page):
    packed = re.search(r'id="plotly">([^<]*)<', page)[1]
    script = gzip.decompress(base64.b64decode(packed))
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert f"'sha256-{digest}'" in html.unescape(page[:3000])


def test_the_drawing_script_is_the_one_that_the_policy_allows(page):
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in html.unescape(page[:3000])


def test_the_header_gives_the_paired_difference_of_base_and_last_round(run, page):
    found = compare(run / "base" / "held-out", run / "02" / "held-out")
    text = Seen(page).text
    assert f"+{100 * found.value:.1f} points" in text
    assert f"95 % interval +{100 * found.low:.1f} to +{100 * found.high:.1f}, paired over 60 tasks" in text


def test_every_round_and_every_condition_stands_in_a_table(run, page):
    text = Seen(page).text
    for folder in ("base/held-out", "00/held-out", "02/held-out", "02/held-out-bad-t1.0", "02/held-out-none-t0.2"):
        scores = json.loads((run / folder / "scores.json").read_text())
        assert f"{scores['pass@1']['low']:.1f} to {scores['pass@1']['high']:.1f}" in text


def test_the_figures_hold_every_outcome_that_occurred(page):
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])
    assert {trace["name"] for trace in figures["training"]["data"]} == set(OUTCOMES)
    for at in range(3):
        assert sum(trace["y"][at] for trace in figures["training"]["data"]) == pytest.approx(100, abs=0.1)


def test_the_same_folder_gives_the_same_page(run, page):
    assert report(run).read_text() == page


def test_ten_samples_are_told_with_program_verdict_and_words(run):
    picks = telling.pick(look(run))
    told = telling.tell(picks)
    assert len(picks) == 10
    assert len({pick.places[-1] for pick in picks}) == 10
    assert all(place in told for pick in picks for place in pick.places)


def test_what_was_mended_failed_before_and_passes_now(run):
    picks = telling.pick(look(run))
    told = telling.tell(picks)
    mended = [pick for pick in picks if len(pick.places) == 2]
    assert len(mended) == 3
    for pick in mended:
        before, after = (told[place].verdict for place in pick.places)
        assert (before.passed, after.passed) == (False, True)
        assert before.task == after.task == pick.task


def test_one_of_the_ten_passes_public_tests_alone_where_there_is_such_a_one(tmp_path):
    run = write(tmp_path / "run", rounds=1, tasks=40)
    path = run / "00" / "held-out" / "verdict.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    failed = next(row for row in rows if row["passed"] is False)
    failed["measures"]["public"] = 1.0
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fooled = [pick for pick in telling.pick(look(run)) if pick.why.startswith("Passes the public tests")]
    assert len(fooled) == 1
    assert telling.tell(fooled)[fooled[0].places[0]].verdict.measures["public"] == 1


def test_the_rule_does_not_depend_on_the_order_of_lines(run, tmp_path):
    again = write(tmp_path / "leti-demo", tasks=60)
    for path in again.rglob("*.jsonl"):
        path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    assert [p.places[-1].id for p in telling.pick(look(again))] == [p.places[-1].id for p in telling.pick(look(run))]


HOSTILE = (
    "def f():\n    '</script><script>alert(1)</script><img src=x onerror=alert(2)>'\n"
    "    x = 'a\x00b\u202egnirts\u202c'\x1b[31m\n    '{{ 7 * 7 }}'\n    y = '" + "z" * 1_000_000 + "'\n"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A run in which every text that a model may write is an attack; even its folder's name is."""
    run = write(tmp_path_factory.mktemp("runs") / "<img src=x onerror=alert(0)>", rounds=1, tasks=20)
    told = {(place.folder / "sample.jsonl", place.id) for pick in telling.pick(look(run)) for place in pick.places}
    for path in {path for path, _ in told}:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [row | {"text": HOSTILE} if (path, row["id"]) in told else row for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for path in run.rglob("*.jsonl"):
        if path.name in ("verdict.jsonl", "feedback.jsonl"):
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            for row in rows:
                row["detail" if path.name == "verdict.jsonl" else "text"] = HOSTILE[:5000]
                for part in row.get("parts", []):
                    part.update(call=HOSTILE[:5000], got=HOSTILE[:5000])
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return report(run).read_text()


def test_nothing_that_a_model_wrote_becomes_an_element(hostile):
    elements = Seen(hostile).elements
    assert len([tag for tag, _ in elements if tag == "script"]) == 3
    assert not [tag for tag, _ in elements if tag == "img"]
    assert not [name for _, attrs in elements for name in attrs if name.startswith("on")]


def test_nothing_that_a_model_wrote_is_run_as_a_template(hostile):
    assert "{{ 7 * 7 }}" in Seen(hostile).text


def test_characters_that_hide_are_shown_by_name(hostile):
    assert not typeset.HIDDEN.search(shell(hostile))
    text = Seen(hostile).text
    assert "a\u2400b\\u202egnirts\\u202c" in text
    assert "\u241b[31m" in text


def test_a_very_long_line_is_cut_and_the_page_says_so(hostile):
    assert len(shell(hostile)) < 400_000
    assert re.search(r"99\d,\d{3} more characters", Seen(hostile).text)


def test_a_run_with_only_a_base_has_a_report(tmp_path):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    assert "Before any training the base solves" in Seen(report(run).read_text()).text.replace("\u2011", "-")


def test_before_any_training_the_ways_to_fail_are_shown_on_held_out_programs(tmp_path):
    picks = telling.pick(look(write(tmp_path / "run", rounds=0, tasks=60)))
    assert len(picks) == 10
    assert {place.title for pick in picks for place in pick.places} == {"base, held-out"}


def test_a_run_that_has_only_begun_has_a_report(tmp_path):
    (tmp_path / "config.json").write_text('{"recipe": "Leti", "settings": {"draws": 3}, "identity": {}}')
    assert "Nothing has been measured yet" in Seen(report(tmp_path).read_text()).text


def test_a_round_that_is_being_measured_is_under_way_and_not_counted(tmp_path):
    run = write(tmp_path / "run", rounds=2, tasks=20)
    (run / "01" / "held-out" / "scores.json").unlink()
    with (run / "01" / "held-out" / "verdict.jsonl").open("a") as file:
        file.write('{"id": "torn')
    text = Seen(report(run).read_text()).text
    assert "After 1 round the model" in text
    assert "Under way: round 1." in text


def test_a_run_whose_every_check_is_broken_has_a_report(tmp_path):
    run = write(tmp_path / "run", rounds=1, tasks=10)
    for path in run.rglob("scores.json"):
        path.write_text('{"outcome:invalid_check": {"value": 100.0, "low": 69.0, "high": 100.0, "n": 10}}')
    assert "Nothing has been measured yet" in Seen(report(run).read_text()).text
    table(run)


def test_a_single_measurement_has_a_report(tmp_path):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    assert "The model solves" in Seen(report(run / "base" / "held-out").read_text()).text


def test_the_last_line_of_an_id_holds(tmp_path):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    path = run / "base" / "held-out" / "sample.jsonl"
    first = json.loads(path.read_text().splitlines()[0])
    with path.open("a") as file:
        file.write(json.dumps(first | {"text": "pass\n"}) + "\n")
    from errata.evaluation.folder import find

    assert find(path, Sample, {first["id"]})[first["id"]].text == "pass\n"


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="is no run"):
        report(tmp_path)
    with pytest.raises(UsageError, match="no such run"):
        report(tmp_path / "nowhere")


@pytest.mark.parametrize("broken", ['{"pass@1": 3}', "[", '{"pass@1": {"value": 1}}'])
def test_a_broken_scores_file_is_named(tmp_path, broken):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    (run / "base" / "held-out" / "scores.json").write_text(broken)
    with pytest.raises(UsageError, match=r"scores\.json: "):
        report(run)


def test_a_broken_line_is_named(tmp_path):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    path = run / "base" / "held-out" / "verdict.jsonl"
    path.write_text('{"id": 3}\n' + path.read_text())
    with pytest.raises(UsageError, match=r"verdict\.jsonl:1: "):
        report(run)


def test_seconds_of_a_stage_are_summed_over_rounds_the_dearest_first(run):
    found = {kind: (seconds, items) for kind, seconds, items, _ in stages(look(run))}
    assert found["train"] == (pytest.approx(3 * 41.7), 240)
    assert found["sample"] == (pytest.approx(3 * 14.2), 1920)
    assert next(iter(found)) == "train"


def test_the_rate_of_tokens_leaves_out_what_a_killed_process_had_made(tmp_path):
    told = [{"stage": "00/sample", "id": f"t#{draw}", "tokens": 100 if draw < 3 else 5} for draw in range(5)]
    told.append({"stage": "00/sample", "seconds": 1.0, "items": 2})
    (tmp_path / "config.json").write_text(json.dumps({"recipe": "Leti", "settings": {}, "identity": {}}))
    (tmp_path / "timing.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    assert stages(look(tmp_path)) == [("sample", 1.0, 2, 10)]


@pytest.mark.parametrize(
    ("seconds", "said"), [(3.14, "3.1 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations_read_well(seconds, said):
    assert duration(seconds) == said


def test_the_settings_of_the_paper_are_no_departure():
    paper = {"select": "all", "loss_on": "all", "control": "none", "lora": False, "feedback": "traceback"}
    assert list(departures("Leti", paper)) == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"feedback_at": "after"}, "behind the program"), ({"objective.lora": True}, "Low-rank adapters were trained")],
)
def test_where_words_stand_and_what_is_trained_are_said_in_words(setting, said):
    paper = {"feedback_at": "before", "objective.lora": False, "objective.pretrain_mix": "code.jsonl"}
    assert list(departures("Leti", paper)) == []
    (told,) = departures("Leti", paper | setting)
    assert said in told


def test_balance_and_control_are_said_in_words():
    said = " ".join(departures("Leti", {"select": "balanced", "control": "shuffled"}))
    assert "part of the way to rejection sampling" in said
    assert "control run" in said


def test_the_table_gives_every_round_with_its_interval_and_difference(run, capsys):
    table(run)
    said = capsys.readouterr().out
    found = compare(run / "base" / "held-out", run / "02" / "held-out")
    assert f"{100 * found.value:+.1f}" in said
    for name in ("base", "round 0", "round 2", "good", "bad", "no token", "T = 1.0"):
        assert name in said


def test_one_held_out_task_is_one_task_in_the_terminal_and_on_the_page(tmp_path, capsys):
    made = write(tmp_path / "run", rounds=1, tasks=1)
    table(made)
    assert "on 1 held-out task, %" in capsys.readouterr().out
    assert "of 1 held&#8209;out task at" in report(made).read_text()


def test_a_measurement_of_one_model_speaks_of_no_rounds_no_training_and_no_difference(tmp_path):
    made = write(tmp_path / "run", rounds=0, tasks=8) / "base" / "held-out"
    page = report(made).read_text()
    assert "Held-out tasks</h2>" in page
    for words in (
        "by round",
        "round's training",
        "differences are paired",
        "mended most",
        "Still failing",
        'id="curve"',
    ):
        assert words not in page
    assert "Failing: " in page


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_typesetting_loses_no_visible_character(text):
    shown = typeset.plain(text)
    assert not typeset.HIDDEN.search(shown)
    marked = str(typeset.program(shown))
    assert html.unescape(re.sub(r"<[^>]*>", "", marked)).rstrip("\n") == shown.rstrip("\n")


@pytest.mark.parametrize("program", PROGRAMS.values())
def test_a_program_has_as_many_lines_on_the_page_as_in_the_file(program):
    assert str(typeset.program(program)).count('class="line') == program.count("\n")


def test_the_line_that_a_traceback_names_last_is_marked():
    detail = 'Traceback:\n  File "<string>", line 9, in <module>\n  File "<string>", line 2, in f\nValueError\n'
    marked = str(typeset.program("def f():\n    raise ValueError\n", failed=typeset.lines_named(detail)))
    assert re.findall(r'class="line( failed)?"', marked) == ["", " failed"]


@settings(deadline=None)
@given(st.text(alphabet="ab\n\r\u202e", max_size=400), st.integers(1, 5), st.integers(1, 20))
def test_an_excerpt_says_so_exactly_when_something_is_missing(text, lines, columns):
    found = typeset.excerpt(text, lines=lines, columns=columns)
    rows = text.replace("\r\n", "\n").split("\n")
    missing = len(rows) > lines or any(len(row) > columns for row in rows[:lines])
    assert bool(found.note) == missing


def test_a_record_written_by_the_run_is_read_by_the_report(tmp_path):
    run = write(tmp_path / "run", rounds=0, tasks=10)
    path = run / "base" / "held-out" / "sample.jsonl"
    assert jsonl.read(path, Sample)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_programs_and_quiet_words_have_the_contrast_that_people_need_to_read_them():
    house, light, dark = styles()
    grounds = [dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in house.split("@media")[:2]]
    for ground, sheet in zip(grounds, (light, dark), strict=True):
        pairs = {(ground["quiet"], ground[on]) for on in ("page", "card", "sunk")}
        used = r"\.code \.(?:k|kn|kc|nf|nc|nb|bp|nn|ne|nd|n|s1|s2|sd|si|se|c1|mi|mf|o|ow|p) \{ color: (#\w{6})"
        pairs |= {(colour, ground["sunk"]) for colour in re.findall(used, sheet)}
        assert len(pairs) > 6
        for pair in pairs:
            darker, lighter = sorted(map(luminance, pair))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, pair
