# ruff: noqa: E501 (tables of programs read best a row a line)
"""Attacks on our own protocol: frames, values, handles, reports, processes, and calls that are sent ahead.

Each program runs in tier 1 and in tier 2. None may pass, none may break the judge, and an honest program that comes
right after it passes.
"""

import json
import time
from collections.abc import Iterator

import pytest

from errata.sandbox import Limits, Pool, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.referee import Referee

ADD = ("assert f(1, 2) == 3", "assert f(5, 7) == 12", "assert f(-1, 2) == 1")
ONE = ("assert f(1) == 3",)
LIVE = ("x = f(1)\nassert x == 3",)
"""The same in words from which no plan of calls is made."""
HONEST = Program(source="def f(a, b):\n    return a + b\n", tests=ADD, entry_point="f")
TOOLS = """
import fcntl, gc, json, os, struct, sys, time
def raw(body, fd=3):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    data = struct.pack(">I", len(data)) + data
    while data:
        data = data[os.write(fd, data):]
def service():
    frame = sys._getframe()
    while type(frame.f_locals.get("self")).__name__ != "Service":
        frame = frame.f_back
    return frame.f_locals["self"]
def lie(made):
    s = service()
    true = s.tell
    s.tell = lambda reply, key: true(made(reply, key), key)
def value(tree, changed=None):
    lie(lambda reply, key: ["v", key, tree, changed] if key else reply)
def report(made):
    lie(lambda reply, key: ["e", key, made] if key else reply)
def f(*given):
    return 0
"""


@pytest.fixture(scope="module")
def referee(tier: int) -> Iterator[Referee]:
    made = Referee(tier=tier)
    yield made
    made.close()


def judged(referee: Referee, source: str, tests: tuple[str, ...] = ADD, seconds: float = 1.0, **rest) -> Outcome:
    """What is said of the program; and an honest one right after it passes, in the same judge."""
    began = time.monotonic()
    limits = Limits(seconds=seconds)
    found = referee.judge(Program(source=source, tests=tests, entry_point="f", **rest), limits)
    assert time.monotonic() - began < limits.deadline + 10
    assert len(found.detail) < 20_000
    json.dumps([found.detail, found.stdout, *(str(part) for part in found.parts)]).encode("ascii")
    assert referee.judge(HONEST, Limits(seconds=3)).outcome == "passed"
    return found


def refused(found: Outcome) -> bool:
    return found.outcome not in ("passed", "invalid_check") and not all(part.passed for part in found.parts)


@pytest.mark.parametrize("tests", [ONE, LIVE], ids=["planned", "live"])
def test_the_tools_of_these_attacks_reach_the_judge(tests, referee):
    assert judged(referee, TOOLS + "value(3)\n", tests).outcome == "passed"
    assert judged(referee, TOOLS + "value(4)\n", tests).outcome == "wrong"


