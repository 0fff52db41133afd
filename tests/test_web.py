"""The annotators' pages, asked in this process: what they show, what they take in, what they turn away."""

import errno
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from asked_run import RIGHT, WRONG, ask, question
from errata import jsonl
from errata.errors import UsageError, Waiting
from errata.feedback import human
from errata.runs import Run
from errata.types import Answer, Question
from errata.web import annotate, lists
from errata.web.app import build
from errata.web.desk import Desk
from errata.web.kept import Kept
from errata.web.people import People, local_hosts
from errata.web.trying import Busy, Trier

MARK = re.compile(r'<meta name="mark" content="([0-9a-f]+)">')
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of a run that has nothing to set."""


class Server:
    """The pages of one run, and browsers without a screen."""

    def __init__(self, run: Path, trier: Trier, *, votes: int = 1, tokens: dict[str, str] | None = None) -> None:
        self.run = run
        self.now = 1000.0
        self.kept = Kept(run)
        self.desk = Desk(run, self.kept, votes=votes, lease=60, clock=lambda: self.now)
        hosts = None if tokens is not None else local_hosts("127.0.0.1", 8321)
        self.people = People(self.kept.secret, tokens, hosts)
        self.app = build(self.desk, self.kept, self.people, trier)

    def client(self) -> TestClient:
        return TestClient(self.app, base_url="http://127.0.0.1:8321", follow_redirects=True)

    def person(self, name: str) -> "Person":
        return Person(self, name)

    def answers(self) -> list[Answer]:
        path = self.run / "00/refine/answer.jsonl"
        return list(jsonl.iterate(path, Answer)) if path.exists() else []


class Person:
    """Somebody at a browser."""

    def __init__(self, server: Server, name: str) -> None:
        self.http = server.client()
        self.mark = MARK.search(self.http.get("/").text)[1]
        assert self.post("/name", {"name": name}).status_code == 200
        self.count = 0

    def post(self, path: str, body: object, **headers: str):
        return self.http.post(path, json=body, headers={"X-Errata": self.mark, **headers})

    def next(self) -> dict:
        """What the page of the next question works on; empty when there is none."""
        return self.open("/")

    def open(self, path: str) -> dict:
        self.page = self.http.get(path)
        self.mark = MARK.search(self.page.text)[1]
        found = DATA.search(self.page.text)
        self.data = json.loads(found[1]) if found else {}
        return self.data

    def send(self, **parts: object):
        self.count += 1
        body = {"token": f"{self.data['token']}-{self.count}", "sample": self.data["programs"][0]["sample"], **parts}
        return self.post(f"/q/{self.data['key']}/submit", body)


@pytest.fixture(scope="session")
def trier() -> Iterator[Trier]:
    with Trier(1) as made:
        made.warm()
        yield made


@pytest.fixture(scope="session")
def asked(tmp_path_factory) -> bytes:
    """The questions as a file, judged once."""
    return (ask(tmp_path_factory.mktemp("asked") / "run") / "00/refine/question.jsonl").read_bytes()


@pytest.fixture
def run(tmp_path, asked) -> Path:
    step = tmp_path / "run/00/refine"
    step.mkdir(parents=True)
    (step / "question.jsonl").write_bytes(asked)
    return tmp_path / "run"


@pytest.fixture
def server(run, trier) -> Iterator[Server]:
    made = Server(run, trier)
    yield made
    made.kept.close()


def test_an_answer_is_taken_tried_measured_and_written(server):
    ada = server.person("Ada")
    ada.next()
    reply = ada.send(text="Starts from 0.", refinement=RIGHT, category=["logic"], seconds=12.3)
    assert reply.json() == {"next": "/"}
    (answer,) = server.answers()
    assert answer == Answer(
        id="toy/0@Ada",
        of="toy/0",
        author="human:Ada",
        sample="toy/0#0",
        text="Starts from 0.",
        refinement=RIGHT,
        category=("logic",),
        passed=True,
        edit_distance=round(4 / len(RIGHT), 6),
        seconds=12.3,
    )


def test_the_page_shows_task_programs_tests_and_the_interpreters_words(server):
    ada = server.person("Ada")
    ada.next()
    page = ada.page.text
    for words in (
        "Return the largest number",
        "wrong result",
        "raises",
        "largest([-3, -1])",
        "IndexError",
        'class="k"',
    ):
        assert words in page
    assert [program["source"] for program in ada.data["programs"]] == list(WRONG)


def test_the_reference_and_hidden_tests_are_never_sent(server):
    ada = server.person("Ada")
    ada.next()
    ran = ada.post(f"/q/{ada.data['key']}/run", {"refinement": WRONG[1]}).text
    for page in (ada.page.text, ran):
        assert "secret" not in page
        assert "the reference" not in page


def test_the_next_question_is_another_after_an_answer(server):
    ada = server.person("Ada")
    first = ada.next()["key"]
    ada.send(text="words")
    assert ada.next()["key"] != first


def test_a_skip_needs_a_reason_and_closes_the_question(server):
    ada = server.person("Ada")
    ada.next()
    assert ada.send(skip="  ").status_code == 400
    assert ada.send(skip="the tests are wrong").status_code == 200
    assert server.answers()[0].skip == "the tests are wrong"
    assert server.desk.progress("Ada").done == 1


def test_a_refinement_that_fails_is_asked_about_before_it_is_taken(server):
    ada = server.person("Ada")
    ada.next()
    reply = ada.send(text="words", refinement=WRONG[1]).json()
    assert reply["fails"]["words"] == "1 of 3 tests pass"
    assert server.answers() == []
    assert ada.send(text="words", refinement=WRONG[1], sure=True).json() == {"next": "/"}
    assert [answer.passed for answer in server.answers()] == [False]


def test_a_refinement_that_changes_nothing_is_none(server):
    ada = server.person("Ada")
    ada.next()
    ada.send(text="words", refinement=WRONG[0].replace("\n", "\r\n"))
    (answer,) = server.answers()
    assert (answer.refinement, answer.passed, answer.edit_distance) == ("", None, None)


def test_the_tests_button_says_what_each_test_got(server):
    ada = server.person("Ada")
    ada.next()
    found = ada.post(f"/q/{ada.data['key']}/run", {"refinement": WRONG[1]}).json()
    assert found["passed"] is False
    assert found["words"] == "1 of 3 tests pass"
    assert "<code>-3</code>" in found["html"]
    assert ada.post(f"/q/{ada.data['key']}/run", {"refinement": RIGHT}).json()["passed"] is True


def test_the_tests_button_lets_no_program_out(server, tmp_path):
    ada = server.person("Ada")
    ada.next()
    out = tmp_path / "out"
    hostile = f"open({str(out)!r}, 'w').write('x')\n" + RIGHT
    found = ada.post(f"/q/{ada.data['key']}/run", {"refinement": hostile}).json()
    assert found["passed"] is False
    assert not out.exists()


def test_one_program_a_person_runs_at_a_time(trier):
    with trier._one_at_a_time("Ada"):
        with pytest.raises(Busy):
            trier.run(question(0).task, RIGHT + "# another\n", "Ada")
        assert trier.run(question(0).task, RIGHT + "# another\n", "Bo").passed


def test_a_worker_that_broke_is_replaced():
    with Trier(1) as trier:
        with pytest.raises(ZeroDivisionError), trier._worker():
            raise ZeroDivisionError
        assert trier.run(question(0).task, RIGHT, "Ada").passed


def test_the_same_press_is_written_once(server):
    ada = server.person("Ada")
    ada.next()
    body = {"token": ada.data["token"] + "-1", "sample": "toy/0#0", "text": "words", "seconds": 3.0}
    for _ in range(3):
        assert ada.post(f"/q/{ada.data['key']}/submit", body).json() == {"next": "/"}
    assert len(server.answers()) == 1


def test_the_same_press_is_written_once_though_the_server_was_started_again(server, run, trier):
    ada = server.person("Ada")
    ada.next()
    body = {"token": ada.data["token"] + "-1", "sample": "toy/0#0", "text": "words", "seconds": 3.0}
    ada.post(f"/q/{ada.data['key']}/submit", body)
    server.kept.close()
    again = Server(run, trier)
    bo = again.person("Ada")
    bo.open(f"/q/{ada.data['key']}")
    assert bo.post(f"/q/{ada.data['key']}/submit", body).json() == {"next": "/"}
    assert len(again.answers()) == 1
    again.kept.close()


def test_what_was_journaled_but_not_written_is_written_when_it_is_sent_again(server, monkeypatch):
    ada = server.person("Ada")
    ada.next()
    body = {"token": ada.data["token"] + "-1", "sample": "toy/0#0", "text": "words", "seconds": 3.0}
    with monkeypatch.context() as broken:
        broken.setattr("errata.feedback.human.add", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        reply = ada.post(f"/q/{ada.data['key']}/submit", body)
        assert reply.status_code == 507
        assert "Nothing is lost" in reply.json()["error"]
    assert ada.post(f"/q/{ada.data['key']}/submit", body).json() == {"next": "/"}
    assert len(server.answers()) == 1


def test_a_late_repeat_does_not_undo_an_edit(server):
    ada = server.person("Ada")
    ada.next()
    first = {"token": ada.data["token"] + "-1", "sample": "toy/0#0", "text": "first", "seconds": 3.0}
    for body in (first, {**first, "token": ada.data["token"] + "-2", "text": "second"}, first):
        ada.post(f"/q/{ada.data['key']}/submit", body)
    assert [answer.text for answer in server.answers()] == ["first", "second"]


def test_ones_own_answer_can_be_edited_and_the_last_line_holds(server):
    ada = server.person("Ada")
    key = ada.next()["key"]
    ada.send(text="first", refinement=RIGHT, category=["logic"], seconds=9)
    draft = ada.open(f"/q/{key}")["draft"]
    assert (draft["text"], draft["refinement"], draft["category"], draft["seconds"]) == ("first", RIGHT, ["logic"], 9)
    ada.send(text="second")
    assert server.desk.answer(server.desk.get(key), "Ada").text == "second"
    assert "second" in ada.http.get("/mine").text


def test_a_draft_comes_back_until_its_page_is_submitted(server):
    ada = server.person("Ada")
    key = ada.next()["key"]
    draft = {"sample": "toy/0#1", "text": "so far", "refinement": "x = 1", "seconds": 4.0, "token": ada.data["token"]}
    assert ada.post(f"/q/{key}/draft", {**draft, "saved": 5.0}).status_code == 200
    assert ada.open(f"/q/{key}")["draft"]["text"] == "so far"
    ada.send(text="done")
    late = {**draft, "token": ada.data["token"], "saved": 9.0}
    ada.post(f"/q/{key}/draft", late)
    assert ada.open(f"/q/{key}")["draft"]["text"] == "done"


def test_two_people_are_given_different_questions(server):
    ada, bo = server.person("Ada"), server.person("Bo")
    assert ada.next()["key"] != bo.next()["key"]


def test_a_person_who_comes_back_finds_the_same_question(server):
    ada = server.person("Ada")
    assert ada.next()["key"] == ada.next()["key"] == server.person("Ada").next()["key"]


def test_a_question_that_somebody_is_at_is_not_given_to_another(server):
    ada, bo = server.person("Ada"), server.person("Bo")
    key = ada.next()["key"]
    assert bo.open(f"/q/{key}") == {}
    assert "Ada is at this question" in bo.page.text


def test_a_lease_ends_without_activity_and_is_renewed_by_it(server):
    ada, bo = server.person("Ada"), server.person("Bo")
    key = ada.next()["key"]
    server.now += 50
    assert ada.post(f"/q/{key}/renew", {}).json() == {"others": []}
    server.now += 50
    assert bo.next()["key"] != key
    server.now += 61
    assert server.person("Cy").next()["key"] == key
    assert ada.post(f"/q/{key}/renew", {}).json() == {"others": ["Cy"]}


def test_whoever_edits_an_earlier_answer_keeps_the_question_that_they_are_at(server):
    ada, bo = server.person("Ada"), server.person("Bo")
    first = ada.next()["key"]
    ada.send(text="first")
    second = ada.next()["key"]
    ada.open(f"/q/{first}")
    assert ada.post(f"/q/{first}/renew", {}).json() == {"others": []}
    assert bo.next()["key"] not in (first, second)
    assert ada.next()["key"] == second


def test_an_answer_that_comes_after_its_lease_is_taken_all_the_same(server):
    ada, bo = server.person("Ada"), server.person("Bo")
    ada.next()
    server.now += 61
    bo.next()
    ada.send(text="from Ada")
    bo.send(text="from Bo")
    assert [answer.text for answer in server.answers()] == ["from Ada", "from Bo"]


def test_leases_outlive_the_server(server, run, trier):
    key = server.person("Ada").next()["key"]
    server.kept.close()
    again = Server(run, trier)
    assert again.person("Bo").next()["key"] != key
    again.kept.close()


def test_what_is_put_back_comes_again_at_the_end(server):
    ada = server.person("Ada")
    first = ada.next()["key"]
    ada.post(f"/q/{first}/later", {})
    seen = []
    while found := ada.next():
        seen.append(found["key"])
        ada.send(text="words")
    assert seen[-1] == first
    assert "All 3 questions are answered" in ada.page.text


def test_with_two_votes_each_question_goes_to_two_people_and_agreement_is_shown_when_it_is_closed(run, trier):
    server = Server(run, trier, votes=2)
    people = [server.person(name) for name in ("Ada", "Bo", "Cy")]
    keys = [person.next()["key"] for person in people]
    assert keys[0] == keys[1] != keys[2]
    people[0].send(text="a", category=["logic"])
    assert "toy/0" not in people[0].http.get("/agreement").text
    people[1].send(text="b", category=["logic", "algebra"])
    page = people[0].http.get("/agreement").text
    assert "toy/0" in page
    assert "Krippendorff" in page
    server.kept.close()


def test_a_run_waits_for_people_and_goes_on_with_what_they_answered(tmp_path, asked, trier):
    (tmp_path / "asked.jsonl").write_bytes(asked)
    questions = jsonl.read(tmp_path / "asked.jsonl", Question)
    with Run.open(tmp_path / "run", Settings(), {}) as opened:
        step = opened.at("00").at("refine")
        with pytest.raises(Waiting, match="3 of 3 questions are open: errata annotate"):
            human.ask(step, questions)
        server = Server(tmp_path / "run", trier)
        ada = server.person("Ada")
        ada.next()
        ada.send(text="words", refinement=RIGHT)
        with pytest.raises(Waiting, match="2 of 3 questions are open"):
            human.ask(step, questions)
        while ada.next():
            ada.send(skip="too hard")
        server.kept.close()
        assert [(one.of, one.refinement, one.passed) for one in human.ask(step, questions)] == [("toy/0", RIGHT, True)]


def test_when_the_run_has_gone_on_answers_can_be_seen_and_no_longer_changed(server, run):
    ada = server.person("Ada")
    key = ada.next()["key"]
    ada.send(text="first")
    ada.open(f"/q/{key}")
    (run / "00/refine/feedback.jsonl").touch()
    assert "The run has gone on" in ada.send(text="second").json()["error"]
    assert "no longer changed" in ada.http.get(f"/q/{key}").text
    assert ada.next() == {}
    assert [answer.text for answer in server.answers()] == ["first"]


def test_questions_that_come_while_the_server_runs_are_found(server, run):
    ada = server.person("Ada")
    step = run / "01/refine"
    step.mkdir(parents=True)
    late = replace(question(7, WRONG[:1]), id="toy/7")
    jsonl.write_whole(step / "question.jsonl", [jsonl.dump(late)])
    server.now += 10
    ada.next()
    assert server.desk.progress("Ada").total == 4


def test_answers_that_others_append_are_counted(server, run):
    answer = Answer(id="toy/0@x", of="toy/0", author="simulated:x", text="words")
    (run / "00/refine/answer.jsonl").write_text(jsonl.dump(answer) + "\n")
    assert server.desk.progress("Ada").done == 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "text: say what is wrong"),
        ({"text": "x" * 10_001}, "text: 10,001 characters, at most 10,000"),
        ({"text": "x", "refinement": "x" * 100_001}, "refinement: 100,001 characters"),
        ({"text": "x", "category": ["nonsense"]}, "category: unknown 'nonsense'"),
        ({"text": "x", "sample": "toy/1#0"}, "sample: none of the programs"),
        ({"text": "x", "seconds": -1}, "seconds: out of range"),
        ({"text": "x", "token": "?"}, "token: "),
        ({"text": 3}, "text: "),
        ({"text": "x", "more": 1}, "more: unknown field"),
    ],
)
def test_what_the_page_could_not_have_sent_is_refused_in_words(server, parts, said):
    ada = server.person("Ada")
    ada.next()
    reply = ada.send(**parts)
    assert reply.status_code == 400
    assert said in reply.json()["error"]
    assert server.answers() == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server):
    ada = server.person("Ada")
    ada.next()
    assert ada.send(text="x" * (1 << 20)).status_code == 413


def test_another_name_for_this_server_is_turned_away(server):
    assert server.client().get("/", headers={"Host": "evil.example:8321"}).status_code == 421
    assert server.client().get("/", headers={"Host": "localhost:8321"}).status_code == 200


@pytest.mark.parametrize("path", ["/name", "/leave", "/q/KEY/submit", "/q/KEY/run", "/q/KEY/draft", "/q/KEY/later"])
@pytest.mark.parametrize(
    "headers", [{"X-Errata": ""}, {"X-Errata": "0" * 64}, {"Origin": "http://evil.example"}], ids=str
)
def test_posts_from_elsewhere_are_turned_away(server, path, headers):
    ada = server.person("Ada")
    ada.next()
    reply = ada.post(path.replace("KEY", ada.data["key"]), {"name": "x"}, **headers)
    assert reply.status_code == 403


def test_a_form_of_another_site_is_turned_away(server):
    ada = server.person("Ada")
    ada.next()
    reply = ada.http.post(
        "/name", content=b'{"name": "x"}', headers={"X-Errata": ada.mark, "Content-Type": "text/plain"}
    )
    assert reply.status_code == 415


def test_a_forged_session_is_none(server):
    client = server.client()
    client.cookies.set(server.people.cookie, "416461." + "0" * 64)
    assert "Who are you?" in client.get("/").text


def test_pages_allow_no_script_but_the_servers_own(server):
    ada = server.person("Ada")
    ada.next()
    policy = ada.page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r'<script(?![^>]*(src="/static/|type="application/json"))', ada.page.text)
    assert not re.search(r"\son\w+=|\sstyle=", ada.page.text)


@pytest.mark.parametrize("path", ["/", "/questions", "/mine", "/agreement", "/q/none", "/nothing", "/static/none"])
def test_no_page_fails(server, path):
    assert server.person("Ada").http.get(path).status_code in (200, 404)


def test_on_other_addresses_people_come_by_a_token_of_their_own(run, trier):
    server = Server(run, trier, tokens={"Ada": "a-token", "Bo": "b-token"})
    stranger = server.client()
    assert stranger.get("/").status_code == 401
    assert stranger.get("/in/wrong").status_code == 403
    mark = MARK.search(stranger.get("/").text)[1]
    assert stranger.post("/name", json={"name": "Ada"}, headers={"X-Errata": mark}).status_code == 403
    page = stranger.get("/in/b-token")
    assert DATA.search(page.text)
    assert ">Bo</span>" in page.text
    server.kept.close()


@pytest.mark.parametrize("name", ["Ada", "Ada  Lovelace", "O'Neil-Smith 2.", "हिन्दी", "Łukasz", "李"])
def test_a_name_of_any_script_is_taken(server, name):
    assert server.person(name).next()


@pytest.mark.parametrize("name", ["", " ", "a@b", "<b>", "a\u202eb", "a\0", "-a", "x" * 41, "a/b", "human:a"])
def test_what_is_no_name_is_refused(server, name):
    client = server.client()
    mark = MARK.search(client.get("/").text)[1]
    reply = client.post("/name", json={"name": name}, headers={"X-Errata": mark})
    assert reply.status_code == 400
    assert "name: 1 to 40 letters" in reply.json()["error"]


def test_a_token_that_is_given_anew_ends_the_old_sessions():
    before, after = People(b"s", {"Ada": "old"}, None), People(b"s", {"Ada": "new"}, None)
    assert before.known(before.session("Ada")) == "Ada"
    assert after.known(before.session("Ada")) == ""


HOSTILE = "x = '</script><script>alert(1)</script>' # \u202e\u0000 <!-- \ud800\n"


def test_hostile_text_is_escaped_everywhere(run, trier):
    server = Server(run, trier)
    base = question(0)
    offer = replace(base.offers[0], program=HOSTILE)
    task = replace(base.task, instruction="<img src=x onerror=alert(1)>")
    hostile = Question(id="<b>/0", of=(offer.sample,), task=task, offers=(offer,))
    step = run / "02"
    step.mkdir()
    jsonl.write_whole(step / "question.jsonl", [jsonl.dump(hostile)])
    server.now += 10
    ada = server.person("Ada")
    key = next(one.key for one in server.desk.all() if one.question.id == "<b>/0")
    ada.open(f"/q/{key}")
    assert ada.data["programs"][0]["source"] == HOSTILE.replace("\ud800", "\ufffd")
    ada.send(text="<script>alert(2)</script>")
    for path in (f"/q/{key}", "/mine", "/questions"):
        page = ada.http.get(path).text
        for live in ("<script>alert", "<img src=x", "<b>/0", "\u202e", "\0"):
            assert live not in page.replace("\\u202e", "")
    server.kept.close()


def test_a_program_of_one_endless_line_is_cut_and_not_put_into_the_editor(run, trier):
    server = Server(run, trier)
    base = question(0)
    long = Question(
        id="long/0", of=base.of[:1], task=base.task, offers=(replace(base.offers[0], program="x=" + "1" * 10**6),)
    )
    (run / "02").mkdir()
    jsonl.write_whole(run / "02/question.jsonl", [jsonl.dump(long)])
    server.now += 10
    ada = server.person("Ada")
    key = next(one.key for one in server.desk.all() if one.question.id == "long/0")
    ada.open(f"/q/{key}")
    assert ada.data["programs"][0]["source"] is None
    assert len(ada.page.content) < 40_000
    server.kept.close()


def test_tokens_are_the_owners_to_read_and_the_same_after_a_restart(run):
    kept = Kept(run)
    tokens = kept.tokens(("Ada", "Bo"))
    kept.close()
    assert (run / ".annotate/tokens.json").stat().st_mode & 0o077 == 0
    assert (run / ".annotate/secret").stat().st_mode & 0o077 == 0
    again = Kept(run)
    assert again.tokens(("Bo", "Cy"))["Bo"] == tokens["Bo"]
    assert again.tokens(("Ada",))["Ada"] != tokens["Ada"]
    again.close()


def test_as_many_people_are_asked_as_the_run_was_begun_to_ask(run):
    assert annotate._votes(run) == 1
    (run / "config.json").write_text('{"settings": {"votes": 3}}')
    assert annotate._votes(run) == 3


@pytest.mark.parametrize(
    ("units", "alpha"),
    [
        ([[1, 1], [2, 2], [1, 1]], 1.0),
        ([[1, 1], [1, 1]], None),
        ([[1, 2], [1, 2]], -0.5),
        ([[1, 1], [2, 2], [1, 2]], 4 / 9),
    ],
)
def test_agreement_is_krippendorffs(units, alpha):
    assert lists.alpha(units) == (None if alpha is None else pytest.approx(alpha))


def test_a_folder_that_is_no_run_is_refused_and_left_as_it_is(tmp_path):
    with pytest.raises(UsageError, match="is no run"):
        annotate.annotate(tmp_path, annotate.Annotate(port=0))
    assert list(tmp_path.iterdir()) == []
