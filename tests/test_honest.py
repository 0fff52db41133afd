# ruff: noqa: E501 (tables of programs read best a row a line)
"""Honest programs of every kind, right and wrong: each gets the verdict that one process would give it.

A row is (right program, wrong program, test). The right one must pass and the wrong one must not, judged from outside;
and where program and test share a process, the same is found, which is what plain Python says.
"""

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.trial import run_trial


@pytest.fixture
def run(worker):
    def run(source: str, *tests: str, seconds: float = 5.0, **rest) -> Outcome:
        return run_trial(worker, Program(source=source, tests=tests, **rest), Limits(seconds=seconds))

    return run


POINT = "class P:\n    def __init__(s, x, y): s.x, s.y = x, y\n"
VECTOR = (
    POINT
    + "    def __add__(s, o): return P(s.x + o.x, s.y + o.y)\n    def __eq__(s, o): return isinstance(o, P) and (s.x, s.y) == (o.x, o.y)\n    def __hash__(s): return hash((s.x, s.y))\n    def __repr__(s): return f'P({s.x}, {s.y})'\n    def __lt__(s, o): return s.x < o.x\n"
)
STACK = "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)\n    def __bool__(self): return bool(self.items)\n    def __iter__(self): return iter(self.items)\n    def __contains__(self, x): return x in self.items\n"

