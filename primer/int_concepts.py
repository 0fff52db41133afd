"""Concepts over whole numbers."""

from concept import Concept

K = {"a": ("2", "3", "4", "5", "6", "7")}
SMALL = {"a": ("2", "3", "4", "5")}
FEW = {"a": ("2", "3")}
EMPTY = {"a": ("0", "-1", "None")}
WITHIN = {"a": ("1", "2", "3"), "b": ("8", "9", "12")}
DIGIT = {"a": ("1", "3", "5", "7")}


def kept(name: str, phrases: str, right: str, share: float, wrong: list[tuple[float, str]], reference: str, **more):
    """A filter; phrases are parted by `|`, the last one is a predicate for `entries whose value ...`."""
    phrases_ = tuple(phrases.split("|"))
    return Concept(
        name=name, slot="filter", takes="int", phrases=phrases_, right=right, share=share, wrong=tuple(wrong),
        reference=reference, **more,
    )  # fmt: skip


def made(name: str, phrases: str, right: str, share: float, wrong: list[tuple[float, str]], reference: str, **more):
    """A map from numbers to numbers."""
    return Concept(
        name=name, slot="map", takes="int", gives="int", phrases=tuple(phrases.split("|")), right=right, share=share,
        wrong=tuple(wrong), reference=reference, **more,
    )  # fmt: skip


def reduced(name: str, phrases: str, right: str, share: float, wrong: list[tuple[float, str]], reference: str, **more):
    """A reduce over a list of numbers."""
    return Concept(
        name=name, slot="reduce", takes="int", phrases=tuple(phrases.split("|")), right=right, share=share,
        wrong=tuple(wrong), reference=reference, **more,
    )  # fmt: skip


FILTERS = (
    kept("positive", "positive $n|$n above zero|is positive", "x > 0", 0.74, [(1, "x >= 0")], "0 < x"),
    kept("negative", "negative $n|$n below zero|is negative", "x < 0", 0.35, [(3, "x <= 0"), (1, "x[0] == '-'")], "0 > x"),
    kept("even", "even $n|$n that are even|is even", "x % 2 == 0", 0.85, [(2, "x % 2"), (1, "x % 2 = 0")], "not x & 1"),
    kept("odd", "odd $n|$n that are odd|is odd", "x % 2 == 1", 0.72, [(2, "x % 2 == 0"), (1, "x.odd()")], "x & 1"),
    kept("multiple", "multiples of $a|$n divisible by $a|is divisible by $a", "x % $a == 0", 0.33,
         [(3, "$a % x == 0"), (1, "x / $a == 0")], "not x % $a", choices=SMALL),
    kept("greater", "$n greater than $a|$n above $a|is greater than $a", "x > $a", 0.8, [(1, "x >= $a")], "$a < x", choices=K),
    kept("less", "$n less than $a|$n below $a|is less than $a", "x < $a", 0.76, [(3, "x <= $a"), (1, "x << $a:")], "$a > x", choices=K),
    kept("at-least", "$n of at least $a|$n not below $a|is at least $a", "x >= $a", 0.33, [(3, "x > $a"), (1, "x => $a")], "not x < $a", choices=K),
    kept("at-most", "$n of at most $a|$n not above $a|is at most $a", "x <= $a", 0.72, [(3, "x < $a"), (1, "x =< $a")], "not x > $a", choices=K),
    kept("between", "$n from $a to $b inclusive|$n between $a and $b inclusive|is between $a and $b inclusive", "$a <= x <= $b", 0.7,
         [(2, "x in range($a, $b)"), (1, "$a < x < $b")], "x in range($a, $b + 1)", choices=WITHIN),
    kept("two-digit", "two-digit $n|$n with two digits|has two digits", "10 <= abs(x) <= 99", 0.1,
         [(3, "len(x) == 2"), (2, "10 <= x <= 99"), (1, "len(str(x)) == 2")], "len(str(abs(x))) == 2", hard=True),
    kept("perfect-square", "perfect squares|$n that are perfect squares|is a perfect square", "x >= 0 and int(x ** 0.5) ** 2 == x", 0.1,
         [(3, "math.sqrt(x) % 1 == 0"), (2, "x ** 0.5 == int(x)"), (1, "x ** 2")], "x in [i * i for i in range(abs(x) + 1)]", hard=True),
    kept("prime", "prime $n|$n that are prime|is prime", "x > 1 and all(x % d for d in range(2, x))", 0.1,
         [(2, "is_prime(x)"), (3, "all(x % d for d in range(1, x))"), (2, "x % 2 == 1")], "x >= 2 and 0 not in [x % i for i in range(2, x)]", hard=True),
    kept("ends-in", "$n ending in $a|$n whose last digit is $a|ends in $a", "abs(x) % 10 == $a", 0.1,
         [(3, "x[-1] == $a"), (2, "x % 10 == $a"), (2, "str(x).endswith($a)")], "str(x)[-1] == '$a'", choices=DIGIT, hard=True),
)  # fmt: skip

