"""Concepts over words and characters."""

from concept import Concept

K = {"a": ("2", "3", "4", "5")}
FEW = {"a": ("2", "3")}
LETTER = {"a": ("a", "e", "o", "r", "s", "t")}
EMPTY = {"a": ("''", "None")}
SEPARATOR = {"a": ("-", "+", "/")}
VOWELS = "'aeiouAEIOU'"


def concept(slot: str, kind: str, name: str, phrases: str, right: str, share: float, wrong: list[tuple[float, str]], reference: str, **more):
    """A concept with its phrases parted by `|`."""
    return Concept(
        name=name, slot=slot, takes=kind, phrases=tuple(phrases.split("|")), right=right, share=share, wrong=tuple(wrong),
        reference=reference, **more,
    )  # fmt: skip


def word_filter(*given, **more):
    return concept("filter", "word", *given, **more)


def char_filter(*given, **more):
    return concept("filter", "char", *given, **more)


def word_map(*given, gives: str = "word", **more):
    return concept("map", "word", *given, gives=gives, **more)


def char_map(*given, gives: str = "char", **more):
    return concept("map", "char", *given, gives=gives, **more)


def reduced(*given, **more):
    return concept("reduce", "word", *given, **more)


WORD_FILTERS = (
    word_filter("longer", "$n longer than $a|$n of more than $a letters|is longer than $a", "len(w) > $a", 0.74, [(2, "len(w) >= $a"), (1, "w > $a")], "w[$a:]", choices=K),
    word_filter("shorter", "$n shorter than $a|$n of fewer than $a letters|is shorter than $a", "len(w) < $a", 0.35, [(3, "w.length < $a"), (2, "len(w) <= $a")],
                "not w[$a - 1:]", choices=K),
    word_filter("starts", "$n that start with '$a'|$n starting with '$a'|starts with '$a'", "w[0] == '$a'", 0.75, [(2, "w.startwith('$a')"), (1, "w[1] == '$a'")],
                "w.startswith('$a')", choices=LETTER),
    word_filter("ends", "$n that end with '$a'|$n ending with '$a'|ends with '$a'", "w[-1] == '$a'", 0.35, [(3, "w[len(w)] == '$a'"), (1, "w[:-1] == '$a'")],
                "w.endswith('$a')", choices=LETTER),
    word_filter("contains", "$n that contain '$a'|$n with an '$a' in them|contains '$a'", "'$a' in w", 0.78, [(2, "w.contains('$a')"), (1, "w in '$a'")],
                "w.count('$a') > 0", choices=LETTER),
    word_filter("capital", "capitalised $n|$n that start with a capital letter|starts with a capital letter", "w[0].isupper()", 0.72,
                [(2, "w.isupper()"), (1, "w.capital()")], "w[:1].isupper()"),
    word_filter("even-length", "$n of even length|$n with an even number of letters|has an even length", "len(w) % 2 == 0", 0.75, [(2, "w % 2 == 0"), (1, "len(w) / 2 == 0")],
                "not len(w) & 1"),
    word_filter("vowel-start", "$n that start with a vowel|$n starting with a vowel|starts with a vowel", f"w[0] in {VOWELS}", 0.1,
                [(3, "w[0] == 'a' or 'e' or 'i' or 'o' or 'u'"), (2, "w[0] in 'aeiou'"), (1, "w.startswith('aeiou')")], "w[0].lower() in 'aeiou'", hard=True),
    word_filter("palindrome", "palindromes|$n that are palindromes|is a palindrome", "w == w[::-1]", 0.1,
                [(3, "w == w.reverse()"), (2, "w == reversed(w)"), (1, "w[0] == w[-1]")], "w == ''.join(reversed(w))", hard=True),
    word_filter("double-letter", "$n with a double letter|$n that have a double letter|has a double letter", "any(a == b for a, b in zip(w, w[1:]))", 0.1,
                [(3, "len(set(w)) < len(w)"), (2, "any(w[i] == w[i + 1] for i in range(len(w)))"), (1, "w.double()")],
                "any(w[i] == w[i - 1] for i in range(1, len(w)))", hard=True),
)  # fmt: skip

