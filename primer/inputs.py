"""Arguments for tests: small, and near the places where misconceptions show."""

import random

WORDS = """
a I an at to on Sam toy tea sea rat area noon level Anna eve Otto kayak book Apple Tree letter sun moon
star Rose east Oat tall see boss note root error Ada street orange Eat Sat Ice sort era ate Ear too
"""
VOCABULARY = tuple(WORDS.split())


def numbers(rng: random.Random) -> list[int]:
    """Up to six numbers with repeats, zeros and negatives."""
    length = rng.choice((0, 1, 2, 3, 3, 4, 4, 5, 6))
    xs = [
        rng.choice((0, rng.randint(-6, 9), rng.randint(-6, 9), rng.randint(-30, 30), rng.randint(1, 20)))
        for _ in range(length)
    ]
    if len(xs) > 2 and rng.random() < 0.4:
        xs[-1] = xs[0]
    return xs


def whole(rng: random.Random) -> int:
    """A number of up to five digits, often with zeros and repeats."""
    return int("".join(rng.choice("0123456789" + "0344") for _ in range(rng.randint(1, 5))))


def divisible(rng: random.Random) -> int:
    """A number with a few divisors."""
    return rng.choice((1, 2, 4, 6, 8, 9, 12, 16, 18, 20, 24, 25, 28, 30, 36, 42, 45, rng.randint(1, 50)))


def bound(rng: random.Random) -> int:
    """A short way to count."""
    return rng.choice((0, 1, 2, *range(3, 19)))


def words(rng: random.Random) -> list[str]:
    """Up to five words."""
    ws = [rng.choice(VOCABULARY) for _ in range(rng.choice((0, 1, 2, 3, 3, 4, 4, 5)))]
    if len(ws) > 2 and rng.random() < 0.4:
        ws[-1] = ws[0]
    return ws


def sentence(rng: random.Random) -> str:
    """Up to five words with a space between them."""
    return " ".join(words(rng))


def text(rng: random.Random) -> str:
    """A few letters, digits and spaces."""
    length = rng.choice((0, 1, 3, 4, 5, 6, 7, 8))
    return "".join(
        rng.choice(("aeiou", "AEIOU", "bmnrstz", "BMNRST", "0123456", " ", "-")[rng.randrange(7)])
        for _ in range(length)
    )


def table(rng: random.Random) -> dict[str, int]:
    """Up to four entries."""
    keys = rng.sample(VOCABULARY, rng.choice((0, 1, 2, 3, 3, 4)))
    return dict(zip(keys, [*numbers(rng), *(rng.randint(-9, 40) for _ in keys)], strict=False))
