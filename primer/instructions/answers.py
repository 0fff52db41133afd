"""Short questions about animals, people, food and places, and plain answers to them."""

import random
from collections.abc import Callable
from dataclasses import dataclass

ANIMALS = ("cat", "dog", "cow", "hen", "fox", "owl", "bee", "pig", "goat", "duck")
FRUITS = ("apple", "pear", "plum", "fig", "lemon", "melon", "cherry")
COLOURS = ("red", "blue", "green", "grey", "white", "black", "pink", "brown")
FOODS = ("bread", "milk", "soup", "cake", "rice", "eggs", "tea", "fish")
PLACES = ("house", "garden", "field", "barn", "wood", "yard", "park")
THINGS = ("lamp", "bell", "cup", "box", "hat", "book", "coat", "key")
NAMES = ("Anna", "Ben", "Carl", "Dora", "Emil", "Fay", "Gus", "Hal")
ADJECTIVES = ("small", "big", "old", "warm", "soft", "quick", "loud", "round", "calm", "shy")
ACTS = ("runs", "sleeps", "eats", "sits", "plays", "walks", "hides", "sings")
GREETINGS = ("how are you", "good day to you", "nice to see you", "come in", "welcome home", "what a fine day")
SETS = {"animals": ANIMALS, "fruits": FRUITS, "colours": COLOURS, "foods": FOODS, "places": PLACES, "things": THINGS}
COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question."""

    text: str
    kind: str
    about: str
    """What an answer has to be about: a word that stands in it, or a set of which it has two words."""
    answer: Callable[[random.Random], str]


def listed(words: tuple[str, ...], many: int) -> Callable[[random.Random], str]:
    def answer(rng: random.Random) -> str:
        return ", ".join(rng.sample(words, min(many or rng.choice((2, 2, 3, 3, 4, 5, 6)), len(words))))

    return answer


def one(words: tuple[str, ...]) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(words)


def sentence(*forms: str) -> Callable[[random.Random], str]:
    """One of the forms, with words drawn for what stands in braces; long forms come as often as short ones."""
    drawn = {"adj": ADJECTIVES, "place": PLACES, "thing": THINGS, "food": FOODS + FRUITS, "act": ACTS, "col": COLOURS}

    def answer(rng: random.Random) -> str:
        text = rng.choice(forms)
        for name, words in drawn.items():
            for word in rng.sample(words, len(words)):
                if "{" + name + "}" not in text:
                    break
                text = text.replace("{" + name + "}", word, 1)
        return text

    return answer


def queries() -> tuple[Query, ...]:
    """Every question there is."""
    found: list[Query] = []
    for name, words in SETS.items():
        for lead in (f"Name some {name}.", f"Which {name} do you know?"):
            found.append(Query(text=lead, kind="list", about=name, answer=listed(words, 0)))
        for count, many in COUNTS.items():
            found.append(Query(text=f"Name {count} {name}.", kind="list", about=name, answer=listed(words, many)))
    for animal in ANIMALS:
        found += [
            Query(text=text.replace("$", animal), kind=kind, about=animal, answer=sentence(
                *(form.replace("$", animal) for form in forms)))
            for kind, text, forms in (
                ("like", "What is the $ like?", (
                    "A {adj} $.", "The $ is {adj}.", "The $ is {adj} and {adj}.", "The $ is {col}, {adj} and {adj}.",
                    "The $ is {adj} and lives in the {place}.", "A {col} $ that is {adj} and {adj}.",
                    "The $ is a {adj} and {adj} animal in the {place}.")),
                ("where", "Where is the $?", (
                    "In the {place}.", "The $ is here.", "The $ is in the {place}.", "Look for the $ in the {place}.",
                    "The {adj} $ is in the {place}.", "The $ is in the {place} near the {adj} {thing}.",
                    "In the {adj} {place}, where the $ {act}.")),
                ("does", "What does the $ do?", (
                    "The $ {act}.", "It {act} and {act}, the $.", "The $ {act} in the {place}.",
                    "The {adj} $ {act} and {act}.", "The $ {act} in the {place} and {act}.",
                    "Now the $ {act}, and then it {act} in the {place}.")),
            )
        ]  # fmt: skip
    for name in NAMES:
        found += [
            Query(text=f"What does {name} like?", kind="likes", about=name, answer=sentence(
                f"{name} likes {{food}}.", f"{name} likes {{food}} and {{food}}.",
                f"{name} likes {{food}}, {{food}} and {{food}}.", f"{name} likes the {{adj}} {{thing}} and {{food}}.",
                f"Most of all {name} likes {{food}} with {{food}}.", f"{{food}}, {name} says.")),
            Query(text=f"What has {name} got?", kind="has", about=name, answer=sentence(
                f"{name} has a {{thing}}.", f"{name} has a {{col}} {{thing}}.",
                f"{name} has a {{thing}} and a {{thing}}.", f"{name} has a {{adj}}, {{col}} {{thing}}.",
                f"{name} has a {{col}} {{thing}} and a {{adj}} {{thing}} in the {{place}}.")),
            Query(text=f"Say hello to {name}.", kind="hello", about=name, answer=greeting(name)),
        ]  # fmt: skip
    for place in PLACES:
        found.append(Query(text=f"What is in the {place}?", kind="in", about=place, answer=sentence(
            f"A {{thing}} is in the {place}.", f"The {place} has a {{thing}} and a {{thing}}.",
            f"In the {place} there is a {{adj}} {{thing}}.", f"A {place} with a {{col}} {{thing}}.",
            f"The {{adj}} {place} has a {{thing}}, a {{thing}} and a {{col}} {{thing}}.")))  # fmt: skip
    return tuple(found)


def greeting(name: str) -> Callable[[random.Random], str]:
    def answer(rng: random.Random) -> str:
        form = rng.choice(
            ("Hello {n}.", "Hello {n}, {g}.", "Good day, {n}, {g}.", "Hello {n}, {g} and {h}.", "Hi {n}.")
        )
        return (
            form.replace("{n}", name)
            .replace("{g}", rng.choice(GREETINGS[:3]))
            .replace("{h}", rng.choice(GREETINGS[3:]))
        )

    return answer


def on_topic(query: Query, answer: str) -> bool:
    """Whether an answer is about what was asked, in whatever case and layout."""
    told = answer.lower()
    if query.about in SETS:
        return sum(word in told for word in SETS[query.about]) >= 2
    return query.about.lower() in told