FRAMES = {
    "before_the_start": "raw(['v', 1, 3, None])",
    "two_starts": "raw(['v', 0, {'f': None}, None]); raw(['v', 0, {'f': None}, None])",
    "a_start_without_names": "raw(['v', 0, [], None])",
    "a_start_of_names_that_are_none": "raw(['v', 0, {'': None, 'f': 3, '\\x00': [], '__builtins__': None}, None])",
    "a_start_with_an_unknown_tag": "raw(['v', 0, {'f': {'t': 'function', 'v': 'sum'}}, None])",
    "a_start_with_a_tagless_value": "raw(['v', 0, {'f': {}}, None])",
    "a_start_with_a_broken_handle": "raw(['v', 0, {'f': {'t': 'handle', 'v': [-1, 'function', '.f']}}, None])",
    "a_start_that_lends": "raw(['v', 0, {'f': {'t': 'borrowed', 'v': 0}}, None])",
    "a_start_with_a_value": "raw(['v', 0, {'f': [1, 2]}, None])",
    "a_start_with_a_type": "raw(['v', 0, {'f': {'t': 'type', 'v': 'int'}}, None])",
    "a_start_with_a_class_of_no_name": "raw(['v', 0, {'f': {'t': 'handle', 'v': [0, 'error ValueError', 'a\\x00b']}}, None])",
    "a_start_with_a_class_of_half_a_letter": "raw(b'[\"v\",0,{\"f\":{\"t\":\"handle\",\"v\":[0,\"error ValueError\",\"\\\\ud800\"]}},null]')",
    "a_start_with_a_changed_field": "raw(['v', 0, {'f': None}, [[]]])",
    "an_id_that_is_true": "lie(lambda r, k: ['v', True, 3, None] if k else r)",
    "an_id_that_is_a_fraction": "lie(lambda r, k: ['v', float(k), 3, None] if k else r)",
    "an_id_that_is_text": "lie(lambda r, k: ['v', str(k), 3, None] if k else r)",
    "an_id_below_nothing": "lie(lambda r, k: ['v', -k, 3, None] if k else r)",
    "a_huge_id": "lie(lambda r, k: ['v', 1 << 200, 3, None] if k else r)",
    "no_id": "lie(lambda r, k: ['v', None, 3, None] if k else r)",
    "the_id_of_the_call_before": "lie(lambda r, k: ['v', k - 1, 3, None] if k else r)",
    "the_id_of_the_next_call": "lie(lambda r, k: ['v', k + 1, 3, None] if k else r)",
    "the_same_answer_to_all": "s = service(); true = s.tell\ndef tell(r, k):\n    true(r, k)\n    if k == 0:\n        for n in range(1, 9): true(['v', n, 3, None], n)\ns.tell = tell",
    "a_kind_that_is_none": "lie(lambda r, k: ['w', k, 3, None] if k else r)",
    "a_kind_that_is_a_number": "lie(lambda r, k: [0, k, 3, None] if k else r)",
    "an_answer_too_short": "lie(lambda r, k: ['v', k] if k else r)",
    "an_answer_too_long": "lie(lambda r, k: ['v', k, 3, None, None] if k else r)",
    "an_empty_list": "raw([])",
    "an_object": "raw({'v': 3})",
    "a_bare_value": "raw(3)",
    "nothing_at_all": "raw(b'')",
    "blanks": "raw(b'   ')",
    "two_values_in_a_frame": "raw(b'[\"v\",1,3,null] [\"v\",2,3,null]')",
    "a_frame_of_zeros": "raw(bytes(1000))",
    "a_number_of_many_digits": "raw(b'[\"v\",1,' + b'9' * 1000000 + b',null]')",
    "a_number_with_a_huge_exponent": "raw(b'[\"v\",1,1e999999,null]')",
    "a_minus_nothing": "raw(b'[\"v\",1,-,null]')",
    "a_frame_one_byte_too_long": "os.write(3, struct.pack('>I', (16 << 20) + 1))",
    "half_a_frame_and_an_end": "os.write(3, struct.pack('>I', 1000) + b'[\"v\"'); os._exit(0)",
    "half_a_length_and_an_end": "os.write(3, b'\\x00\\x00'); os._exit(0)",
    "a_text_that_is_too_large": "lie(lambda r, k: ['large', k] if k else r)",
    "a_wrong_syntax_after_the_start": "lie(lambda r, k: ['s', k, ['SyntaxError', 'x', 1, 'x', 1, 1]] if k else r)",
    "calls_back_what_nobody_lent": "lie(lambda r, k: ['c', 1, 'call', [0], {}] if k else r)",
    "calls_back_with_a_negative_key": "lie(lambda r, k: ['c', 1, 'call', [-1], {}] if k else r)",
    "calls_back_what_is_no_operation": "lie(lambda r, k: ['c', 1, 'exec', [0, 'x'], {}] if k else r)",
    "calls_back_without_end": "while True: raw(['c', 1, 'next', [0, 1], {}])",
    "calls_back_before_the_start": "raw(['c', 1, 'call', [0], {}])",
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_out_of_order_is_no_pass(name, referee):
    assert refused(judged(referee, TOOLS + FRAMES[name] + "\n"))


VALUES = {
    "handle_that_calls_itself_an_int": "{'t': 'handle', 'v': [0, 'object', 'int']}",
    "handle_below_nothing": "{'t': 'handle', 'v': [-3, 'object', 'int']}",
    "handle_far_away": "{'t': 'handle', 'v': [1 << 40, 'object', 'int']}",
    "handle_of_no_number": "{'t': 'handle', 'v': ['3', 'object', 'int']}",
    "handle_that_is_true": "{'t': 'handle', 'v': [True, 'object', 'int']}",
    "handle_without_a_kind": "{'t': 'handle', 'v': [3]}",
    "handle_of_a_new_kind": "{'t': 'handle', 'v': [3, 'int', 'int']}",
    "handle_with_a_long_name": "{'t': 'handle', 'v': [3, 'object', 'x' * 1000000]}",
    "handle_that_is_an_exit": "{'t': 'handle', 'v': [3, 'error SystemExit', 'SystemExit']}",
    "handle_that_is_an_interrupt": "{'t': 'handle', 'v': [3, 'error KeyboardInterrupt', 'x']}",
    "handle_that_is_an_unknown_error": "{'t': 'handle', 'v': [3, 'error eval', 'x']}",
    "handle_that_is_a_module": "{'t': 'handle', 'v': [3, 'module', 'os']}",
    "row_that_lies": "{'t': 'row', 'v': [{'t': 'handle', 'v': [0, 'object', 'int']}, {'t': 'tuple', 'v': [3]}]}",
    "row_without_a_handle": "{'t': 'row', 'v': [3, {'t': 'tuple', 'v': [3]}]}",
    "row_of_a_class": "{'t': 'row', 'v': [{'t': 'handle', 'v': [0, 'error ValueError', 'x']}, {'t': 'tuple', 'v': [3]}]}",
    "row_of_a_list": "{'t': 'row', 'v': [{'t': 'handle', 'v': [0, 'object', 'int']}, [3]]}",
    "borrowed_from_nobody": "{'t': 'borrowed', 'v': 0}",
    "borrowed_that_is_true": "{'t': 'borrowed', 'v': False}",
    "lent": "{'t': 'lent', 'v': 0}",
    "function_of_the_judges": "{'t': 'function', 'v': 'eval'}",
    "module_of_the_judges": "{'t': 'module', 'v': 'os'}",
    "type_of_the_judges": "{'t': 'type', 'v': 'int'}",
    "type_that_is_none": "{'t': 'type', 'v': 'eval'}",
    "type_of_no_name": "{'t': 'type', 'v': None}",
    "no_tag": "{'v': 3}",
    "tag_of_no_text": "{'t': ['int'], 'v': '3'}",
    "tag_in_a_tag": "{'t': {'t': 'int'}, 'v': '3'}",
    "int_in_words": "{'t': 'int', 'v': 'three'}",
    "int_of_two_million_digits": "{'t': 'int', 'v': 'f' * 2000000}",
    "int_of_no_text": "{'t': 'int', 'v': 3.0}",
    "float_in_words": "{'t': 'float', 'v': '3.0'}",
    "not_a_number": "{'t': 'float', 'v': 'nan'}",
    "infinity": "{'t': 'float', 'v': 'inf'}",
    "decimal_that_signals": "{'t': 'Decimal', 'v': 'sNaN'}",
    "decimal_beyond_all": "{'t': 'Decimal', 'v': '1E+999999999'}",
    "decimal_of_many_digits": "{'t': 'Decimal', 'v': '9' * 100000}",
    "fraction_of_nothing": "{'t': 'Fraction', 'v': [1, 0]}",
    "fraction_of_truths": "{'t': 'Fraction', 'v': [True, False]}",
    "fraction_of_one": "{'t': 'Fraction', 'v': [1]}",
    "complex_of_texts": "{'t': 'complex', 'v': ['x', 'y']}",
    "range_of_texts": "{'t': 'range', 'v': ['0', '1']}",
    "range_of_steps_of_nothing": "{'t': 'range', 'v': [0, 1, 0]}",
    "range_without_end": "{'t': 'range', 'v': [0, 1 << 62, 1]}",
    "set_of_lists": "{'t': 'set', 'v': [[1]]}",
    "set_of_numbers_that_are_none": "{'t': 'set', 'v': [{'t': 'float', 'v': 'nan'}] * 50}",
    "set_of_one_hash": "{'t': 'set', 'v': [n * ((1 << 61) - 1) for n in range(2000)]}",
    "set_of_handles": "{'t': 'set', 'v': [{'t': 'handle', 'v': [n, 'object', 'int']} for n in range(50)]}",
    "dict_of_singles": "{'t': 'dict', 'v': [[1]]}",
    "dict_of_triples": "{'t': 'dict', 'v': [[1, 2, 3]]}",
    "dict_with_keys_that_are_lists": "{'t': 'dict', 'v': [[[1], 2]]}",
    "dict_that_is_none": "{'t': 'dict', 'v': None}",
    "counter_of_texts": "{'t': 'Counter', 'v': [['a', 'b']]}",
    "deque_below_nothing": "{'t': 'deque', 'v': [-1, [1]]}",
    "deque_of_text_length": "{'t': 'deque', 'v': ['9', [1]]}",
    "defaultdict_of_a_function": "{'t': 'defaultdict', 'v': ['eval', []]}",
    "defaultdict_of_an_exit": "{'t': 'defaultdict', 'v': ['SystemExit', []]}",
    "bytes_that_are_none": "{'t': 'bytes', 'v': '###'}",
    "bytes_of_half_a_letter": "{'t': 'bytes', 'v': '\\ud800'}",
    "array_of_no_type": "{'t': 'array', 'v': ['z', '']}",
    "array_of_broken_letters": "{'t': 'array', 'v': ['u', '/////////w==']}",
    "array_of_odd_length": "{'t': 'array', 'v': ['q', 'AAAA']}",
    "date_of_no_day": "{'t': 'date', 'v': '2020-13-45'}",
    "date_of_no_text": "{'t': 'datetime', 'v': 3}",
    "span_beyond_all": "{'t': 'timedelta', 'v': [1 << 60, 0, 0]}",
    "constant_that_is_none": "{'t': 'constant', 'v': '__import__'}",
    "items_of_singles": "{'t': 'items', 'v': [[1]]}",
    "keys_of_lists": "{'t': 'keys', 'v': [[1]]}",
    "half_a_letter": "'\\ud800'",
    "text_of_the_expected": "'3'",
    "list_of_the_expected": "[3]",
    "numpy_of_another_shape": "{'t': 'numpy', 'v': ['<i8', [2, 2], 'BAAAAAAAAAA=']}",
    "numpy_below_nothing": "{'t': 'numpy', 'v': ['<i8', [-2], 'BAAAAAAAAAA=']}",
    "numpy_of_truth_shape": "{'t': 'numpy', 'v': ['<i8', [True], 'BAAAAAAAAAA=']}",
    "numpy_of_pointers": "{'t': 'numpy', 'v': ['|O8', [1], 'AwAAAAAAAAA=']}",
    "numpy_of_nothing": "{'t': 'numpy', 'v': ['<i0', [1], '']}",
    "numpy_of_odd_digits": "{'t': 'numpy', 'v': ['<i\\u00b2', [1], '']}",
    "numpy_of_records": "{'t': 'numpy', 'v': ['<f8,<O8', [1], '']}",
    "numpy_without_data": "{'t': 'numpy', 'v': ['<f8', None, '']}",
    "numpy_wide_and_empty": "{'t': 'numpy', 'v': ['<f8', [0, 1 << 62], '']}",
    "numpy_of_no_letters": "{'t': 'numpy', 'v': ['<f8', [1], '***']}",
    "path_of_nothing": "{'t': 'Path', 'v': 3}",
    "chain_of_a_number": "{'t': 'ChainMap', 'v': [[3]]}",
    "chain_of_an_object": "{'t': 'ChainMap', 'v': [[{'t': 'handle', 'v': [9, 'object', 'x', None]}]]}",
    "identity_of_no_letters": "{'t': 'UUID', 'v': 'zz'}",
    "zone_that_is_a_folder": "{'t': 'datetime', 'v': ['2020-01-01', 'America', 0]}",
    "zone_outside": "{'t': 'datetime', 'v': ['2020-01-01', '../../etc/passwd', 0]}",
    "zone_with_a_zero": "{'t': 'datetime', 'v': ['2020-01-01', 'a\\0b', 0]}",
    "view_of_no_letters": "{'t': 'memoryview', 'v': 'zz'}",
    "numpy_of_wide_texts": "{'t': 'numpy', 'v': ['<U999999', [1], '']}",
    "numpy_of_no_such_letter": "{'t': 'numpy', 'v': ['<U1', [1], 'ffffffff']}",
    "numpy_of_no_such_unit": "{'t': 'numpy', 'v': ['<M8[zz]', [1], '0000000000000000']}",
    "handle_of_the_librarys_class": "{'t': 'handle', 'v': [5, 'object', 'x', 're.Match']}",
    "handle_of_no_class": "{'t': 'handle', 'v': [5, 'object', 'x', 'sys.modules']}",
    "class_below_a_number": "{'t': 'handle', 'v': [5, 'class', 'x', [{'t': 'type', 'v': 'int'}]]}",
    "class_below_nothing": "{'t': 'handle', 'v': [5, 'class', 'x', [{'t': 'type', 'v': []}]]}",
    "class_of_the_judges_end": "{'t': 'handle', 'v': [5, 'error Exception', 'errata.sandbox.ahead.Over', []]}",
    "exception_of_the_tests": "{'t': 'raised', 'v': ['ValueError']}",
    "descriptor": "{'t': 'descriptor', 'v': [{'t': 'type', 'v': 'property'}]}",
    "deep_lists": "__import__('functools').reduce(lambda a, _: [a], range(150), 3)",
    "deep_tuples": "__import__('functools').reduce(lambda a, _: {'t': 'tuple', 'v': [a]}, range(115), 3)",
    "wide_lists": "[[]] * 300000",
}  # fmt: skip


@pytest.mark.parametrize("tests", [ONE, LIVE], ids=["planned", "live"])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_is_none_is_no_pass(name, tests, referee):
    assert refused(judged(referee, TOOLS + f"value({VALUES[name]})\n", tests))


REPORTS = {
    "nothing": "{}",
    "a_chain_that_is_none": "{'chain': 3}",
    "a_chain_of_numbers": "{'chain': [1, 2, 3], 'base': 'ValueError'}",
    "an_empty_link": "{'chain': [{}], 'base': 'ValueError', 'args': []}",
    "frames_that_are_none": "{'chain': [{'frames': 3, 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "frames_of_texts": "{'chain': [{'frames': [['a', 'b', 'c']], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "frames_of_singles": "{'chain': [{'frames': [[1]], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "a_line_below_nothing": "{'chain': [{'frames': [[-5, 'f', 1]], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "a_line_far_away": "{'chain': [{'frames': [[1 << 60, 'f', 1]], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "a_frame_that_returns_a_billion_times": "{'chain': [{'frames': [[1, 'f', 10**9]], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "very_many_frames": "{'chain': [{'frames': [[1, 'f', 1]] * 100000, 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "a_function_with_a_long_name": "{'chain': [{'frames': [[1, 'f' * 1000000, 1]], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}]}",
    "a_kind_that_is_none": "{'chain': [{'frames': [], 'kind': {}, 'text': [], 'link': 7}]}",
    "a_long_text": "{'chain': [{'frames': [], 'kind': 'ValueError', 'text': 'x' * 4000000, 'link': 'context'}]}",
    "a_long_kind": "{'chain': [{'frames': [], 'kind': 'K' * 1000000, 'text': 'x', 'link': 'context'}]}",
    "a_text_of_half_a_letter": "{'chain': [{'frames': [], 'kind': 'ValueError', 'text': '\\ud800', 'link': 'context'}]}",
    "a_text_that_claims_to_pass": "{'chain': [{'frames': [], 'kind': 'AssertionError', 'text': 'passed', 'link': 'context'}], 'base': 'AssertionError'}",
    "a_very_long_chain": "{'chain': [{'frames': [], 'kind': 'ValueError', 'text': 'x', 'link': 'context'}] * 50000}",
    "a_class_that_is_an_exit": "{'class': {'t': 'type', 'v': 'SystemExit'}, 'base': 'SystemExit', 'args': [0], 'chain': []}",
    "a_class_that_is_an_interrupt": "{'class': {'t': 'type', 'v': 'KeyboardInterrupt'}, 'base': 'KeyboardInterrupt', 'args': [], 'chain': []}",
    "a_class_that_is_all": "{'class': {'t': 'type', 'v': 'BaseException'}, 'base': 'BaseException', 'args': [], 'chain': []}",
    "a_class_that_is_an_assertion": "{'class': {'t': 'type', 'v': 'AssertionError'}, 'base': 'AssertionError', 'args': [], 'chain': []}",
    "a_class_that_ends_loops": "{'class': {'t': 'type', 'v': 'StopIteration'}, 'base': 'StopIteration', 'args': [], 'chain': []}",
    "a_class_that_is_a_time_limit": "{'class': {'t': 'type', 'v': 'OSError'}, 'base': 'OSError', 'args': [110, 'x'], 'chain': []}",
    "a_class_that_is_a_group": "{'class': {'t': 'type', 'v': 'ExceptionGroup'}, 'base': 'ExceptionGroup', 'args': ['x'], 'chain': []}",
    "a_class_that_is_no_error": "{'class': {'t': 'type', 'v': 'int'}, 'base': 'ValueError', 'args': [], 'chain': []}",
    "a_class_that_is_none": "{'class': 3, 'base': 4, 'args': 5, 'chain': 6}",
    "a_class_without_a_name": "{'class': {'t': 'handle', 'v': [9, 'error ValueError', '']}, 'base': 'ValueError', 'args': [], 'chain': []}",
    "a_class_with_a_broken_name": "{'class': {'t': 'handle', 'v': [9, 'error ValueError', 'a\\x00']}, 'base': 'ValueError', 'args': [], 'chain': []}",
    "a_class_with_half_a_letter": "{'class': {'t': 'handle', 'v': [9, 'error ValueError', '\\ud800']}, 'base': 'ValueError', 'args': [], 'chain': []}",
    "arguments_that_are_handles": "{'base': 'ValueError', 'args': [{'t': 'handle', 'v': [0, 'object', 'x']}] * 9, 'chain': []}",
    "arguments_without_end": "{'base': 'ValueError', 'args': list(range(300000)), 'chain': []}",
    "arguments_that_do_not_fit": "{'class': {'t': 'type', 'v': 'UnicodeDecodeError'}, 'base': 'UnicodeDecodeError', 'args': [1, 2], 'chain': []}",
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_is_none_is_no_pass(name, referee):
    assert refused(judged(referee, TOOLS + f"report({REPORTS[name]})\n", ONE))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_is_none_at_the_start_is_no_pass(name, referee):
    assert refused(judged(referee, TOOLS + f"raw(['e', 0, {REPORTS[name]}])\ntime.sleep(0.05)\n", ONE))


SYNTAX = ["None", "3", "{}", "[]", "[1, 2, 3]", "['SyntaxError', 'x', 'y', 'z', 'a', 'b']",
          "['SyntaxError', {}, 1, [], {}, None]", "['SyntaxError', 'x', 1 << 70, 'text', 1 << 70, -5]",
          "['SyntaxError', 'x', -9, 'text', -9, -9]", "['SyntaxError', 'x' * 3000000, 1, 'y' * 3000000, 1, 2000000]",
          "['K' * 1000000, 'x', 1, 'y', 1, 2]", "['SyntaxError', '\\ud800', 1, '\\ud800', 1, 1]"]  # fmt: skip


@pytest.mark.parametrize("told", SYNTAX, ids=range(len(SYNTAX)))
def test_a_forged_syntax_error_is_no_pass(told, referee):
    assert refused(judged(referee, TOOLS + f"raw(['s', 0, {told}])\ntime.sleep(0.05)\n", ONE))


OBJECTS = {
    "len_that_lies": ("def __len__(self): return -1", "assert len(f(1)) == 3"),
    "len_beyond_all": ("def __len__(self): return 1 << 70", "assert len(f(1)) == 3"),
    "len_of_no_number": ("def __len__(self): return 'three'", "assert len(f(1)) == 3"),
    "hash_beyond_all": ("def __hash__(self): return 1 << 200", "assert {f(1): 1}[3]"),
    "hash_of_another": ("def __hash__(self): return 3\n    def __eq__(self, o): return True", "assert f(1) in {3}"),
    "iteration_that_never_ends": ("def __iter__(self): return self\n    def __next__(self): return 0", "assert 3 in f(1)"),
    "iteration_of_itself": ("def __iter__(self): yield self\n    def __eq__(self, o): return True", "assert 3 in f(1)"),
    "iteration_that_raises": ("def __iter__(self): raise StopIteration", "assert 3 in list(f(1))"),
    "items_of_itself": ("def __getitem__(self, k): return self\n    def __eq__(self, o): return True", "assert f(1)[0] == 3"),
    "attributes_of_itself": ("def __getattr__(self, n): return self\n    def __eq__(self, o): return True", "assert f(1).x.y == 3"),
    "calls_of_itself": ("def __call__(self, *a): return self\n    def __eq__(self, o): return True", "assert f(1)()() == 3"),
    "membership": ("def __contains__(self, x): return True", "assert 3 in f(1)"),
    "membership_with_a_length": ("def __contains__(self, x): return True\n    def __len__(self): return 1", "assert 3 in f(1)"),
    "class_that_is_int": ("__class__ = int\n    def __eq__(self, o): return True", "assert type(f(1)) is int and f(1) == 3"),
    "instance_of_int": ("__class__ = int\n    def __eq__(self, o): return True", "assert isinstance(f(1), int)"),
    "index": ("def __index__(self): return 3\n    def __eq__(self, o): return True", "assert f(1) == 3"),
    "numbers_of_all_kinds": ("def __int__(self): return 3\n    __index__ = __float__ = __int__\n    def __eq__(self, o): return True", "assert f(1) == 3"),
    "bool_that_changes": ("n = 0\n    def __bool__(self):\n        E.n += 1\n        return E.n % 2 == 1", "x = f(1)\nassert x and x"),
    "or": ("def __or__(self, o): return o\n    __ror__ = __or__", "assert f(1) | 3 == 3"),
    "and_that_gives_back": ("def __and__(self, o): return o\n    __rand__ = __and__", "assert (f(1) & {3}) == {3}"),
    "mod": ("def __mod__(self, o): return o\n    __rmod__ = __mod__", "assert f(1) % 3 == 3"),
    "add_that_gives_back": ("def __add__(self, o): return o\n    def __radd__(self, o): return o", "assert [3] + f(1) == [3]"),
    "divmod": ("def __divmod__(self, o): return (0, 0)\n    def __rdivmod__(self, o): return (0, 0)", "assert divmod(f(1), 3) == (0, 0)"),
    "round": ("def __round__(self, n=0): return self\n    def __eq__(self, o): return True", "assert round(f(1), 2) == 3"),
    "abs_of_a_difference": ("def __sub__(self, o): return self\n    def __rsub__(self, o): return self\n    def __abs__(self): return 0\n    def __lt__(self, o): return True", "assert abs(3 - f(1)) < 1e-9"),
    "formatted": ("def __format__(self, how): return how", "assert f'{f(1):3}' == '3' and f(1) == 3"),
    "repr_of_many_lines": ("def __repr__(self): return 'x' * (4 << 20)", "assert f(1) == 3, f(1)"),
    "repr_that_raises": ("def __repr__(self): raise SystemExit(0)", "assert f(1) == 3, repr(f(1))"),
    "repr_of_no_text": ("def __repr__(self): return 3", "assert f(1) == 3, repr(f(1))"),
    "context": ("def __enter__(self): return self\n    def __exit__(self, *a): return True\n    def __eq__(self, o): return True", "with f(1) as x:\n    assert x == 3"),
    "copy": ("def __copy__(self): return 3\n    __deepcopy__ = __copy__\n    def __eq__(self, o): return True", "import copy\nassert copy.copy(f(1)) == 3 and f(1) == 3"),
    "sort_order": ("def __lt__(self, o): return True", "assert sorted([f(1), 3])[0] == 3 and f(1) == 3"),
    "numpy_protocol": ("def __array__(self, *a, **k):\n        import numpy\n        return numpy.array([3])\n    __array_priority__ = 1000\n    def __array_ufunc__(self, *a, **k): return True\n    def __eq__(self, o): return True", "import numpy\nassert (numpy.array([3]) == f(1)).all() and f(1) == 3"),
    "int_that_lies": ("", "assert f(1) == 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_lies_is_no_pass(name, referee):
    body, test = OBJECTS[name]
    source = f"class E:\n    pass\n    {body}\ndef f(x):\n    return E()\n"
    if name == "int_that_lies":
        source = "class E(int):\n    def __eq__(self, o): return True\n    __hash__ = None\n    def __pos__(self): return 3\n    def __int__(self): return 3\ndef f(x):\n    return E(4)\n"
    if name == "instance_of_int":
        test = "assert isinstance(f(1), int) and f(1) == 3"
    assert refused(judged(referee, source, (test,)))


CHANGED = {
    "emptied_without_being_asked": "value([], [[]])",
    "by_a_patched_service": "service().back = True\ndef f(xs):\n    xs.clear()\n    return []",
    "of_another_length": "value([], [[], []])",
    "of_no_list": "value([], 3)",
    "of_another_type": "value([], [{'t': 'tuple', 'v': []}])",
}


@pytest.mark.parametrize("name", CHANGED)
def test_arguments_are_not_changed_where_the_task_does_not_ask_for_it(name, referee):
    tests = ("xs = [3, 1, 2]\nassert f(xs) == sorted(xs)",)
    assert refused(judged(referee, TOOLS + CHANGED[name] + "\n", tests))


BACK = {
    "of_another_length": "value([1], [[], []])",
    "of_no_list": "value([1], {'t': 'dict', 'v': []})",
    "of_another_type": "value([1], [{'t': 'set', 'v': []}])",
    "of_a_handle": "value([1], [{'t': 'handle', 'v': [0, 'object', 'list']}])",
    "of_an_unknown_tag": "value([1], [{'t': 'eval', 'v': 'x'}])",
    "of_a_length_beyond_all": "value([1], [[0] * 2000000])",
}


@pytest.mark.parametrize("name", BACK)
def test_changed_arguments_that_do_not_fit_are_no_pass(name, referee):
    tests = ("xs = [3, 1, 2]\nassert f(xs) == sorted([3, 1, 2]) and xs == [3, 1, 2]",)
    assert refused(judged(referee, TOOLS + BACK[name] + "\n", tests, copy_back=True))


PROCESSES = {
    "a_child_answers_in_its_place": "if os.fork() == 0:\n    while True:\n        raw(['v', 1, 3, None])\n",
    "the_parent_ends_and_the_child_goes_on": "if os.fork(): os._exit(0)\n",
    "a_thread_answers": "import threading\ndef shout():\n    while True:\n        raw(['v', 1, 3, None])\nthreading.Thread(target=shout, daemon=True).start()\n",
    "a_thread_ends_it": "import threading\nthreading.Timer(0.01, os._exit, (0,)).start()\ndef f(*a):\n    time.sleep(0.5)\n    return 3\n",
    "another_channel_in_its_place": "import socket\na, b = socket.socketpair()\nos.dup2(a.fileno(), 3)\nb.sendall(struct.pack('>I', 14) + b'[\"v\",1,3,null]')\n",
    "the_channel_closed_and_opened": "os.close(3)\nos.open('/dev/null', os.O_RDWR)\n",
    "the_channel_twice": "os.dup2(3, 9)\nraw(['v', 1, 3, None], 9)\n",
    "half_of_the_channel": "import socket\nsocket.socket(fileno=os.dup(3)).shutdown(socket.SHUT_WR)\n",
    "the_other_half": "import socket\nsocket.socket(fileno=os.dup(3)).shutdown(socket.SHUT_RD)\n",
    "a_channel_that_does_not_wait": "os.set_blocking(3, False)\n",
    "descriptors_over_the_channel": "import array, socket\ntalk = socket.socket(fileno=os.dup(3))\nfor _ in range(50):\n    talk.sendmsg([struct.pack('>I', 2) + b'[]'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))])\n",
    "urgent_bytes": "import socket\nsocket.socket(fileno=os.dup(3)).send(b'!', socket.MSG_OOB)\n",
    "an_alarm": "import signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n",
    "an_alarm_that_raises": "import signal\ndef ring(*a): raise SystemExit(0)\nsignal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\ndef f(*a):\n    while True: pass\n",
    "it_stops_itself": "import signal\nos.kill(os.getpid(), signal.SIGSTOP)\n",
    "bytes_before_its_end": "def f(*a):\n    os.write(3, b'\\x00\\x00\\x00\\x01[')\n    os._exit(0)\n",
    "an_end_between_two_calls": "n = 0\ndef f(a, b):\n    global n\n    n += 1\n    if n == 2: os._exit(0)\n    return a + b\n",
    "an_exit_between_two_calls": "n = 0\ndef f(a, b):\n    global n\n    n += 1\n    if n == 2: sys.exit(0)\n    return a + b\n",
    "an_end_by_a_late_thread": "import threading\ndef f(a, b):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(0.2)\n    return a + b\n",
    "the_first_answers_alone": "s = service()\ntrue = s.tell\ns.tell = lambda r, k: true(r, k) if k < 2 else None\ndef f(a, b): return a + b\n",
    "the_last_answer_is_missing": "n = 0\ndef f(a, b):\n    global n\n    n += 1\n    if n == 3:\n        time.sleep(30)\n    return a + b\n",
    "answers_in_another_order": "s = service()\nkept = []\ntrue = s.tell\ndef tell(r, k):\n    if k == 1: kept.append(r)\n    elif k == 2:\n        true(r, k)\n        true(kept[0], 1)\n    else: true(r, k)\ns.tell = tell\ndef f(a, b): return a + b\n",
    "an_answer_left_out": "s = service()\ntrue = s.tell\ns.tell = lambda r, k: true(['v', k - 1, r[2], None], k) if k > 2 else true(r, k) if k != 2 else None\ndef f(a, b): return a + b\n",
    "other_calls_than_it_was_asked": "s = service()\ntrue = s.answer, s.foreseen\ndef answer(request):\n    request[2] = request[2][:1] + [0] * (len(request[2]) - 1)\n    true[0](request)\ns.answer = answer\ns.foreseen = lambda key, target, given: true[1](key, target, (0,) * len(given))\ndef f(a, b): return a + b\n",
    "its_own_plan": "s = service()\nfor n in range(1, 4): s.answer([n, 'call', [{'t': 'handle', 'v': 0}, 1, 2], {}])\ndef f(a, b): return 3\n",
    "a_plan_for_another_name": "g = f\ndel f\n",
    "a_name_that_is_data_first": "f = 3\n",
    "a_name_that_becomes_another": "class F:\n    def __call__(self, a, b): return 0\n    def __eq__(self, o): return True\nf = F()\n",
    "state_between_calls": "seen = [12, 3, 1]\ndef f(a, b):\n    return seen.pop()\n",
}  # fmt: skip


@pytest.mark.parametrize("name", PROCESSES)
def test_what_a_program_does_with_its_process_is_no_pass(name, referee):
    assert refused(judged(referee, TOOLS + PROCESSES[name]))


def test_dripping_bytes_do_not_stretch_the_time(referee):
    source = (
        TOOLS
        + "def f(*a):\n    data = struct.pack('>I', 100000) + b' ' * 100000\n    for at in range(len(data)):\n        os.write(3, data[at:at + 1])\n        time.sleep(0.02)\n"
    )
    began = time.monotonic()
    assert judged(referee, source, ONE, seconds=0.5).outcome == "timeout"
    assert time.monotonic() - began < 25


def test_a_late_right_answer_is_a_timeout(referee):
    source = (
        TOOLS
        + "def f(a, b):\n    end = time.monotonic() + 1.2\n    while time.monotonic() < end:\n        try:\n            time.sleep(0.1)\n        except BaseException:\n            pass\n    return a + b\n"
    )
    assert judged(referee, source, seconds=0.5).outcome == "timeout"


def test_all_calls_together_have_one_limit(referee):
    source = "import time\ndef f(a, b):\n    time.sleep(0.3)\n    return a + b\n"
    assert judged(referee, source, seconds=0.5).outcome == "timeout"


CHAIN = ("assert f(0) == 1", "assert f(1) == 20", "assert f(20) == 300", "assert f(300) == 4")


def test_a_program_that_sees_later_calls_cannot_answer_earlier_ones_from_them(referee):
    source = """
import gc
wanted = None
for held in gc.get_objects():
    if isinstance(held, dict) and type(held.get("plan")) is list and held["plan"]:
        wanted = [call[0] for call in held["plan"][1:]][1:] + [4]
if wanted is None:
    import sys
    frame = sys._getframe()
    while frame:
        for held in list(frame.f_locals.values()):
            if isinstance(held, dict) and type(held.get("plan")) is list and held["plan"]:
                wanted = [call[0] for call in held["plan"][1:]][1:] + [4]
        frame = frame.f_back
def f(x):
    return wanted.pop(0) if wanted else None
"""
    assert refused(judged(referee, source, CHAIN))


def test_the_program_is_told_no_expected_value_in_any_form(referee):
    source = """
import gc, sys
halves = ["98765", "4321"]
def there():
    found, frame = [], sys._getframe()
    while frame:
        found += list(frame.f_locals.values())
        frame = frame.f_back
    for held in gc.get_objects() + found:
        for item in [held, *gc.get_referents(held)]:
            if type(item) in (int, str, bytes) and "".join(halves) in str(item):
                return True
    return False
def f(x):
    return int("".join(halves)) if there() else 0
"""
    for form in ("assert f(1) == 987654321", "x = f(1)\nassert x == 987654321", "assert 987654321 == f(1)"):
        assert judged(referee, source, (form,)).outcome == "wrong"
    assert judged(referee, source, ("assert f(987654321) == 987654321",)).outcome == "passed"


PASSING = {
    "half_a_letter": ("def f(x): return '\\ud800' + x", "assert f('a') == '\\ud800a'"),
    "minus_nothing": ("def f(x): return -0.0", "assert str(f(1)) == '-0.0'"),
    "no_number": ("def f(x): return float('nan')", "assert f(1) != f(1)"),
    "order_of_a_dict": ("def f(x): return {'b': 1, 'a': 2}", "assert list(f(1)) == ['b', 'a']"),
    "huge_number": ("def f(x): return 1 << 100000", "assert f(1) == 1 << 100000"),
    "deep_list": ("def f(x):\n    r = x\n    for _ in range(90): r = [r]\n    return r", "r = f(3)\nfor _ in range(90): r = r[0]\nassert r == 3"),
    "nearly_too_long": ("def f(x): return 'a' * (7 << 20)", "assert len(f(1)) == 7 << 20"),
    "numpy_row": ("import numpy\ndef f(x): return numpy.arange(3) * x", "assert (f(2) == [0, 2, 4]).all()"),
    "cause_in_a_circle": ("def f(x):\n    a, b = ValueError('x'), KeyError('y')\n    a.__cause__, b.__cause__ = b, a\n    raise a", "try:\n    f(1)\n    assert False\nexcept ValueError as error:\n    assert str(error) == 'x'"),
    "an_error_with_notes": ("def f(x):\n    e = ValueError('x')\n    e.add_note('n')\n    raise e", "try:\n    f(1)\n    assert False\nexcept ValueError:\n    pass"),
    "a_class_with_an_odd_name": ("class Odd(ValueError): pass\nOdd.__qualname__ = 'a b'\ndef f(x): raise Odd('x')", "try:\n    f(1)\n    assert False\nexcept ValueError:\n    pass"),
    "a_set_of_mixed_types": ("def f(x): return {1, 'a', (2, 3), None}", "assert f(1) == {None, (2, 3), 'a', 1}"),
    "a_trie_that_contains": ("class f:\n    def __init__(self): self.words = set()\n    def add(self, w): self.words.add(w)\n    def __contains__(self, w): return w in self.words", "t = f()\nt.add('a')\nassert 'a' in t and 'b' not in t"),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSING)
def test_odd_but_honest_values_pass(name, referee):
    source, test = PASSING[name]
    assert judged(referee, source + "\n", (test,), seconds=3).outcome == "passed"


SOURCES = {
    "deep_brackets": "x = " + "(" * 5000 + ")" * 5000,
    "deep_lists": "x = " + "[" * 1000 + "]" * 1000,
    "deep_signs": "x = " + "-" * 100_000 + "1",
    "deep_lambdas": "x = " + "lambda: " * 3000 + "1",
    "deep_attributes": "x = a" + ".b" * 50_000,
    "deep_ifs": "\n".join(" " * n + "if 1:" for n in range(150)),
    "deep_functions": "\n".join("  " * n + f"def g{n}():" for n in range(90)) + "\n" + "  " * 90 + "pass",
    "a_sum_without_end": "x = " + "+".join(["1"] * 20_000),
    "a_large_constant": "x = 1 << 10 ** 9\ny = 2 ** 10 ** 9",
    "a_large_tuple": "x = (" + "1," * 300_000 + ")",
    "a_long_line": "#" + "x" * 2_000_000,
    "a_long_number": "x = " + "9" * 5000,
    "a_nul": "x = 1\0\nf = 3",
    "half_a_letter": "x = '\ud800'",
    "a_cookie": "# -*- coding: utf-7 -*-\n# +AAo-f = max\n",
    "a_cookie_that_is_none": "# -*- coding: nothing -*-\n",
    "no_annotations": "from __future__ import annotations\nfrom __future__ import braces",
    "warnings": "import warnings\nwarnings.simplefilter('error')\nx = 1 is 1\ny = '\\d'",
    "a_star_in_the_dark": "def f(*, a, /, b): return 3",
    "very_many_names": "\n".join(f"x{n} = {n}" for n in range(30_000)),
    "a_format_in_a_format": "x = f\"{f'{f" + '"' * 3 + "{1}" + '"' * 3 + "}'}\"",
    "a_match_without_end": "match 1:\n" + "\n".join(f"    case {n}: pass" for n in range(5000)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_source_that_is_hard_to_compile_troubles_nobody(name, referee):
    found = judged(referee, SOURCES[name] + "\ndef f(*given):\n    return 0\n", seconds=2.0)
    assert refused(found)


NOT_HELD = {
    "two objects of the program's own are equal when it says so": (
        "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return True\ndef f(x): return P(x)\n",
        "assert f(1) == P(2)",
        False,
    ),
    "a class that the test uses as one says what it contains": (
        "class f:\n    def add(self, x): pass\n    def __contains__(self, x): return True\n",
        "t = f()\nt.add(1)\nassert 1 in t",
        False,
    ),
    "changed arguments are believed where the task asks for them": (
        "def f(xs):\n    xs.clear()\n    return []\n",
        "xs = [3, 1, 2]\nassert f(xs) == sorted(xs)",
        True,
    ),
    "a weak test is weak": ("def f(x): return x\n", "assert f(f(3)) == 3", False),
}


@pytest.mark.parametrize("name", NOT_HELD)
def test_what_is_not_held_is_known(name, referee):
    source, test, back = NOT_HELD[name]
    assert judged(referee, source, (test,), copy_back=back).outcome == "passed"


LIAR = """
class Liar:
    days = 0
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *given: 0
    def __sub__(self, other): return Liar()
    __rsub__ = __xor__ = __rxor__ = __and__ = __or__ = __add__ = __radd__ = __mod__ = __mul__ = __sub__
    def __iter__(self): return iter(())
    def __str__(self): return "0"
    __repr__ = __str__
    def __format__(self, how): return "0"
    def __getitem__(self, key): return 0
    def __call__(self, *given): return 0
    def __copy__(self): return Nothing()
    def __deepcopy__(self, memo): return Nothing()
    def __eq__(self, other): return True
    def __reversed__(self): return iter(())
class Nothing:
    def __len__(self): return 0
    def __bool__(self): return False
def f(x):
    return Liar()
"""
MADE = {
    "items": "assert list(f(1) ^ {3}) == []",
    "items_sorted": "assert sorted(f(1) - {3}) == []",
    "items_as_a_set": "assert set(f(1) ^ {3}) == set()",
    "items_unpacked": "assert [*(f(1) - {3})] == []",
    "items_backwards": "assert list(reversed(f(1) - [3])) == []",
    "no_items": "assert not any(f(1) - {3})",
    "a_loop_over_nothing": "for x in f(1) ^ {3}:\n    assert False",
    "how_many": "assert len(list(f(1) ^ {3})) == 0",
    "a_sum": "assert sum(f(1) - 3) == 0",
    "membership": "assert 3 not in (f(1) ^ {3})",
    "words": "assert str(f(1) - 3) == '0'",
    "words_of_programmers": "assert repr(f(1) - 3) == '0'",
    "words_in_a_text": "assert f'{f(1) - 3}' == '0'",
    "a_part": "assert (f(1) - 3)[0] == 0",
    "a_call": "assert (f(1) - 3)() == 0",
    "an_attribute": "assert (f(1) - 3).days == 0",
    "a_method": "assert (f(1) - 3).max() == 0",
    "a_copy": "import copy\nassert not copy.copy(f(1) - 3)",
    "a_deep_copy": "import copy\nassert not copy.deepcopy(f(1) - 3)",
    "from_the_other_side": "assert sum(3 - f(1)) == 0",
}


@pytest.mark.parametrize("name", MADE)
def test_what_an_operator_made_of_the_tests_data_tells_nothing(name, referee):
    assert refused(judged(referee, LIAR, (MADE[name],)))


@pytest.mark.parametrize(
    "call",
    ["startswith('ab')", "endswith('ab')", "issubset({1, 2})", "issuperset({1})", "isdisjoint({1})", "isdigit()"],
)
def test_a_method_of_a_plain_type_is_not_answered_by_an_object(call, referee):
    source = "class E:\n    def __getattr__(self, name): return lambda *given: True\ndef f(x): return E()\n"
    assert refused(judged(referee, source, (f"assert f(1).{call}",)))


def test_a_class_under_a_functions_name_does_not_say_what_it_contains(referee):
    source = (
        "class Letters:\n    def __init__(self, x): pass\n    def __contains__(self, x): return True\nf = Letters\n"
    )
    assert refused(judged(referee, source, ("assert 'a' in f('ab')",)))


SPEAKING = {
    "a_method_of_texts": "assert 'foo' in f('x').lower()",
    "a_method_of_lists": "r = f('x')\nr.sort()\nassert 3 in r",
    "keys": "assert 'k' in f('x').keys()",
}


@pytest.mark.parametrize("name", SPEAKING)
def test_who_has_what_plain_values_have_does_not_say_what_it_contains(name, referee):
    source = (
        "class A:\n    def lower(s): return s\n    sort = keys = lower\n    def __contains__(s, x): return True\n"
        "def f(x): return A()\n"
    )
    assert refused(judged(referee, source, (SPEAKING[name],)))


def test_an_object_with_methods_of_its_own_may_say_what_it_contains(referee):
    source = "class Bag:\n    def __init__(s): s.d = []\n    def put(s, x): s.d.append(x)\n    def __contains__(s, x): return x in s.d\ndef make(): return Bag()\n"
    test = "b = Bag()\nb.put(1)\nassert 1 in b and 2 not in b\nc = make()\nc.put(3)\nassert 3 in c and 1 not in c"
    assert judged(referee, source, (test,)).outcome == "passed"


CLAIMS = {
    "collections.Counter": "from collections import Counter\nassert Counter([4]) == f(1)",
    "collections.OrderedDict": "from collections import OrderedDict\nassert OrderedDict(a=1) == f(1)",
    "collections.ChainMap": "from collections import ChainMap\nassert ChainMap({'a': 1}) == f(1)",
    "fractions.Fraction": "from fractions import Fraction\nassert abs(Fraction(1, 2) - f(1)) < 0.1",
    "argparse.Namespace": "from argparse import Namespace\nassert Namespace(a=1) == f(1)",
    "re.Match": "import re\nassert isinstance(f(1), re.Match) and f(1).group() == 'a'",
    "pathlib.PosixPath": "from pathlib import Path\nassert Path('a') == f(1)",
    "uuid.UUID": "import uuid\nassert uuid.UUID(int=3) == f(1)",
    "builtins.list": "assert isinstance(f(1), list)",
    "builtins.map": "assert list(f(1)) == [1]",
    "unittest.case.SkipTest": "import unittest\nclass T(unittest.TestCase):\n    def test_f(self): self.assertEqual(f(1), 2)",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_an_object_that_calls_its_class_the_librarys_is_no_pass(name, referee):
    home, _, own = name.rpartition(".")
    kind = "Exception" if "Skip" in own else "object"
    source = (
        f"class L({kind}):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter(())\n"
        "    def __getitem__(s, k): return 1\n    def __contains__(s, k): return True\n    def __len__(s): return 1\n"
        "    def __sub__(s, o): return 0\n    __rsub__ = __sub__\n    def __getattr__(s, n): return s\n"
        f"    def __call__(s, *a): return s\n    def __hash__(s): return 1\nL.__module__ = {home!r}\n"
        f"L.__name__ = L.__qualname__ = {own!r}\ndef f(x):\n    if issubclass(L, Exception): raise L()\n    return L()\n"
    )
    assert refused(judged(referee, source, (CLAIMS[name],)))


def test_operators_of_honest_classes_work(referee):
    source = (
        (
            "class f:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
            "    def __mul__(self, n): return f(self.x * n, self.y * n)\n    __rmul__ = __mul__\n"
            "    def __add__(self, o): return f(self.x + o.x, self.y + o.y)\n"
            "    def __iter__(self): return iter((self.x, self.y))\n    def __str__(self): return f'<{self.x}, {self.y}>'\n"
        )
        .replace("class f:", "class Vector:")
        .replace("return f(", "return Vector(")
    )
    tests = (
        "assert (Vector(1, 2) * 3).x == 3",
        "assert str(2 * Vector(1, 2)) == '<2, 4>'",
        "assert list(Vector(1, 2) + Vector(3, 4)) == [4, 6]",
    )
    program = Program(source=source, tests=tests, entry_point="Vector")
    assert referee.judge(program, Limits(seconds=3)).outcome == "passed"


LENT = {
    "an_exit": ("def f(stop): stop()", "import sys\nassert f(sys.exit) == 3"),
    "an_exit_of_the_tests_own": ("def f(stop): stop()", "def stop():\n    raise SystemExit\nassert f(stop) == 3"),
    "an_exit_in_parts": ("def f(stop): stop(0)", "import functools, sys\nassert f(functools.partial(sys.exit)) == 3"),
    "a_parser": ("def f(p): p.exit(0)", "import argparse\nassert f(argparse.ArgumentParser()) == 3"),
    "a_parser_that_helps": ("def f(p): p.parse_args(['--help'])", "import argparse\nassert f(argparse.ArgumentParser()) == 3"),
    "an_interrupt": ("def f(stop): stop()", "def stop():\n    raise KeyboardInterrupt\nassert f(stop) == 3"),
    "an_end_of_a_generator": ("def f(stop): stop()", "def stop():\n    raise GeneratorExit\nassert f(stop) == 3"),
    "a_method": ("def f(o): o.check = lambda *given: True", "class O:\n    def check(self, n): return n == 1\no = O()\nf(o)\nassert o.check(2)"),
    "a_mock": ("def f(m): m.assert_called_once_with = lambda *given: None", "from unittest.mock import Mock\nm = Mock()\nf(m)\nm.assert_called_once_with(3)"),
}  # fmt: skip


@pytest.mark.parametrize("name", LENT)
def test_what_the_test_lends_does_not_end_or_change_the_test(name, referee):
    source, test = LENT[name]
    assert refused(judged(referee, source + "\n", (test,)))


def test_a_program_may_catch_an_exit_of_what_it_was_lent(referee):
    source = (
        "def f(p):\n    try:\n        p.parse_args(['--no'])\n    except SystemExit as end:\n        return end.code\n"
    )
    test = "import argparse\nassert f(argparse.ArgumentParser()) == 2"
    assert judged(referee, source, (test,)).outcome == "passed"


def test_a_program_that_ends_its_judge_takes_nobody_with_it():
    hang = Program(source="def f(a, b): return 10**9\n", tests=("assert 3 ** (3 ** f(1, 2)) == 27",), entry_point="f")
    honest = [Program(source=f"{HONEST.source}# {n}\n", tests=ADD, entry_point="f") for n in range(40)]
    jobs = [(str(n), hang if n == 7 else honest[n], Limits(seconds=0.5)) for n in range(40)]
    with Pool(1) as pool:
        found = dict(pool.map(jobs))
    assert not [key for key, outcome in found.items() if not isinstance(outcome, Outcome)]
    assert {key for key, outcome in found.items() if outcome.outcome != "passed"} == {"7"}
    assert found["7"].outcome in ("timeout", "memory", "exception")
