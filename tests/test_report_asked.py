"""What the report and the terminal say of servers that were asked."""

import json
from pathlib import Path

from errata.evaluation import asked


def timing(path: Path, *rows: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "timing.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def reply(stage: str, **more: object) -> dict[str, object]:
    return {"stage": stage, "id": "t#0", "seconds": 0.5, "tokens": 10, "tokens_in": 100, **more}


def test_tokens_and_cost_are_summed_by_stage_over_rounds(tmp_path):
    rows = [reply(f"{place}/held-out/sample", cost=0.25) for place in ("base", "00", "01")]
    rows += [reply("00/sample", cost=0.5, tries=3), reply("00/sample", cost=0.5, kept=1)]
    rows += [{"stage": "00/sample", "seconds": 9.0, "items": 2}, {"stage": "00/verdict", "id": "t#0", "seconds": 1.0}]
    found = asked.asked(timing(tmp_path, *rows))
    held_out, training = sorted(found, key=lambda one: one.name)
    assert (held_out.name, held_out.replies, held_out.tokens_in, held_out.cost) == ("held-out", 3, 300, 0.75)
    assert (training.replies, training.tokens_out, training.again, training.kept) == (2, 20, 2, 1)
    assert asked.told(tmp_path) == "5 replies, 500 tokens in, 50 tokens out, cost 1.75"
    page = asked.section(tmp_path)
    assert "What servers were asked" in page
    assert "1.75" in page


def test_a_run_without_a_server_says_nothing_of_servers(tmp_path):
    timing(tmp_path / "local", {"stage": "00/sample", "id": "t#0", "tokens": 5}, {"stage": "00/sample", "seconds": 1.0})
    for place in (tmp_path / "local", tmp_path / "none"):
        assert asked.asked(place) == []
        assert asked.section(place) == asked.told(place) == ""


def test_a_line_that_was_torn_is_not_there_yet(tmp_path):
    timing(tmp_path, reply("sample"))
    with (tmp_path / "timing.jsonl").open("a") as file:
        file.write(json.dumps(reply("sample"))[:-5])
    assert asked.told(tmp_path) == "1 replies, 100 tokens in, 10 tokens out"
