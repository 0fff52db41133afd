"""Every command line that the documents show is one that the front door takes."""

import functools
import inspect
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from errata import cli

HOUSE = Path(__file__).parent.parent
PAGES = [HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *sorted(HOUSE.glob("docs/**/*.md"))]
NAMES = "|".join(cli.commands([]))
LINE = re.compile(rf" {{4}}(?:\$ )?(?P<command>errata (?:{NAMES})\b.*)")
INLINE = re.compile(rf"`(errata (?:{NAMES})\b[^`]*)`")


def standing(text: str) -> Iterator[str]:
    """Commands that stand on lines of their own; a backslash, or a quote that is open, goes on in the next line."""
    lines = iter(text.splitlines())
    for line in lines:
        if found := LINE.fullmatch(line):
            command = found["command"]
            while command.endswith("\\") or not closed(command):
                command = command.removesuffix("\\") + "\n" + next(lines)
            yield command


def closed(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


def shown(commands: Callable[[str], Iterator[str] | list[str]]) -> list[object]:
    """What all pages show, each once, named by its page."""
    found = {row: page.relative_to(HOUSE).as_posix() for page in PAGES for row in commands(page.read_text())}
    return [pytest.param(row, id=f"{page}: {' '.join(row.split())[:70]}") for row, page in found.items()]


def words(command: str) -> list[str]:
    """The words that a shell hands on; redirections, remarks in brackets and what is left out (`...`) are not."""
    text = re.split(r"\s{2,}\(|\s>\s", command.replace("$F", "FILE"))[0]
    return [word for word in shlex.split(text, comments=True)[1:] if word != "..."]


@pytest.fixture
def taken(monkeypatch) -> Callable[[list[str]], list[str]]:
    """The names of the commands that a line would run; nothing is run. SystemExit where the line is refused."""
    real, called = cli.commands, list[str]()

    def noted(name: str, command: Callable[..., None]) -> Callable[..., None]:
        def note(*_: object, **__: object) -> None:
            called.append(name)

        functools.update_wrapper(note, getattr(command, "func", command))
        del note.__wrapped__
        note.__signature__ = inspect.signature(command)
        return note

    def commands(line: list[str]) -> dict[str, Callable[..., None]]:
        return {name: noted(name, command) for name, command in real(line).items()}

    def parse(line: list[str]) -> list[str]:
        monkeypatch.setattr(cli, "commands", commands)
        cli.main(line)
        return called

    return parse


@pytest.mark.parametrize("command", shown(standing))
def test_a_command_that_stands_on_a_line_of_its_own_is_taken(command, taken):
    line = words(command)
    assert taken(line) == line[:1]


def test_what_tells_of_lines_that_are_taken_tells_of_one_that_is_not(taken, capsys):
    with pytest.raises(SystemExit):
        taken(["leti", "runs/a", "--no-such-flag", "1"])
    assert "no-such-flag" in capsys.readouterr().err


@pytest.mark.parametrize("command", shown(INLINE.findall))
def test_a_command_in_the_middle_of_a_sentence_has_flags_that_there_are(command, capsys):
    line = words(command)
    with pytest.raises(SystemExit):
        cli.main([line[0], "--help"])
    there = set(re.findall(r"--[a-z][\w.-]*", capsys.readouterr().out))
    assert {word.partition("=")[0] for word in line if word.startswith("--")} <= there