ROWS: dict[str, tuple[str, str, str]] = {
    # classes
    "stack": (STACK, STACK.replace("self.items.pop()", "self.items.pop(0)"), "s = Stack()\ns.push(1)\ns.push(2)\nassert len(s) == 2 and s.pop() == 2 and s and list(s) == [1]"),
    "stack_contains": (STACK, STACK.replace("x in self.items", "x not in self.items"), "s = Stack()\ns.push(1)\nassert 1 in s and 2 not in s"),
    "contains_without_iteration": ("class I:\n    def __contains__(s, x): return 0 <= x < 10\n", "class I:\n    def __contains__(s, x): return True\n", "assert 5 in I() and 50 not in I()"),
    "contains_two_objects": (VECTOR + "class B:\n    def __init__(s): s.k = [P(1, 2)]\n    def __contains__(s, p): return p in s.k\n", VECTOR + "class B:\n    def __contains__(s, p): return False\n", "assert P(1, 2) in B() and P(2, 2) not in B()"),
    "in_list_of_objects": (VECTOR + "def f(): return [P(1, 2), P(3, 4)]\n", VECTOR + "def f(): return [P(1, 2)]\n", "assert P(3, 4) in f() and P(9, 9) not in f()"),
    "class_attribute": ("class A:\n    n = 0\n    def __init__(s): A.n += 1\n", "class A:\n    n = 0\n", "A(); A()\nassert A.n == 2"),
    "class_and_static_methods": ("class A:\n    def __init__(s, v): s.v = v\n    @classmethod\n    def of(c, t): return c(int(t))\n    @staticmethod\n    def twice(x): return 2 * x\n", "class A:\n    def __init__(s, v): s.v = v\n    @classmethod\n    def of(c, t): return c(t)\n    @staticmethod\n    def twice(x): return 2 * x\n", "assert A.of('4').v == 4 and A.twice(3) == 6"),
    "property": ("class C:\n    def __init__(s, r): s._r = r\n    @property\n    def area(s): return s._r ** 2\n    @area.setter\n    def area(s, v): s._r = v ** 0.5\n", "class C:\n    def __init__(s, r): s._r = r\n    @property\n    def area(s): return s._r\n    @area.setter\n    def area(s, v): s._r = v\n", "c = C(3)\nassert c.area == 9\nc.area = 16\nassert c._r == 4.0"),
    "inheritance": ("class A:\n    def hi(s): return 'a'\nclass B(A):\n    def hi(s): return super().hi() + 'b'\n", "class A:\n    def hi(s): return 'a'\nclass B(A):\n    def hi(s): return 'b'\n", "b = B()\nassert b.hi() == 'ab' and isinstance(b, A) and issubclass(B, A)"),
    "test_subclasses_the_programs_class": ("class A:\n    def go(s): return s.step() + 1\n    def step(s): return 0\n", "class A:\n    def go(s): return s.step()\n    def step(s): return 0\n", "class B(A):\n    def step(self): return 10\nassert B().go() == 11"),
    "abstract_class": ("from abc import ABC, abstractmethod\nclass S(ABC):\n    @abstractmethod\n    def area(s): ...\nclass Q(S):\n    def area(s): return 4\n", "class S: pass\nclass Q(S):\n    def area(s): return 4\n", "try:\n    S()\n    assert False, 'abstract'\nexcept TypeError:\n    pass\nassert Q().area() == 4"),
    "slots": ("class A:\n    __slots__ = ('x',)\n", "class A: pass\n", "a = A()\na.x = 1\ntry:\n    a.y = 2\n    assert False\nexcept AttributeError:\n    pass\nassert a.x == 1"),
    "missing_attribute": ("class A:\n    def __getattr__(s, n):\n        if n == 'y': return 5\n        raise AttributeError(n)\n", "class A: pass\n", "assert A().y == 5 and not hasattr(A(), 'z') and getattr(A(), 'z', 3) == 3"),
    "singleton": ("class S:\n    _i = None\n    def __new__(c):\n        if c._i is None: c._i = super().__new__(c)\n        return c._i\n", "class S: pass\n", "assert S() is S()"),
    "chained_calls": ("class B:\n    def __init__(s): s.p = []\n    def add(s, x):\n        s.p.append(x)\n        return s\n    def build(s): return ''.join(s.p)\n", "class B:\n    def __init__(s): s.p = []\n    def add(s, x):\n        s.p = [x]\n        return s\n    def build(s): return ''.join(s.p)\n", "assert B().add('a').add('b').build() == 'ab'"),
    "linked_list": ("class N:\n    def __init__(s, v, n=None): s.v, s.n = v, n\ndef rev(h):\n    p = None\n    while h: h.n, p, h = p, h, h.n\n    return p\n", "class N:\n    def __init__(s, v, n=None): s.v, s.n = v, n\ndef rev(h): return h\n", "r = rev(N(1, N(2, N(3))))\nout = []\nwhile r is not None:\n    out.append(r.v)\n    r = r.n\nassert out == [3, 2, 1]"),
    "tree_made_by_the_test": ("class T:\n    def __init__(s, v): s.v, s.l, s.r = v, None, None\ndef height(t): return 0 if t is None else 1 + max(height(t.l), height(t.r))\n", "class T:\n    def __init__(s, v): s.v, s.l, s.r = v, None, None\ndef height(t): return 1\n", "t = T(1)\nt.l = T(2)\nt.l.r = T(3)\nassert height(t) == 3 and t.l.r.v == 3"),
    "type_of_object": (POINT, POINT.replace("class P:", "class Q:") + "P = Q\n", "assert type(P(1, 2)).__name__ == 'P'"),
    "class_name": (POINT, POINT.replace("class P", "class R") + "P = R\n", "assert P(1, 2).__class__.__name__ == 'P'"),
    "vars_of_object": (POINT, POINT.replace("s.x, s.y = x, y", "s.x = x"), "assert vars(P(1, 2)) == {'x': 1, 'y': 2} and P(1, 2).__dict__ == {'x': 1, 'y': 2}"),
    "class_is_type": (POINT, "P = 3\n", "assert isinstance(P, type) and callable(P) and P(1, 2).x == 1"),
    "type_is_class": (POINT, POINT + "def P(x, y, k=P): return [x]\n", "assert type(P(1, 2)) is P and type(P(1, 2)) == P"),
    # operators
    "add_two_objects": (VECTOR, VECTOR.replace("s.x + o.x", "s.x - o.x"), "assert P(1, 2) + P(3, 4) == P(4, 6)"),
    "not_equal": (VECTOR, VECTOR.replace("(s.x, s.y) == (o.x, o.y)", "True"), "assert P(1, 2) != P(3, 4)"),
    "in_set": (VECTOR, VECTOR.replace("hash((s.x, s.y))", "id(s)"), "assert len({P(1, 2), P(1, 2)}) == 1"),
    "as_key": (VECTOR, VECTOR.replace("hash((s.x, s.y))", "id(s)"), "assert {P(1, 2): 'a'}[P(1, 2)] == 'a'"),
    "sorted_objects": (VECTOR + "def f(): return [P(2, 0), P(1, 0)]\n", VECTOR.replace("s.x < o.x", "s.x > o.x") + "def f(): return [P(2, 0), P(1, 0)]\n", "assert [p.x for p in sorted(f())] == [1, 2]"),
    "sorted_by_key": (POINT + "def f(): return [P(2, 0), P(1, 5)]\n", POINT + "def f(): return [P(2, 0), P(3, 5)]\n", "assert [p.y for p in sorted(f(), key=lambda p: p.x)] == [5, 0]"),
    "minimum": (VECTOR, VECTOR.replace("s.x < o.x", "s.x > o.x"), "assert min([P(3, 0), P(1, 0)]).x == 1"),
    "sum_of_objects": (VECTOR + "    def __radd__(s, o): return s\n", VECTOR + "    def __radd__(s, o): return P(0, 0)\n", "assert sum([P(1, 1), P(2, 2)]).x == 3"),
    "repr_and_str": (VECTOR, VECTOR.replace("'P({s.x}, {s.y})'", "'P({s.y}, {s.x})'"), "assert repr(P(1, 2)) == 'P(1, 2)' and str(P(1, 2)) == 'P(1, 2)' and f'{P(1, 2)}' == 'P(1, 2)'"),
    "repr_in_list": (VECTOR + "def f(): return [P(1, 2)]\n", VECTOR + "def f(): return [P(2, 2)]\n", "assert str(f()) == '[P(1, 2)]'"),
    "compare_with_number": ("class M:\n    def __init__(s, c): s.c = c\n    def __eq__(s, o): return s.c == getattr(o, 'c', o)\n", "class M:\n    def __init__(s, c): s.c = c + 1\n    def __eq__(s, o): return s.c == getattr(o, 'c', o)\n", "assert M(3) == M(3) and M(3).c == 3"),
    "subscript": ("class G:\n    def __init__(s): s.d = {}\n    def __getitem__(s, k): return s.d.get(k, 0)\n    def __setitem__(s, k, v): s.d[k] = v\n    def __delitem__(s, k): del s.d[k]\n", "class G:\n    def __init__(s): s.d = {}\n    def __getitem__(s, k): return 0\n    def __setitem__(s, k, v): s.d[k] = v\n    def __delitem__(s, k): del s.d[k]\n", "g = G()\ng[1, 2] = 5\nassert g[1, 2] == 5 and g['z'] == 0\ndel g[1, 2]\nassert g[1, 2] == 0"),
    "slices": ("class L:\n    def __init__(s, d): s.d = list(d)\n    def __getitem__(s, i): return s.d[i]\n", "class L:\n    def __init__(s, d): s.d = list(d)\n    def __getitem__(s, i): return s.d[0]\n", "assert L('abc')[1:] == ['b', 'c'] and L('abc')[-1] == 'c'"),
    "callable_object": ("class C:\n    def __init__(s): s.n = 0\n    def __call__(s, k=1):\n        s.n += k\n        return s.n\n", "class C:\n    def __init__(s): s.n = 0\n    def __call__(s, k=1): return k\n", "c = C()\nassert c() == 1 and c(k=4) == 5 and callable(c)"),
    "in_place_operator": (VECTOR + "    def __iadd__(s, o):\n        s.x += o.x\n        return s\n", VECTOR, "a = b = P(1, 1)\na += P(2, 0)\nassert b.x == 3 and a is b"),
    "matrix_times_number": ("class M:\n    def __init__(s, r): s.r = r\n    def __mul__(s, k): return M([[c * k for c in w] for w in s.r])\n    __rmul__ = __mul__\n", "class M:\n    def __init__(s, r): s.r = r\n    def __mul__(s, k): return s\n    __rmul__ = __mul__\n", "assert (M([[1, 2]]) * 2).r == [[2, 4]] and (3 * M([[1]])).r == [[3]]"),
    "number_subclass": ("class Cents(int):\n    def __add__(s, o): return Cents(int(s) + int(o))\n", "class Cents(int):\n    def __add__(s, o): return Cents(0)\n", "assert Cents(3) + Cents(4) == 7 and Cents(5) == 5 and Cents(2) < 3"),
    "text_subclass": ("class Name(str):\n    def shout(s): return s.upper() + '!'\n", "class Name(str):\n    def shout(s): return s + '!'\n", "n = Name('bo')\nassert n == 'bo' and n.shout() == 'BO!' and n + 'x' == 'box' and len(n) == 2"),
    "dict_subclass": ("class D(dict):\n    def __missing__(s, k): return k * 2\n", "class D(dict):\n    def __missing__(s, k): return k\n", "d = D(a=1)\nassert d['a'] == 1 and d[4] == 8 and 'a' in d and len(d) == 1 and d == {'a': 1}"),
    "float_conversion": ("class T:\n    def __init__(s, c): s.c = c\n    def __float__(s): return s.c * 1.8 + 32\n    def __int__(s): return int(float(s))\n", "class T:\n    def __init__(s, c): s.c = c\n    def __float__(s): return s.c * 1.0\n    def __int__(s): return int(float(s))\n", "assert float(T(100)) == 212.0 and int(T(0)) == 32"),
    # data classes, named tuples, enums
    "dataclass": ("from dataclasses import dataclass, field\n@dataclass(order=True)\nclass D:\n    x: int\n    t: list = field(default_factory=list)\n", "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass D:\n    x: int\n    t: list = field(default_factory=lambda: [1])\n", "assert D(1) == D(1) and D(1) < D(2) and D(1).t == [] and repr(D(1)) == 'D(x=1, t=[])'"),
    "frozen_dataclass": ("from dataclasses import dataclass\n@dataclass(frozen=True)\nclass D:\n    x: int\n", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n", "d = D(1)\ntry:\n    d.x = 2\n    assert False\nexcept AttributeError:\n    pass\nassert d.x == 1"),
    "asdict": ("from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n    y: str = 'a'\n", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n    y: str = 'b'\n", "from dataclasses import asdict\nassert asdict(D(1)) == {'x': 1, 'y': 'a'}"),
    "list_of_dataclasses": ("from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\ndef f(n): return [D(i) for i in range(n)]\n", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\ndef f(n): return [D(0) for i in range(n)]\n", "assert f(2) == [D(0), D(1)]"),
    "namedtuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, y=2)\n", "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(2, y=2)\n", "p = f()\nassert p == (1, 2) and p.y == 2 and p._asdict() == {'x': 1, 'y': 2} and p == P(1, 2) and p._replace(x=5).x == 5"),
    "typed_namedtuple": ("from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 0\n    def s(self): return self.x + self.y\n", "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 0\n    def s(self): return self.x\n", "assert P(1, 2).s() == 3 and P(4) == (4, 0) and isinstance(P(1), P) and isinstance(P(1), tuple)"),
    "enum": ("from enum import Enum\nclass C(Enum):\n    R = 1\n    G = 2\ndef n(c): return C((c.value % 2) + 1)\n", "from enum import Enum\nclass C(Enum):\n    R = 1\n    G = 2\ndef n(c): return C.R\n", "assert n(C.R) is C.G and n(C.R) == C['G'] and [c.name for c in C] == ['R', 'G'] and C(2) is C.G and len(C) == 2"),
    "int_enum": ("from enum import IntEnum\nclass L(IntEnum):\n    LO = 1\n    HI = 9\ndef f(): return L.HI\n", "from enum import IntEnum\nclass L(IntEnum):\n    LO = 1\n    HI = 9\ndef f(): return L.LO\n", "assert f() == 9 and f() == L.HI and L.LO < L.HI and f().name == 'HI'"),
    "enum_as_key": ("from enum import Enum\nclass C(Enum):\n    A = 'a'\n    B = 'b'\ndef f(): return {C.A: 1, C.B: 2}\n", "from enum import Enum\nclass C(Enum):\n    A = 'a'\n    B = 'b'\ndef f(): return {C.A: 2, C.B: 1}\n", "assert f() == {C.A: 1, C.B: 2} and f()[C.B] == 2"),
    "str_enum": ("from enum import Enum\nclass C(str, Enum):\n    A = 'a'\ndef f(): return C.A\n", "from enum import Enum\nclass C(str, Enum):\n    A = 'b'\ndef f(): return C.A\n", "assert f() == 'a' and f().value == 'a' and f() is C.A"),
    "enum_of_bytes": ("from enum import Enum\nclass C(bytes, Enum):\n    A = b'a'\ndef f(): return C.A\n", "from enum import Enum\nclass C(bytes, Enum):\n    A = b'b'\ndef f(): return C.A\n", "assert f() == b'a' and f().value == b'a' and f() == C.A"),
    "typed_dict": ("from typing import TypedDict\nclass T(TypedDict):\n    a: int\ndef f() -> T: return {'a': 1}\n", "from typing import TypedDict\nclass T(TypedDict):\n    a: int\ndef f() -> T: return {'a': 2}\n", "assert f() == {'a': 1} and T(a=1) == {'a': 1}"),
    # generators, iterators
    "generator": ("def f(n):\n    for i in range(n): yield i * i\n", "def f(n):\n    for i in range(n): yield i\n", "assert list(f(4)) == [0, 1, 4, 9] and next(f(1)) == 0 and sum(f(4)) == 14"),
    "generator_expression": ("def f(n): return (i for i in range(n))\n", "def f(n): return (i + 1 for i in range(n))\n", "g = f(3)\nassert next(g) == 0 and [*g] == [1, 2]"),
    "generator_is_used_up": ("def f():\n    yield 1\n", "def f(): return [1]\n", "g = f()\nassert list(g) == [1] and list(g) == []"),
    "generator_send": ("def f():\n    t = 0\n    while True:\n        x = yield t\n        t += x\n", "def f():\n    t = 0\n    while True:\n        x = yield t\n        t = x\n", "g = f()\nnext(g)\nassert g.send(2) == 2 and g.send(3) == 5\ng.close()"),
    "generator_type": ("def f():\n    yield 1\n", "def f(): return [1]\n", "import types\nassert isinstance(f(), types.GeneratorType)"),
    "generator_interface": ("def f():\n    yield 1\n", "def f(): return [1]\n", "from collections.abc import Iterator, Iterable\nassert isinstance(f(), Iterator) and isinstance(f(), Iterable)"),
    "stop_iteration": ("def f():\n    yield 1\n", "def f():\n    yield 1\n    yield 2\n", "g = f()\nnext(g)\ntry:\n    next(g)\n    assert False\nexcept StopIteration:\n    pass"),
    "own_iterator": ("class R:\n    def __init__(s, n): s.n = n\n    def __iter__(s): return s\n    def __next__(s):\n        if s.n <= 0: raise StopIteration\n        s.n -= 1\n        return s.n\n", "class R:\n    def __init__(s, n): s.n = n\n    def __iter__(s): return s\n    def __next__(s):\n        if s.n <= 0: raise StopIteration\n        s.n -= 1\n        return 0\n", "assert list(R(3)) == [2, 1, 0] and next(R(2)) == 1 and [x for x in R(1)] == [0]"),
    "endless": ("import itertools\ndef f(): return itertools.count(3)\n", "import itertools\ndef f(): return itertools.count(4)\n", "from itertools import islice\nassert list(islice(f(), 3)) == [3, 4, 5]"),
    "zip_of_results": ("def f(a): return zip(a, a[1:])\ndef g(a): return map(str, a)\n", "def f(a): return zip(a, a)\ndef g(a): return map(str, a)\n", "assert list(f([1, 2, 3])) == [(1, 2), (2, 3)] and list(g([1])) == ['1']"),
    "unpack_results": ("def f(): return iter('abc')\n", "def f(): return iter('abd')\n", "a, *b = f()\nassert (a, b) == ('a', ['b', 'c'])"),
    "reversed_and_enumerate": ("def f(a): return reversed(a)\ndef g(a): return enumerate(a, 1)\n", "def f(a): return iter(a)\ndef g(a): return enumerate(a, 1)\n", "assert list(f([1, 2])) == [2, 1] and dict(g('a')) == {1: 'a'}"),
    # functions
    "lambda_argument": ("def f(g, a): return [g(x) for x in a]\n", "def f(g, a): return [g(x) for x in a[1:]]\n", "assert f(lambda x: x + 1, [1, 2]) == [2, 3] and f(str, [1]) == ['1'] and f(abs, [-1]) == [1]"),
    "method_argument": ("def f(g, a):\n    for x in a: g(x)\n", "def f(g, a):\n    for x in a[1:]: g(x)\n", "out = []\nf(out.append, [1, 2])\nassert out == [1, 2]"),
    "key_function": ("def f(a, key=None): return max(a, key=key)\n", "def f(a, key=None): return max(a)\n", "assert f(['aaa', 'b', 'cc'], key=len) == 'aaa' and f([1, 2]) == 2"),
    "comparator": ("from functools import cmp_to_key\ndef f(a, c): return sorted(a, key=cmp_to_key(c))\n", "def f(a, c): return sorted(a)\n", "assert f([1, 3, 2], lambda x, y: y - x) == [3, 2, 1]"),
    "default_arguments": ("def f(a, b=2, *c, d=4, **e): return (a, b, c, d, e)\n", "def f(a, b=3, *c, d=4, **e): return (a, b, c, d, e)\n", "assert f(1) == (1, 2, (), 4, {}) and f(1, 5, 6, d=7, z=8) == (1, 5, (6,), 7, {'z': 8})"),
    "keyword_only": ("def f(*, n): return n\n", "def f(n): return n\n", "try:\n    f(3)\n    assert False\nexcept TypeError:\n    assert f(n=3) == 3"),
    "mutable_default": ("def f(x, seen=[]):\n    seen.append(x)\n    return list(seen)\n", "def f(x, seen=None): return [x]\n", "assert f(1) == [1] and f(2) == [1, 2]"),
    "closure_counter": ("def counter():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc\n", "def counter():\n    return lambda: 1\n", "a, b = counter(), counter()\nassert (a(), a(), b()) == (1, 2, 1)"),
    "compose": ("def compose(*fs):\n    def run(x):\n        for f in reversed(fs): x = f(x)\n        return x\n    return run\n", "def compose(*fs):\n    def run(x):\n        for f in fs: x = f(x)\n        return x\n    return run\n", "assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11"),
    "partial": ("from functools import partial\ndef add(a, b): return a + b\nadd5 = partial(add, 5)\n", "from functools import partial\ndef add(a, b): return a + b\nadd5 = partial(add, 6)\n", "assert add5(1) == 6"),
    "decorator": ("import functools\ndef memo(f):\n    c = {}\n    @functools.wraps(f)\n    def g(*a):\n        if a not in c: c[a] = f(*a)\n        return c[a]\n    g.cache = c\n    return g\n", "import functools\ndef memo(f): return f\n", "calls = []\n@memo\ndef sq(x):\n    calls.append(x)\n    return x * x\nassert sq(3) == 9 and sq(3) == 9 and calls == [3] and sq.__name__ == 'sq'"),
    "decorator_with_arguments": ("def repeat(n):\n    def deco(f):\n        def g(*a, **k): return [f(*a, **k) for _ in range(n)]\n        return g\n    return deco\n", "def repeat(n):\n    def deco(f):\n        def g(*a, **k): return [f(*a, **k)]\n        return g\n    return deco\n", "@repeat(2)\ndef hi(n, m='x'): return n + m\nassert hi('a') == ['ax', 'ax'] and hi('a', m='y') == ['ay', 'ay']"),
    "cached": ("import functools\n@functools.lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n", "import functools\n@functools.lru_cache(None)\ndef fib(n): return n\n", "assert fib(50) == 12586269025 and fib.cache_info().currsize > 3"),
    "curry": ("def add(a): return lambda b: lambda c: a + b + c\n", "def add(a): return lambda b: lambda c: a + b\n", "assert add(1)(2)(3) == 6"),
    "docstring": ("def f():\n    '''Says hi.'''\n", "def f(): pass\n", "assert f.__doc__ == 'Says hi.' and f.__name__ == 'f' and f() is None"),
    "signature": ("def f(a, b=2): return a\n", "def f(a): return a\n", "import inspect\nassert list(inspect.signature(f).parameters) == ['a', 'b']"),
    "annotations": ("def f(a: int) -> str: return str(a)\n", "def f(a: int) -> int: return str(a)\n", "assert f.__annotations__ == {'a': int, 'return': str} and f(1) == '1'"),
    "function_attribute": ("def f():\n    f.calls += 1\nf.calls = 0\n", "def f(): pass\nf.calls = 0\n", "f(); f()\nassert f.calls == 2"),
    "single_dispatch": ("from functools import singledispatch\n@singledispatch\ndef f(x): return 'o'\n@f.register\ndef _(x: int): return 'i'\n", "def f(x): return 'o'\n", "assert f(1) == 'i' and f('a') == 'o'"),
    "functions_returned_in_a_dict": ("def ops(): return {'+': lambda a, b: a + b, '-': lambda a, b: a - b}\n", "def ops(): return {'+': lambda a, b: a + b, '-': lambda a, b: b - a}\n", "assert ops()['-'](5, 3) == 2 and set(ops()) == {'+', '-'}"),
    "argument_comes_back_itself": ("def f(x): return x\n", "def f(x): return x()\n", "def g(): pass\nassert f(g) is g and f(len) is len"),
    "many_callbacks": ("def f(g, n): return sum(g(i) for i in range(n))\n", "def f(g, n): return sum(g(0) for i in range(n))\n", "assert f(lambda i: i, 300) == 44850"),
    # exceptions
    "expected_error": ("def f(x):\n    if x < 0: raise ValueError('negative')\n    return x\n", "def f(x): return x\n", "try:\n    f(-1)\nexcept ValueError as e:\n    assert str(e) == 'negative'\nelse:\n    assert False"),
    "expected_error_pytest": ("def f(x):\n    if x < 0: raise ValueError('it is negative')\n", "def f(x):\n    if x < 0: raise KeyError('it is negative')\n", "import pytest\nwith pytest.raises(ValueError, match='negative'):\n    f(-1)"),
    "pytest_info": ("def f(): raise ValueError('oh', 3)\n", "def f(): raise ValueError('oh', 4)\n", "import pytest\nwith pytest.raises(ValueError) as info:\n    f()\nassert info.value.args == ('oh', 3) and 'oh' in str(info.value) and info.type is ValueError"),
    "own_error": ("class E(Exception):\n    def __init__(s, code):\n        super().__init__(f'code {code}')\n        s.code = code\ndef f(): raise E(7)\n", "class E(Exception):\n    def __init__(s, code):\n        super().__init__(f'code {code}')\n        s.code = 0\ndef f(): raise E(7)\n", "try:\n    f()\n    assert False\nexcept E as e:\n    assert e.code == 7 and str(e) == 'code 7'"),
    "error_hierarchy": ("class A(Exception): pass\nclass B(A): pass\ndef f(): raise B('x')\n", "class A(Exception): pass\nclass B(Exception): pass\ndef f(): raise B('x')\n", "try:\n    f()\n    assert False\nexcept A as e:\n    assert isinstance(e, B) and type(e).__name__ == 'B'"),
    "own_error_with_pytest": ("class E(Exception): pass\ndef f(): raise E('x')\n", "class E(Exception): pass\ndef f(): pass\n", "import pytest\nwith pytest.raises(E):\n    f()"),
    "assertion_expected": ("def f(x):\n    assert x > 0, 'must be positive'\n    return x\n", "def f(x): return x\n", "try:\n    f(-1)\nexcept AssertionError as e:\n    assert 'positive' in str(e)\nelse:\n    raise Exception('no error')"),
    "cause": ("def f():\n    try: int('x')\n    except ValueError as e: raise KeyError('k') from e\n", "def f():\n    try: int('x')\n    except ValueError as e: raise KeyError('k') from None\n", "try:\n    f()\nexcept KeyError as e:\n    assert isinstance(e.__cause__, ValueError)"),
    "exit_expected": ("import sys\ndef f(): sys.exit(3)\n", "def f(): pass\n", "try:\n    f()\nexcept SystemExit as e:\n    assert e.code == 3\nelse:\n    assert False"),
    "key_error": ("def f(d, k): return d[k]\n", "def f(d, k): return d.get(k)\n", "try:\n    f({}, 'a')\n    assert False, 'no error'\nexcept KeyError as e:\n    assert e.args[0] == 'a'"),
    "stop_iteration_expected": ("def f(): return next(iter([]))\n", "def f(): return None\n", "try:\n    f()\n    assert False\nexcept StopIteration:\n    pass"),
    "error_returned": ("def f(): return ValueError('x')\n", "def f(): return ValueError('y')\n", "e = f()\nassert isinstance(e, ValueError) and str(e) == 'x'"),
    "os_error": ("def f(): return open('/no/such/file')\n", "def f(): return None\n", "try:\n    f()\n    assert False\nexcept FileNotFoundError as e:\n    assert e.errno == 2"),
    "zero_division": ("def f(a, b): return a / b\n", "def f(a, b): return 0\n", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        with self.assertRaises(ZeroDivisionError):\n            f(1, 0)\n        self.assertAlmostEqual(f(1, 3), 0.3333333333)"),
    "unicode_error": ("def f(b): return b.decode('ascii')\n", "def f(b): return ''\n", "try:\n    f(b'\\xff')\n    assert False\nexcept UnicodeDecodeError as e:\n    assert e.start == 0"),
    # changes in place
    "sorted_in_place": ("def f(a): a.sort()\n", "def f(a): pass\n", "a = [2, 1]\nf(a)\nassert a == [1, 2]"),
    "nested_in_place": ("def f(m): m[0][0] = 9\n", "def f(m): m[0][1] = 9\n", "m = [[1, 2], [3]]\nf(m)\nassert m == [[9, 2], [3]]"),
    "dict_in_place": ("def f(d): d['n'] = d.get('n', 0) + 1\n", "def f(d): d['n'] = 0\n", "d = {}\nf(d); f(d)\nassert d == {'n': 2}"),
    "returned_argument": ("def f(a):\n    a.append(1)\n    return a\n", "def f(a): return a + [1]\n", "a = []\nb = f(a)\nassert b is a and a == [1]"),
    "keyword_in_place": ("def f(*, a): a.append(1)\n", "def f(*, a): pass\n", "a = []\nf(a=a)\nassert a == [1]"),
    "method_in_place": ("class Q:\n    def fill(self, a): a.extend([1, 2])\n", "class Q:\n    def fill(self, a): a.extend([1])\n", "a = []\nQ().fill(a)\nassert a == [1, 2]"),
    "row_in_place": ("def f(m):\n    for r in m: r.reverse()\n", "def f(m): m.reverse()\n", "m = [[1, 2], [3, 4]]\nr = m[0]\nf(m)\nassert r == [2, 1] and m[0] is r"),
    "in_place_tuple_of_lists": ("def f(t): t[0].append(1)\n", "def f(t): t[1].append(1)\n", "t = ([], [])\nf(t)\nassert t == ([1], [])"),
    "numbers_array_in_place": ("def f(a): a[0] = 5\n", "def f(a): a[0] = 6\n", "import array\na = array.array('i', [1])\nf(a)\nassert a[0] == 5"),
    "shared_state": ("cache = {}\ndef f(x):\n    cache[x] = x * 2\n    return cache[x]\n", "cache = {}\ndef f(x): return x * 2\n", "assert f(2) == 4\nassert cache == {2: 4}"),
    "bytes_in_place": ("def f(b): b.extend(b'z')\n", "def f(b): pass\n", "b = bytearray(b'a')\nf(b)\nassert b == b'az'"),
    "object_in_place": (POINT + "def f(p): p.x = 9\n", POINT + "def f(p): p.y = 9\n", "p = P(1, 2)\nf(p)\nassert p.x == 9"),
    "lent_object_in_place": ("def f(n): n.value = 9\n", "def f(n): n.other = 9\n", "class N:\n    def __init__(self): self.value = 1\nn = N()\nf(n)\nassert n.value == 9"),
    # numbers
    "floats": ("def f(x): return x * 0.1\n", "def f(x): return x * 0.2\n", "assert abs(f(3) - 0.3) < 1e-9 and f(3) == 0.30000000000000004 and round(f(3), 2) == 0.3"),
    "close": ("import math\ndef f(x): return math.sin(x)\n", "import math\ndef f(x): return math.cos(x)\n", "import math\nassert math.isclose(f(1.0), 0.8414709848078965, rel_tol=1e-9)"),
    "approx": ("def f(): return [0.1 + 0.2, {'a': 1 / 3}]\n", "def f(): return [0.1 + 0.2, {'a': 1 / 4}]\n", "import pytest\nassert f()[0] == pytest.approx(0.3) and f()[1] == pytest.approx({'a': 0.333333}, rel=1e-3)"),
    "infinities": ("def f(): return [float('inf'), float('-inf'), float('nan'), -0.0]\n", "def f(): return [float('inf'), float('inf'), float('nan'), 0.0]\n", "import math\na, b, c, d = f()\nassert a > 10 ** 300 and b < 0 and c != c and math.copysign(1, d) == -1.0"),
    "huge_numbers": ("import math\ndef f(n): return math.factorial(n)\n", "import math\ndef f(n): return math.factorial(n) + 1\n", "import math\nassert f(1000) == math.factorial(1000) and len(str(f(100))) == 158"),
    "many_digits": ("def f(n): return 10 ** n\n", "def f(n): return 10 ** n + 1\n", "assert f(9000) == 10 ** 9000 and f(20000) % 7 == pow(10, 20000, 7)"),
    "fractions": ("from fractions import Fraction\ndef f(a, b): return Fraction(a, b) + 1\n", "from fractions import Fraction\ndef f(a, b): return Fraction(a, b)\n", "from fractions import Fraction\nassert f(1, 2) == Fraction(3, 2) and f(1, 2) == 1.5"),
    "decimals": ("from decimal import Decimal\ndef f(t): return Decimal(t) * 2\n", "from decimal import Decimal\ndef f(t): return Decimal(t) * 3\n", "from decimal import Decimal\nassert f('1.10') == Decimal('2.20') and str(f('1.10')) == '2.20'"),
    "complex_numbers": ("import cmath\ndef f(x): return cmath.sqrt(x)\n", "import cmath\ndef f(x): return cmath.sqrt(x) + 1\n", "assert f(-1) == 1j and abs(f(-4)) == 2"),
    "bools_are_bools": ("def f(x): return x > 1\n", "def f(x): return x >= 1\n", "assert f(2) is True and f(1) is False and type(f(2)) == bool"),
    "types_of_results": ("def f(k): return {'a': 1, 'b': 1.0, 'c': '1', 'd': (1,), 'e': None}[k]\n", "def f(k): return {'a': 1.0, 'b': 1.0, 'c': '1', 'd': [1], 'e': None}[k]\n", "assert isinstance(f('a'), int) and isinstance(f('b'), float) and isinstance(f('d'), tuple) and f('e') is None"),
    # async, context managers
    "async_function": ("async def f(x): return x + 1\n", "async def f(x): return x\n", "import asyncio\nassert asyncio.run(f(1)) == 2"),
    "async_gather": ("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x * 2\n", "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x\n", "import asyncio\nasync def main():\n    return await asyncio.gather(f(1), f(2))\nassert asyncio.run(main()) == [2, 4]"),
    "async_generator": ("async def f(n):\n    for i in range(n): yield i\n", "async def f(n):\n    for i in range(n): yield 0\n", "import asyncio\nasync def main(): return [x async for x in f(3)]\nassert asyncio.run(main()) == [0, 1, 2]"),
    "async_context": ("class A:\n    async def __aenter__(s): return 5\n    async def __aexit__(s, *a): return False\n", "class A:\n    async def __aenter__(s): return 6\n    async def __aexit__(s, *a): return False\n", "import asyncio\nasync def main():\n    async with A() as v: return v\nassert asyncio.run(main()) == 5"),
    "context_manager": ("class M:\n    def __init__(s): s.log = []\n    def __enter__(s):\n        s.log.append('in')\n        return s\n    def __exit__(s, k, e, t):\n        s.log.append(k.__name__ if k else 'out')\n        return k is ValueError\n", "class M:\n    def __init__(s): s.log = []\n    def __enter__(s):\n        s.log.append('in')\n        return s\n    def __exit__(s, k, e, t):\n        s.log.append('out')\n        return True\n", "m = M()\nwith m as n:\n    assert n is m\nwith m:\n    raise ValueError('x')\nassert m.log == ['in', 'out', 'in', 'ValueError']"),
    "context_manager_lets_through": ("class M:\n    def __enter__(s): return s\n    def __exit__(s, *a): return False\n", "class M:\n    def __enter__(s): return s\n    def __exit__(s, *a): return True\n", "try:\n    with M():\n        raise KeyError('x')\n    assert False\nexcept KeyError:\n    pass"),
    "contextlib": ("from contextlib import contextmanager\nlog = []\n@contextmanager\ndef tag(n):\n    log.append('<' + n)\n    try:\n        yield n.upper()\n    finally:\n        log.append(n + '>')\n", "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef tag(n):\n    log.append('<' + n)\n    yield n\n", "with tag('a') as t:\n    assert t == 'A'\nassert log == ['<a', 'a>']"),
    # input and output
    "captured_print": ("def f(n):\n    for i in range(n): print(i, end=' ')\n", "def f(n):\n    for i in range(n): print(i)\n", "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    f(3)\nassert out.getvalue() == '0 1 2 '"),
    "captured_by_sys": ("def f(): print('hello')\n", "def f(): print('hallo')\n", "import io, sys\nold, sys.stdout = sys.stdout, io.StringIO()\ntry:\n    f()\n    text = sys.stdout.getvalue()\nfinally:\n    sys.stdout = old\nassert text == 'hello\\n'"),
    "captured_error": ("import sys\ndef f(): print('bad', file=sys.stderr)\n", "import sys\ndef f(): print('bad')\n", "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stderr(out):\n    f()\nassert out.getvalue() == 'bad\\n'"),
    "capsys": ("def f(): print('hi')\n", "def f(): print('ho')\n", "def test_f(capsys):\n    f()\n    assert capsys.readouterr().out == 'hi\\n'"),
    "patched_input": ("def f(): return int(input('n? ')) + int(input())\n", "def f(): return int(input('n? '))\n", "import builtins\nlines = iter(['1', '2'])\nbuiltins.input = lambda *a: next(lines)\nassert f() == 3"),
    "patched_stdin": ("import sys\ndef f(): return [int(x) for x in sys.stdin.read().split()]\n", "import sys\ndef f(): return [int(x) for x in sys.stdin.readline().split()]\n", "import io, sys\nsys.stdin = io.StringIO('1 2\\n3')\nassert f() == [1, 2, 3]"),
    "mocked_input": ("def f(): return input() * 2\n", "def f(): return input()\n", "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['ab']):\n    assert f() == 'abab'"),
    "mocked_print": ("def f(): print('x', 1)\n", "def f(): print('x')\n", "from unittest import mock\nwith mock.patch('builtins.print') as p:\n    f()\np.assert_called_once_with('x', 1)"),
    "file_written_by_the_program": ("def f(p):\n    with open(p, 'w') as h: h.write('hi')\n    return open(p).read()\n", "def f(p):\n    with open(p, 'w') as h: h.write('ho')\n    return open(p).read()\n", "assert f('a.txt') == 'hi'"),
    "text_stream_argument": ("def f(h): return h.read().upper()\n", "def f(h): return h.read()\n", "import io\nassert f(io.StringIO('abc')) == 'ABC'"),
    "text_stream_lines": ("def f(h): return [x.strip() for x in h]\n", "def f(h): return [x for x in h]\n", "import io\nassert f(io.StringIO('a\\nb\\n')) == ['a', 'b']"),
    "stream_written": ("def f(h): h.write('abc')\n", "def f(h): h.write('abd')\n", "import io\nh = io.StringIO()\nf(h)\nassert h.getvalue() == 'abc'"),
    "returned_stream": ("import io\ndef f(): return io.StringIO('ab')\n", "import io\ndef f(): return io.StringIO('ac')\n", "assert f().read() == 'ab' and f().getvalue() == 'ab'"),
    # the interpreter
    "seeded_random": ("import random\ndef f(): return [random.randint(1, 100) for _ in range(3)]\n", "import random\ndef f(): return [random.randint(1, 99) + 1 for _ in range(3)]\n", "import random\nrandom.seed(42)\na = f()\nrandom.seed(42)\nassert a == f() == [82, 15, 4]"),
    "own_seed": ("import random\ndef f(s):\n    r = random.Random(s)\n    return r.sample(range(10), 3)\n", "import random\ndef f(s): return random.sample(range(10), 3)\n", "import random\nassert f(1) == random.Random(1).sample(range(10), 3)"),
    "passed_generator_of_chance": ("def f(r): return r.randint(1, 6)\n", "def f(r): return 7\n", "import random\nassert f(random.Random(3)) == random.Random(3).randint(1, 6)"),
    "recursion_limit": ("def f(n): return 0 if n == 0 else 1 + f(n - 1)\n", "def f(n): return n + 1\n", "assert f(900) == 900\ntry:\n    f(10 ** 5)\n    assert False\nexcept RecursionError:\n    pass"),
    "recursion_limit_raised": ("import sys\nsys.setrecursionlimit(20000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\n", "import sys\nsys.setrecursionlimit(20000)\ndef f(n): return n + 1\n", "assert f(5000) == 5000"),
    "globals_changed": ("LIMIT = 3\ndef f(x): return x < LIMIT\n", "def f(x): return x < 3\nLIMIT = 4\n", "assert LIMIT == 3 and f(2) and not f(3)"),
    "global_reassigned": ("n = 0\ndef f():\n    global n\n    n += 1\n", "n = 0\ndef f(): pass\n", "f()\nassert n == 1\nf()\nassert n == 2"),
    "import_star": ("from math import *\ndef f(x): return floor(x) + ceil(x)\n", "from math import *\ndef f(x): return floor(x)\n", "assert f(1.5) == 3"),
    "regular_expressions": ("import re\nW = re.compile(r'\\w+')\ndef f(s): return W.findall(s), re.match('(a)(b)', s)\n", "import re\nW = re.compile(r'\\w')\ndef f(s): return W.findall(s), re.match('(a)(b)', s)\n", "w, m = f('ab cd')\nassert w == ['ab', 'cd'] and m.group(2) == 'b' and m.groups() == ('a', 'b') and m.span() == (0, 2)"),
    "dates": ("from datetime import date, timedelta\ndef f(d): return d + timedelta(days=1)\n", "from datetime import date, timedelta\ndef f(d): return d\n", "from datetime import date\nassert f(date(2020, 2, 28)) == date(2020, 2, 29) and f(date(2020, 1, 1)).isoformat() == '2020-01-02'"),
    "json_text": ("import json\ndef f(d): return json.dumps(d, sort_keys=True)\n", "import json\ndef f(d): return json.dumps(d, sort_keys=True, indent=1)\n", "import json\nassert json.loads(f({'b': 1, 'a': [None]})) == {'a': [None], 'b': 1} and f({'b': 1, 'a': 2}) == '{\"a\": 2, \"b\": 1}'"),
    "collections": ("from collections import *\ndef f(s): return Counter(s), deque(s, 2), OrderedDict.fromkeys(s), defaultdict(list, a=[1])\n", "from collections import *\ndef f(s): return Counter(s), deque(s, 3), OrderedDict.fromkeys(s), defaultdict(list, a=[1])\n", "c, d, o, e = f('aab')\nassert c.most_common(1) == [('a', 2)] and list(d) == ['a', 'b'] and list(o) == ['a', 'b'] and e['z'] == []"),
    "heap": ("import heapq\ndef f(a):\n    heapq.heapify(a)\n    return [heapq.heappop(a) for _ in range(len(a))]\n", "def f(a): return a\n", "assert f([3, 1, 2]) == [1, 2, 3]"),
    "bytes": ("def f(s): return s.encode()[::-1]\n", "def f(s): return s.encode()\n", "assert f('ab') == b'ba' and f('é') == b'\\xa9\\xc3'"),
    "strange_text": ("def f(s): return s * 2\n", "def f(s): return s\n", "assert f('a\\x00\\ud800\\U0001f600\\n') == 'a\\x00\\ud800\\U0001f600\\na\\x00\\ud800\\U0001f600\\n'"),
    "sets_of_tuples": ("def f(a): return {(x, y) for x in a for y in a if x < y}\n", "def f(a): return {(x, y) for x in a for y in a}\n", "assert f([1, 2, 3]) == {(1, 2), (1, 3), (2, 3)} and frozenset([1]) | f([]) == {1}"),
    "match_statement": ("def f(x):\n    match x:\n        case [a, *_]: return a\n        case {'k': v}: return v\n        case _: return None\n", "def f(x):\n    return None\n", "assert f([1, 2]) == 1 and f({'k': 3}) == 3 and f(0) is None"),
    "match_in_the_test": (POINT + "    __match_args__ = ('x', 'y')\n", POINT.replace("= x, y", "= y, x") + "    __match_args__ = ('x', 'y')\n", "match P(1, 2):\n    case P(x=a, y=b):\n        assert (a, b) == (1, 2)\n    case _:\n        assert False"),
    "copies": (POINT + "def f(p):\n    import copy\n    q = copy.deepcopy(p)\n    q.x[0] = 9\n    return q\n", POINT + "def f(p):\n    import copy\n    q = copy.copy(p)\n    q.x[0] = 9\n    return q\n", "p = P([1], 2)\nq = f(p)\nassert p.x == [1] and q.x == [9] and q is not p"),
    "threads": ("import threading\ndef f():\n    n, lock = [0], threading.Lock()\n    def go():\n        for _ in range(100):\n            with lock: n[0] += 1\n    ts = [threading.Thread(target=go) for _ in range(4)]\n    [t.start() for t in ts]; [t.join() for t in ts]\n    return n[0]\n", "def f(): return 0\n", "assert f() == 400"),
    "test_runs_threads": ("import threading\nclass C:\n    def __init__(s): s.n, s.lock = 0, threading.Lock()\n    def inc(s):\n        with s.lock: s.n += 1\n", "class C:\n    def __init__(s): s.n = 0\n    def inc(s): pass\n", "import threading\nc = C()\nts = [threading.Thread(target=c.inc) for _ in range(5)]\n[t.start() for t in ts]; [t.join() for t in ts]\nassert c.n == 5"),
    "main_guard": ("def f(): return 1\nif __name__ == '__main__':\n    assert f() == 1\n", "def f(): return 2\nif __name__ == '__main__':\n    print(f())\n", "assert f() == 1"),
    "time_passes": ("import time\ndef f():\n    t = time.perf_counter()\n    time.sleep(0.05)\n    return time.perf_counter() - t\n", "def f(): return 0\n", "assert 0.04 < f() < 3"),
    "test_measures_time": ("import time\ndef f(): time.sleep(0.05)\n", "def f(): pass\n", "import time\nt = time.time()\nf()\nassert time.time() - t > 0.04"),
    "weak_references": ("import weakref\nclass A: pass\ndef f():\n    a = A()\n    r = weakref.ref(a)\n    del a\n    return r() is None\n", "def f(): return False\n", "assert f()"),
    "operator_module": (POINT + "def f(): return [P(2, 'b'), P(1, 'a')]\n", POINT + "def f(): return [P(2, 'b'), P(3, 'a')]\n", "from operator import attrgetter\nassert [p.y for p in sorted(f(), key=attrgetter('x'))] == ['a', 'b']"),
    "hidden_names": ("def _helper(x): return x + 1\ndef __secret(x): return x\n", "def _helper(x): return x\ndef __secret(x): return x\n", "assert _helper(1) == 2"),
    "name_like_a_builtin": ("def max_of(a): return max(a)\nlist_of = [1]\ndef filter_(p, a): return list(filter(p, a))\n", "def max_of(a): return min(a)\nlist_of = [1]\ndef filter_(p, a): return list(filter(p, a))\n", "assert max_of([1, 2]) == 2 and filter_(None, [0, 1]) == [1]"),
    "one_test_uses_names_of_itself": ("def f(x): return x\n", "def f(x): return -x\n", "cases = [(1, 1), (2, 2)]\nfor got, want in cases:\n    assert f(got) == want, f'{got} -> {want}'\nassert all(f(a) == b for a, b in cases)"),
    # what tests know of the library's and of their own
    "exception_of_the_library": ("import json\ndef f(s): return json.loads(s)\n", "def f(s): return s\n", "import json\ntry:\n    f('{')\n    assert False\nexcept json.JSONDecodeError as e:\n    assert e.pos == 1"),
    "exception_of_the_library_by_pytest": ("from decimal import Decimal\ndef f(s): return Decimal(s)\n", "def f(s): return float(s)\n", "import decimal, pytest\nwith pytest.raises(decimal.InvalidOperation):\n    f('x')"),
    "frozen_data_class": ("from dataclasses import dataclass\n@dataclass(frozen=True)\nclass P:\n    x: int\n", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n", "import dataclasses\np = P(1)\ntry:\n    p.x = 2\n    assert False\nexcept dataclasses.FrozenInstanceError:\n    pass"),
    "exception_as_argument": ("def f(e): return f'{type(e).__name__}: {e}'\n", "def f(e): return str(e)\n", "class Own(ValueError): pass\nassert f(KeyError('k')) == \"KeyError: 'k'\" and f(Own('x')) == 'Own: x'"),
    "classes_of_exceptions_as_argument": ("def f(g, kinds):\n    try: return g()\n    except kinds: return 'held'\n", "def f(g, kinds): return 'held'\n", "class Own(Exception): pass\nclass Other(Exception): pass\ndef g(): raise Own('x')\nassert f(g, (KeyError, Own)) == 'held'\ntry:\n    f(g, Other)\n    assert False\nexcept Own as e:\n    assert str(e) == 'x'"),
    "test_subclass_calls_what_is_above": ("class A:\n    def __init__(s, n): s.n = n\n    def hi(s): return f'hi {s.n}'\n    @property\n    def q(s): return 10\n", "class A:\n    def __init__(s, n): s.n = 0\n    def hi(s): return 'hi'\n    @property\n    def q(s): return 1\n", "class B(A):\n    def __init__(self, n):\n        super().__init__(n + 1)\n        self.m = n\n    def hi(self): return super().hi() + '!'\n    @property\n    def q(self): return super().q * 2\n    @classmethod\n    def of(cls, n): return cls(n)\nb = B.of(1)\nassert (b.n, b.m, b.hi(), b.q) == (2, 1, 'hi 2!', 20)\nclass C(A):\n    def __init__(self):\n        A.__init__(self, 7)\nassert C().n == 7"),
    "class_set_up": ("def f(x): return x + 1\n", "def f(x): return x\n", "import unittest\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.x = 3\n    def test_f(self): self.assertEqual(f(self.x), 4)"),
    "words_of_a_named_tuple": ("from collections import namedtuple\nR = namedtuple('R', 'a b')\ndef f(): return R(1, 2)\n", "def f(): return (1, 2)\n", "assert str(f()) == 'R(a=1, b=2)' and f == f and f'{f()}' == 'R(a=1, b=2)'"),
    "words_of_a_class": ("class A:\n    'Doc.'\n", "class A: pass\n", "assert A.__doc__ == 'Doc.' and A().__doc__ == 'Doc.'"),
    "objects_of_the_library": ("import io, re\ndef f(): return re.match('a(b)', 'ab')\ndef g(): return io.StringIO('x')\n", "def f(): return 'ab'\ndef g(): return 'x'\n", "import io, re\nassert isinstance(f(), re.Match) and f()[1] == 'b'\nassert isinstance(g(), io.StringIO) and g().read() == 'x'"),
    "subclass_of_a_plain_type": ("class L(list):\n    def total(s): return sum(s)\n", "class L:\n    def __init__(s, x): s.x = x\n    def total(s): return sum(s.x)\n", "a = L([1, 2])\nassert isinstance(a, list) and a == [1, 2] and a.total() == 3 and type(a).__name__ == 'L'"),
    "kinds_of_functions": ("async def f(x): return x\ndef g():\n    yield 1\n", "def f(x): return x\ndef g(): return 1\n", "import inspect\nassert inspect.iscoroutinefunction(f) and inspect.isgeneratorfunction(g) and inspect.isfunction(f) and not inspect.isgeneratorfunction(f)"),
    "paths_and_identities": ("from pathlib import Path\nimport uuid\ndef f(p): return Path(p).parent\ndef g(): return uuid.UUID(int=5)\n", "def f(p): return str(p)\ndef g(): return 5\n", "from pathlib import Path\nimport uuid\nassert f(Path('a/b')) == Path('a') and g() == uuid.UUID(int=5)"),
    "times_of_a_zone": ("from datetime import datetime\nfrom zoneinfo import ZoneInfo\ndef f(): return datetime(2020, 1, 1, tzinfo=ZoneInfo('UTC'))\n", "from datetime import datetime\ndef f(): return datetime(2020, 1, 1)\n", "from datetime import datetime\nfrom zoneinfo import ZoneInfo\nassert f() == datetime(2020, 1, 1, tzinfo=ZoneInfo('UTC')) and f().tzinfo.key == 'UTC'"),
    "views_and_chains": ("from collections import ChainMap\ndef f(): return memoryview(b'ab')\ndef g(): return ChainMap({'a': 1}, {'b': 2})\n", "def f(): return 'ab'\ndef g(): return {'a': 2}\n", "assert f() == b'ab' and g() == {'a': 1, 'b': 2} and g()['b'] == 2"),
    "arrays_of_texts_and_days": ("import numpy as np\ndef f(): return np.array(['a', 'bb'])\ndef g(): return np.datetime64('2020-01-01') + 1\n", "import numpy as np\ndef f(): return np.array(['a', 'b'])\ndef g(): return np.datetime64('2020-01-01')\n", "import numpy as np\nassert (f() == np.array(['a', 'bb'])).all() and g() == np.datetime64('2020-01-02')"),
    "keys_made_of_comparisons": ("def f(a, key): return sorted(a, key=key)\n", "def f(a, key): return a\n", "from functools import cmp_to_key\nassert f([1, 3, 2], cmp_to_key(lambda a, b: b - a)) == [3, 2, 1]"),
    "seed_of_numpy": ("import numpy as np\ndef f(n): return np.random.rand(n)\n", "import numpy as np\nk = [0]\ndef f(n):\n    k[0] += 1\n    return np.ones(n) * k[0]\n", "import numpy as np\nnp.random.seed(0)\na = f(3)\nnp.random.seed(0)\nassert (f(3) == a).all()"),
    "variables_of_the_process": ("import os\ndef f(k): return os.environ.get(k)\n", "import os\nold = dict(os.environ)\ndef f(k): return old.get(k)\n", "import os\nfrom unittest.mock import patch\nwith patch.dict(os.environ, {'KEY_OF_MINE': '7'}):\n    assert f('KEY_OF_MINE') == '7'\nassert f('KEY_OF_MINE') is None"),
    "arguments_of_the_process": ("import sys\ndef f(): return sys.argv[1:]\n", "def f(): return []\n", "import sys\nsys.argv = ['p', '--n', '3']\nassert f() == ['--n', '3']"),
    "changes_of_both_in_place": ("class Log:\n    def __init__(s): s.said = []\n    def add(s, x): s.said.append(x)\ndef f(r, g):\n    r.append('in')\n    g()\n    r.append('out')\n", "class Log:\n    def __init__(s): s.said = []\n    def add(s, x): s.said = [x]\ndef f(r, g):\n    g()\n    r[:] = ['in', 'out']\n", "r = []\nf(r, lambda: r.append('mine'))\nassert r == ['in', 'mine', 'out']\nl = Log()\nl.add(1)\nl.said.append(2)\nl.add(3)\nassert l.said == [1, 2, 3]"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_right_program_passes(name, run):
    right, _, test = ROWS[name]
    found = run(right, test, copy_back="in_place" in name or name == "returned_argument")
    assert found.outcome == "passed", found.detail


@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_program_fails(name, run):
    _, wrong, test = ROWS[name]
    found = run(wrong, test, copy_back="in_place" in name or name == "returned_argument")
    assert found.outcome in ("wrong", "exception", "early_exit"), found.detail


@pytest.mark.parametrize("name", ROWS)
def test_one_process_finds_the_same(name, run):
    right, wrong, test = ROWS[name]
    assert run(right, test, together=True).outcome == "passed"
    assert run(wrong, test, together=True).outcome in ("wrong", "exception")
