"""A real browser, and a server of its own for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, sync_playwright

from asked_run import WRONG, Served, question, task, verdicts
from errata import jsonl
from errata.types import Question

CHROMIUM = shutil.which("chromium")
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "chromium is missing: apt-get install chromium"
        pytest.skip("chromium is not here")
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield made
        made.close()


@pytest.fixture(scope="session")
def questions() -> list[Question]:
    judged = verdicts(task(0), WRONG)
    return [question(number, WRONG, judged) for number in range(3)]


@pytest.fixture
def serve(tmp_path, questions) -> Iterator[Callable[..., Served]]:
    """Starts a server; hostile programs may be put into the first question."""
    started: list[Served] = []

    def start(*flags: str, program: str | None = None) -> Served:
        asked = list(questions)
        if program is not None:
            offers = (replace(asked[0].offers[0], program=program), *asked[0].offers[1:])
            asked[0] = replace(asked[0], offers=offers)
        step = tmp_path / "run/00/refine"
        step.mkdir(parents=True)
        jsonl.write_whole(step / "question.jsonl", map(jsonl.dump, asked))
        started.append(Served(tmp_path / "run", *flags))
        return started[-1]

    yield start
    for served in started:
        served.kill()


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Browser, served: Served, name: str, **settings: object) -> None:
        self.context = browser.new_context(**{"viewport": DESK, **settings})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.address = f"http://127.0.0.1:{served.port}"
        self.page.goto(self.address)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_role("button", name="Begin").click()
        self.page.wait_for_selector("#refinement")

    def wait_for_next(self, act: Callable[[], object]) -> None:
        before = self.page.url
        act()
        self.page.wait_for_url(lambda url: url != before)
        self.page.wait_for_load_state()


@pytest.fixture
def sit(browser, serve) -> Iterator[Callable[..., Person]]:
    """Seats a person at a server; nothing may go wrong in their browser."""
    seated: list[Person] = []

    def seat(served: Served, name: str = "Ada", **settings: object) -> Person:
        seated.append(Person(browser, served, name, **settings))
        return seated[-1]

    yield seat
    for person in seated:
        person.context.close()
    assert [person.errors for person in seated] == [[]] * len(seated)
