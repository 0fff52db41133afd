"""Long literals are taken out of test text before it is read, and nothing else is."""

import ast

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.checks import ready
from errata.sandbox.literals import outline
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker

LONG = repr([[n, -n, str(n), (n, 1.5), {n: None}] for n in range(40)])


@pytest.mark.parametrize(
    "text",
    [
        f"x = {LONG}",
        f"import math\nx = {LONG}\n\ny = {LONG}  # results\nassert f(x) == y",
        f"x = {LONG}\nx = {LONG[:-1]}, 1]",
        f'"""words"""\nx = {LONG}\ndef g():\n    return x\n',
    ],
)
def test_a_long_literal_stands_apart_and_the_text_does_the_same(text):
    short, names, whole = outline(text), {"f": lambda x: x}, {"f": lambda x: x}
    assert short.literals
    assert len(short.source) < 200
    for piece in ready(text, "<test>", "f").pieces:
        exec(piece, names)
    exec(text, whole)
    assert all(names[name] == whole[name] for name in ("x", "y") if name in whole)
    assert names.get("__doc__") == whole.get("__doc__")


@pytest.mark.parametrize(
    "text",
    [
        f"def check(f):\n    x = {LONG}\n    assert f(x)",
        f"if True:\n    y = 1\nelse:\n    y = '''\nx = {LONG}\n'''",
        f"y = (1,\nx := 2,\n\n3)\nz = '''\nx = {LONG}\n'''",
        f"x = {LONG[:-1]}, inf]",
        f"x = {LONG} + [1]",
        f"x = {LONG}; y = 1",
        f"x = {LONG}.copy()",
        f"x = {LONG}[0]",
        f"x = [n for n in {LONG}]",
        f"x = {LONG} \\\n  + [1]",
        f"x = {LONG[:-1]}, f(1)]",
        f"x = {LONG}\r\ny = 1",
        f"from __future__ import annotations\nx = {LONG}",
        f"x = {LONG}\n'words'\n",
        f"x = {LONG}; assert x",
        "x = [1]\nassert f(x)",
    ],
)
def test_other_text_stays_whole(text):
    assert not outline(text).literals
    assert outline(text).source == text


def test_lines_keep_their_numbers():
    text = f"\n\nx = {LONG}\n\nassert f(x) == 2"
    assert ast.parse(outline(text).source).body[-1].lineno == 5


def test_literals_are_made_anew_for_each_program():
    text = f"x = {LONG}\nassert len(x) == 40\nx.append(f(1))\nassert len(x) == 41"
    worker = Worker()
    try:
        for _ in range(2):
            found = run_trial(worker, Program(source="def f(x):\n    return x", tests=(text,)), Limits())
            assert found.outcome == "passed", found.detail
    finally:
        worker.close()


def test_a_traceback_shows_the_line_that_follows_a_long_literal():
    worker = Worker()
    try:
        program = Program(source="def f(x):\n    return x", tests=(f"x = {LONG}\nassert f(3) == x",))
        found = run_trial(worker, program, Limits())
    finally:
        worker.close()
    assert found.outcome == "wrong"
    assert 'File "<string>", line 4, in <module>\n    assert f(3) == x\n' in found.detail
