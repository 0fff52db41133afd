"""What test code asks objects of the program's, and which answers must agree with which.

See `claims`. Here is which questions may change an object, which have one answer, and whose a method is.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from errata.sandbox.claims import Claim, counting, plain

CHANGING = frozenset(
    (
        *("call", "set", "put", "delete", "remove", "enter", "leave", "poll", "enter_async", "leave_async"),
        "following",
    )
)
"""Questions after which an object may contain something else."""
ALLOWED = frozenset(
    (
        *("__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__annotations__", "__wrapped__"),
        *("__defaults__", "__kwdefaults__", "__signature__", "__match_args__", "__members__", "__bases__"),
    )
)
"""Attributes with two underscores that may be asked for; others could steer this interpreter's own machinery."""
PREDICATES = frozenset(
    (
        *("startswith", "endswith", "issubset", "issuperset", "isdisjoint", "isalnum", "isalpha", "isascii"),
        *("isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle"),
        "isupper",
    )
)
"""Questions to a text or a set: an object that is neither would only say yes."""
SETS = frozenset(("union", "intersection", "difference", "symmetric_difference"))
"""What it would be told by these is what it then gives."""
SEARCHES = frozenset(("index", "count", "find", "rfind", "rindex", "remove", "equals", "equal", "compare"))
"""What it says of the test's data by these is its own word."""
VIEWS = frozenset(("keys", "values", "items"))
ANSWERS = frozenset((*dir(str), *dir(tuple), *dir(frozenset), *VIEWS, "sort", "reverse"))
"""What plain values have too: who uses these of a result has not found an object with an interface."""
STILL = ANSWERS - {"sort", "reverse"}
"""Of these, what changes nothing."""
INPLACE = frozenset(
    (
        *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior", "ixor"),
        *("ilshift", "irshift"),
    )
)
ONCE = frozenset(
    (
        *("get", "item", "str", "repr", "format", "int", "float", "complex", "index", "abs", "round", "neg", "pos"),
        *("invert", "bool", "name"),
    )
)
"""Questions that have one plain answer."""


class Words:
    """What all objects of the program's said in one check."""

    def __init__(self, key_of: Callable[[object], int | None]) -> None:
        self.key_of = key_of
        """The number of a handle; none for what is no handle."""
        self.doubted = False
        """The verdict is the program's word."""
        self.claims: dict[int, Claim] = {}
        self.owners: dict[int, tuple[int, str]] = {}
        """Of methods: whose they are, and their name."""
        self.fresh: set[int] = set()
        """Handles that came where another had come before."""
        self.spoken: set[int] = set()
        """Handles of objects whose interface the test uses: they may say what they contain."""
        self.changes = 0

    def doubt(self) -> None:
        self.doubted = True

    def claim(self, key: int, name: str, own: bool) -> Claim:
        found = self.claims.get(key)
        if found is None:
            found = self.claims[key] = Claim(name, self.doubt)
        found.name, found.own = name or found.name, own
        return found

    def got(self, owner: int, name: str, got: object) -> None:
        """An attribute, which may be a method."""
        if name not in ANSWERS:
            self.spoken.add(owner)
        if (key := self.key_of(got)) is not None:
            self.owners[key] = owner, name

    def part(self, claim: Claim, how: slice | str, got: object) -> None:
        """Something of an object's own that is a part, a copy or a view of it."""
        key = self.key_of(got)
        if key is None or key in self.claims or not (isinstance(how, str) or counting(how)):
            return
        if how == slice(None):
            if not claim.own:
                self.claims[key] = claim
            return
        made = self.claims[key] = Claim(claim.name, self.doubt)
        made.own, made.of = claim.own, (claim, how)
        claim.parts.append(made)

    def changing(self, operation: str, args: Sequence[object]) -> None:
        """Before a question: what may be otherwise after it."""
        self.changes += operation in CHANGING or operation == "next" or operation in INPLACE
        first = self.key_of(args[0]) if args else None
        if operation == "next" and first in self.claims:
            self.claims[first].said.clear()
        if operation not in CHANGING or not args:
            return
        owner, name = self.owners.get(first, (first, "")) if first is not None else (None, "")
        if operation == "call" and name in STILL:
            return
        inside = [part for arg in args if isinstance(arg, list | tuple) for part in cast("list[object]", arg)]
        related = {owner, *map(self.key_of, [*args[1:], *inside])}
        for key, claim in [*self.claims.items()]:
            claim.sure = False
            if claim.own or key in related:
                del self.claims[key]

    def heard(self, operation: str, args: Sequence[object], got: object, made: bool) -> None:
        """After a question. made: the object is of a class that the test uses."""
        key = self.key_of(args[0]) if args else None
        if key in self.fresh and operation != "call":
            self.doubt()
        if operation == "call" and key is not None and key in self.owners:
            owner, name = self.owners[key]
            if name in SEARCHES and not made:
                self.doubt()
            elif not args[1:] and name in VIEWS | {"copy"}:
                whose = self.claim(owner, "", made or owner in self.spoken)
                self.part(whose, slice(None) if name == "copy" else name, got)
                if name in VIEWS and self.key_of(got) is None:
                    whose.viewed(name, [*cast("Sequence[object]", got)])
        if operation in ONCE and all(map(plain, args[1:] if key is not None else args)):
            claim = self.claim(-1 if key is None else key, "", made or key is None or key in self.spoken)
            before = claim.answered(f"{operation} {args[1:] if key is not None else args}", got)
            cut = operation == "item" and type(args[1]) is slice
            if before is not got and not (made or cut) and (new := self.key_of(got)) is not None:
                self.fresh.add(new)


def told(method: str, args: Sequence[object]) -> bool:
    """Whether a method that only a set should have is asked about many things at once."""
    texts = str if method == "union" else ()
    return method in SETS and any(isinstance(arg, Iterable) and not isinstance(arg, texts) for arg in args)