WORD_MAPS = (
    word_map("upper", "upper-case forms", "w.upper()", 0.75, [(2, "w.toUpperCase()"), (1, "upper(w)")], "str.upper(w)"),
    word_map("backwards", "reversals", "w[::-1]", 0.35, [(3, "w.reverse()"), (2, "reversed(w)")], "''.join(reversed(w))"),
    word_map("first-letter", "first letters", "w[0]", 0.78, [(1, "w[1]")], "w[:1]"),
    word_map("last-letter", "last letters", "w[-1]", 0.72, [(2, "w[len(w)]"), (1, "w[:-1]")], "w[-1:]"),
    word_map("length", "lengths", "len(w)", 0.8, [(2, "w.length"), (1, "len(w) - 1")], "sum(1 for _ in w)", gives="int"),
    word_map("capitalised", "capitalised forms", "w.capitalize()", 0.35, [(3, "w.upper()"), (1, "w.capital()")], "w[:1].upper() + w[1:].lower()"),
    word_map("twice", "doubles", "w * 2", 0.8, [(1, "w ** 2")], "w + w"),
    word_map("start", "first $a letters", "w[:$a]", 0.75, [(2, "w[:$a - 1]"), (1, "w[$a]")], "w[0:$a]", choices=FEW),
    word_map("rest", "forms without their first letter", "w[1:]", 0.72, [(2, "w[1]"), (1, "w[:1]")], "''.join(w[i] for i in range(1, len(w)))"),
    word_map("no-vowels", "forms without vowels", f"''.join(i for i in w if i not in {VOWELS})", 0.1,
             [(3, "w.replace('aeiou', '')"), (2, "w.strip('aeiou')"), (1, "[i for i in w if i not in 'aeiou']")], "w.translate(str.maketrans('', '', 'aeiouAEIOU'))", hard=True),
    word_map("vowel-count", "numbers of vowels", f"sum(i in {VOWELS} for i in w)", 0.1, [(3, "w.count('aeiou')"), (2, "sum(i in 'aeiou' for i in w)"), (1, "w.vowels()")],
             "len([i for i in w if i.lower() in 'aeiou'])", gives="int", hard=True),
    word_map("letter-count", "numbers of different letters", "len(set(w.lower()))", 0.1, [(3, "len(set(w))"), (2, "w.unique()"), (2, "len(w)")],
             "len({i.lower() for i in w})", gives="int", hard=True),
)  # fmt: skip

CHAR_FILTERS = (
    char_filter("vowels", "vowels|$n that are vowels", f"c in {VOWELS}", 0.35, [(3, "c in 'aeiou'"), (2, "c == 'a' or 'e' or 'i' or 'o' or 'u'")], "c.lower() in 'aeiou'"),
    char_filter("digits", "digits|$n that are digits", "c.isdigit()", 0.75, [(2, "c in '123456789'"), (1, "isdigit(c)")], "c in '0123456789'"),
    char_filter("capitals", "capital letters|upper-case letters", "c.isupper()", 0.78, [(2, "c == upper(c)"), (1, "c == c.upper()")], "'A' <= c <= 'Z'"),
    char_filter("small", "small letters|lower-case letters", "c.islower()", 0.72, [(2, "c == c.lower()"), (1, "c.lower()")], "'a' <= c <= 'z'"),
    char_filter("letters", "letters|$n that are letters", "c.isalpha()", 0.35, [(3, "c.isalnum()"), (2, "c.isletter()")], "c.upper() != c.lower()"),
    char_filter("not-spaces", "$n other than spaces|$n that are not spaces", "c != ' '", 0.82, [(2, "c == ' '"), (1, "c not ' '")], "not c.isspace()"),
    char_filter("consonants", "consonants|$n that are consonants", f"c.isalpha() and c not in {VOWELS}", 0.1,
                [(3, "c not in 'aeiou'"), (2, "c.isconsonant()"), (2, "c.isalpha() and c not in 'aeiou'")], "c.lower() in 'bcdfghjklmnpqrstvwxyz'", hard=True),
    char_filter("even-digits", "even digits|$n that are even digits", "c in '02468'", 0.1, [(3, "c % 2 == 0"), (2, "int(c) % 2 == 0"), (1, "c in '2468'")],
                "c.isdigit() and int(c) % 2 == 0", hard=True),
    char_filter("late", "letters after m in the alphabet|$n that are letters after m", "c.isalpha() and c.lower() > 'm'", 0.1,
                [(3, "c > 'm'"), (2, "ord(c) > 'm'"), (1, "c.lower() > m")], "c.lower() in 'nopqrstuvwxyz'", hard=True),
)  # fmt: skip

CHAR_MAPS = (
    char_map("upper", "upper-case forms", "c.upper()", 0.75, [(2, "c.toUpperCase()"), (1, "upper(c)")], "str.upper(c)"),
    char_map("lower", "lower-case forms", "c.lower()", 0.8, [(1, "lower(c)")], "str.lower(c)"),
    char_map("twice", "doubles", "c * 2", 0.8, [(1, "c ** 2")], "c + c"),
    char_map("code", "character codes", "ord(c)", 0.35, [(3, "int(c)"), (2, "c.code()")], "c.encode()[0]", gives="int"),
    char_map("swapped", "forms with the case swapped", "c.swapcase()", 0.72, [(2, "c.upper()"), (1, "swap(c)")], "c.lower() if c.isupper() else c.upper()"),
    char_map("next", "next characters by code", "chr(ord(c) + 1)", 0.1, [(3, "c + 1"), (2, "ord(c) + 1"), (1, "chr(c + 1)")], "chr(1 + ord(c))", hard=True),
    char_map("starred", "forms with digits replaced by '*'", "'*' if c.isdigit() else c", 0.1, [(3, "'*' if isdigit(c) else c"), (2, "c.replace('digit', '*')"), (1, "'*'")],
             "c if c not in '0123456789' else '*'", hard=True),
)  # fmt: skip