MAPS = (
    made("square", "squares", "x ** 2", 0.35, [(3, "x ^ 2"), (1, "x * 2")], "x * x"),
    made("double", "doubles", "x * 2", 0.85, [(1, "x ** 2")], "x + x"),
    made("half", "floored halves", "x // 2", 0.35, [(3, "x / 2"), (1, "x % 2")], "x >> 1"),
    made("absolute", "absolute values", "abs(x)", 0.75, [(2, "x.abs()"), (1, "-x")], "max(x, -x)"),
    made("opposite", "opposites", "-x", 0.82, [(2, "abs(x)"), (1, "!x")], "0 - x"),
    made("cube", "cubes", "x ** 3", 0.72, [(2, "x ^ 3"), (1, "x * 3")], "x * x * x"),
    made("plus", "values raised by $a", "x + $a", 0.9, [(1, "x - $a")], "$a + x", choices=K),
    made("remainder", "remainders modulo $a", "x % $a", 0.75, [(2, "x // $a"), (1, "$a % x")], "divmod(x, $a)[1]", choices=SMALL),
    made("last-digit", "last digits", "abs(x) % 10", 0.1, [(3, "x[-1]"), (2, "x % 10"), (2, "str(x)[-1]")], "int(str(x)[-1])", hard=True),
    made("digit-sum", "digit sums", "sum(int(i) for i in str(abs(x)))", 0.1,
         [(3, "sum(str(x))"), (2, "sum(int(i) for i in str(x))"), (1, "sum(digits(x))")], "sum(map(int, str(abs(x))))", hard=True),
    made("digit-count", "numbers of digits", "len(str(abs(x)))", 0.1, [(3, "len(x)"), (2, "len(str(x))")], "len(str(x).lstrip('-'))", hard=True),
    made("limited", "values capped at $a", "min(x, $a)", 0.1, [(3, "max(x, $a)"), (1, "x.min($a)"), (1, "x % $a")], "$a if x > $a else x",
         choices=K, hard=True),
)  # fmt: skip

