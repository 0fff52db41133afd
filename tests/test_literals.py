"""Long literals are taken out of test text before it is read, and nothing else is."""

import ast

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.checks import ready
from errata.sandbox.literals import execute, outline, quick
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
    execute(ready(text, "<test>", "f").pieces, names)
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


@pytest.mark.parametrize(
    "item",
    [
        *("None", "True", "-0.0", "-0", "1e999", "10.50", "1e-7", "-1e5", "0x1f", "1_000", "1.", "+3", "12j"),
        *("()", "(1,)", "(1, 2,)", "(1)", "((1, 2))", "(((),),)", "[(), []]", "(1, )", "[1,]", "(-1, None)", "(None,)"),
        *("'it'", "'True'", "'(1,)'", "'a, b'", "'[' 'b'", "'null'", '"it\'s"', "'say \"x\"'", "r'a'", "b'a'", "u'a'"),
        *(r"'\\'", r"'\n'", r"'\x00'", r"'\u0000'", "'\t'", "'é'", "'''a'''", "''", "['a', 'b'][0]", "{''}"),
        *("{}", "{'a': 1, 'b': (2,), 'a': 3}", "{1: 2}", "{(1, 2): 3}", "{1, 2}", "{None}", "{'t': 'tuple', 'v': [1]}"),
        *("...", "123456789012345678901234567890", "9" * 400, "'" + "9" * 400 + "'"),
    ],
)
def test_a_literal_is_the_same_value_however_it_is_read(item):
    text = f"x = [{item}, {'1, ' * 200}{item}]"
    assert [repr(literal.value()) for literal in outline(text).literals.values()] in ([], [repr(eval(text[4:]))])


@pytest.mark.parametrize("item", ["2.5", "None", "'a (b)'", "(3, 4)", "('x',)", "()", "{'k': True}", "[[-1], [0]]"])
def test_what_is_nearly_json_is_read_without_the_compiler(item):
    assert quick(f"[{item}, {'1, ' * 200}2]") is not None


@pytest.mark.parametrize("item", ["true", "null", "NaN", "Infinity", "-Infinity", "nuNonell", "x", "[1](2)", "1 (2)"])
def test_what_is_json_and_no_literal_stays_code(item):
    assert not outline(f"x = [{item}, {'1, ' * 200}2]").literals


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