WORD_REDUCES = (
    reduced("joined", "$np joined by '$a'|one string of $np with '$a' between them", "'$a'.join(ys)", 0.72, [(2, "ys.join('$a')"), (1, "str(ys)")], "str.join('$a', ys)", choices=SEPARATOR),
    reduced("glued", "$np joined into one string|one string of $np", "''.join(ys)", 0.35, [(2, "ys.join('')"), (2, "sum(ys)"), (1, "str(ys)")],
            "__import__('functools').reduce(str.__add__, ys, '')"),
    reduced("alphabetical", "$np in alphabetical order|$np, sorted", "sorted(ys)", 0.75, [(1, "ys.sort()")], "sorted(ys, reverse=False)"),
    reduced("list", "the list of $np|$np, as a list", "ys", 0.95, [(1, "set(ys)")], "[*ys]"),
    reduced("reversed", "$np in reverse order|$np, last first", "ys[::-1]", 0.72, [(2, "ys.reverse()"), (1, "reversed(ys)")], "list(reversed(ys))"),
    reduced("first-few", "the first $a of $np", "ys[:$a]", 0.78, [(2, "ys[:$a - 1]"), (1, "ys[$a]")], "[y for _, y in zip(range($a), ys)]", choices=FEW),
    reduced("first", "the first of $np, or $a if there is none|the first of $np. If there is none, return $a", "ys[0] if ys else $a", 0.72, [(1, "ys[0]")],
            "next(iter(ys), $a)", choices=EMPTY),
    reduced("last", "the last of $np, or $a if there is none|the last of $np. If there is none, return $a", "ys[-1] if ys else $a", 0.35,
            [(2, "ys[len(ys)]"), (1, "ys[-1]")], "next(reversed(ys), $a)", choices=EMPTY),
    reduced("count", "the number of $np|the count of $np", "len(ys)", 0.8, [(2, "ys.length"), (1, "ys.count()")], "sum(1 for _ in ys)"),
    reduced("different", "the number of different values among $np|how many different values there are among $np", "len(set(ys))", 0.72,
            [(2, "len(ys)"), (1, "ys.unique()")], "len(dict.fromkeys(ys))"),
    reduced("tally", "a dict that counts $np|how often each of $np occurs, as a dict", "{y: ys.count(y) for y in ys}", 0.35,
            [(2, "Counter(ys)"), (2, "d = {}\nfor y in ys:\n    d[y] += 1\nreturn d")], "dict((y, ys.count(y)) for y in ys)"),
    reduced("total-length", "the total length of $np", "sum(len(y) for y in ys)", 0.75, [(2, "len(ys)"), (1, "sum(ys)")], "len(''.join(ys))"),
    reduced("distinct", "$np without repeats, in order|$np, each once, in order", "list(dict.fromkeys(ys))", 0.1,
            [(3, "list(set(ys))"), (2, "ys.unique()"), (1, "set(ys)")], "[y for i, y in enumerate(ys) if y not in ys[:i]]", hard=True),
    reduced("longest", "the first longest of $np, or $a if there is none|the first longest of $np. If there is none, return $a", "max(ys, key=len) if ys else $a", 0.1,
            [(3, "max(ys)"), (2, "max(ys, key=len)"), (1, "max(len(y) for y in ys)")], "max(ys, key=len, default=$a)", choices=EMPTY, hard=True),
    reduced("by-length", "$np sorted by length, ties alphabetically|$np, shortest first, ties alphabetically", "sorted(ys, key=lambda y: (len(y), y))", 0.1,
            [(3, "sorted(ys, key=len)"), (2, "ys.sort(key=len)"), (1, "sorted(len(ys))")], "sorted(sorted(ys), key=len)", hard=True),
    reduced("positions", "a dict from each of $np to its first position", "{y: ys.index(y) for y in ys}", 0.1,
            [(3, "{y: i for i, y in enumerate(ys)}"), (2, "{y: ys.find(y) for y in ys}"), (1, "{ys: i for i in ys}")],
            "dict((y, i) for i, y in reversed(list(enumerate(ys))))", hard=True),
)  # fmt: skip