REDUCES = (
    reduced("sum", "the sum of $np|the total of $np", "sum(ys)", 0.88, [(2, "ys.sum()"), (1, "sum(ys[1:])")], "sum(ys, 0)"),
    reduced("product", "the product of $np", "p = 1\nfor y in ys:\n    p *= y\nreturn p", 0.35,
            [(3, "p = 0\nfor y in ys:\n    p *= y\nreturn p"), (1, "prod(ys)")], "__import__('math').prod(ys)"),
    reduced("different", "the number of different values among $np|how many different values there are among $np", "len(set(ys))", 0.72,
            [(2, "len(ys)"), (1, "ys.unique()")], "len(dict.fromkeys(ys))"),
    reduced("largest", "the largest of $np, or $a if there is none|the largest of $np. If there is none, return $a", "max(ys) if ys else $a", 0.35,
            [(3, "max(ys)"), (1, "ys.max()")], "max(ys, default=$a)", choices=EMPTY),
    reduced("smallest", "the smallest of $np, or $a if there is none|the smallest of $np. If there is none, return $a", "min(ys) if ys else $a", 0.72,
            [(3, "min(ys)"), (1, "ys.min()")], "min(ys, default=$a)", choices=EMPTY),
    reduced("average", "the average of $np, or 0 if there is none|the average of $np. If there is none, return 0", "sum(ys) / len(ys) if ys else 0", 0.35,
            [(3, "sum(ys) / len(ys)"), (1, "mean(ys)")], "sum(ys) / max(len(ys), 1)"),
    reduced("ascending", "$np, sorted|$np in ascending order", "sorted(ys)", 0.75, [(1, "ys.sort()")], "sorted(ys, reverse=False)"),
    reduced("descending", "$np in descending order|$np, largest first", "sorted(ys, reverse=True)", 0.35,
            [(2, "sorted(ys).reverse()"), (1, "ys.sort(reverse=True)")], "sorted(ys)[::-1]"),
    reduced("list", "the list of $np|$np, as a list", "ys", 0.95, [(1, "set(ys)")], "[*ys]"),
    reduced("reversed", "$np in reverse order|$np, last first", "ys[::-1]", 0.72, [(2, "ys.reverse()"), (1, "reversed(ys)")], "list(reversed(ys))"),
    reduced("first-few", "the first $a of $np", "ys[:$a]", 0.78, [(2, "ys[:$a - 1]"), (1, "ys[$a]")], "[y for _, y in zip(range($a), ys)]", choices=FEW),
    reduced("last-few", "the last $a of $np", "ys[-$a:]", 0.75, [(2, "ys[:-$a]"), (1, "ys[$a:]")], "ys[max(len(ys) - $a, 0):]", choices=FEW),
    reduced("first", "the first of $np, or $a if there is none|the first of $np. If there is none, return $a", "ys[0] if ys else $a", 0.72,
            [(1, "ys[0]")], "next(iter(ys), $a)", choices=EMPTY),
    reduced("last", "the last of $np, or $a if there is none|the last of $np. If there is none, return $a", "ys[-1] if ys else $a", 0.35,
            [(2, "ys[len(ys)]"), (1, "ys[-1]")], "next(reversed(ys), $a)", choices=EMPTY),
    reduced("count", "the number of $np|the count of $np", "len(ys)", 0.8, [(2, "ys.length"), (1, "ys.count()")], "sum(1 for _ in ys)"),
    reduced("tally", "a dict that counts $np|how often each of $np occurs, as a dict", "{y: ys.count(y) for y in ys}", 0.35,
            [(2, "Counter(ys)"), (2, "d = {}\nfor y in ys:\n    d[y] += 1\nreturn d")], "dict((y, ys.count(y)) for y in ys)"),
    reduced("every-other", "every other one of $np, starting with the first", "ys[::2]", 0.75, [(1, "ys[1::2]")],
            "[y for i, y in enumerate(ys) if i % 2 == 0]"),
    reduced("distinct", "$np without repeats, in order|$np, each once, in order", "list(dict.fromkeys(ys))", 0.1,
            [(3, "list(set(ys))"), (2, "ys.unique()"), (1, "set(ys)")], "[y for i, y in enumerate(ys) if y not in ys[:i]]", hard=True),
    reduced("median", "the lower median of $np, or 0 if there is none|the lower median of $np. If there is none, return 0",
            "sorted(ys)[(len(ys) - 1) // 2] if ys else 0", 0.1, [(3, "ys[len(ys) // 2]"), (2, "median(ys)"), (2, "sorted(ys)[len(ys) / 2]")],
            "([0] if not ys else sorted(ys)[:(len(ys) + 1) // 2])[-1]", hard=True),
    reduced("second", "the second largest different value of $np, or $a if there is none|the second largest different value of $np. If there is none, return $a",
            "sorted(set(ys))[-2] if len(set(ys)) > 1 else $a", 0.1, [(3, "sorted(ys)[-2]"), (1, "sorted(ys)[1]"), (1, "max(ys)[1]")],
            "next(iter(sorted(set(ys), reverse=True)[1:]), $a)", choices=EMPTY, hard=True),
    reduced("running", "the running totals of $np", "[sum(ys[:i + 1]) for i in range(len(ys))]", 0.1,
            [(3, "accumulate(ys)"), (2, "[sum(ys[:i]) for i in range(len(ys))]"), (2, "[sum(ys[i]) for i in range(len(ys))]")],
            "list(__import__('itertools').accumulate(ys))", hard=True),
    reduced("spread", "the largest minus the smallest of $np, or 0 if there is none|the range of $np, largest minus smallest. If there is none, return 0",
            "max(ys) - min(ys) if ys else 0", 0.1, [(3, "max(ys) - min(ys)"), (2, "ys[-1] - ys[0]"), (1, "max(ys - min(ys))")],
            "max(ys, default=0) - min(ys, default=0)", hard=True),
    reduced("steps", "the differences of neighbours of $np, each minus the one before", "[b - a for a, b in zip(ys, ys[1:])]", 0.1,
            [(3, "[ys[i + 1] - ys[i] for i in range(len(ys))]"), (2, "[a - b for a, b in zip(ys, ys[1:])]"), (1, "diff(ys)")],
            "[ys[i] - ys[i - 1] for i in range(1, len(ys))]", hard=True),
)  # fmt: skip
