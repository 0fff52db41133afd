"""What can be asked of an answer: how it is worded, how it is followed, and the program that tells whether it was."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from answers import ADJECTIVES, ANIMALS, COLOURS, FOODS, FRUITS, NAMES, PLACES, THINGS

HEAD = "import re\n\ndef evaluate(response):\n    text = response.strip()\n    if not text:\n        return False\n"
WORDS = r"re.findall(r'[A-Za-z0-9]+', text)"
Follow = Callable[[str, str, random.Random], str]


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of instruction; `{}` stands for its parameter."""

    name: str
    phrases: tuple[str, ...]
    test: str
    """The body of a verifier behind HEAD; `{!r}` stands for the parameter."""
    parameters: tuple[str, ...] = ("",)
    held: tuple[str, ...] = ()
    """Parameters that only held-out instructions have."""
    read: tuple[str, ...] = ()
    """More parameters, so many that they have to be copied from the instruction: in what the base reads and in what the
    recorded supervisor writes, in no held-out task."""
    follow: Follow | None = None
    """How an answer is made to follow: (answer, parameter, rng); none where another answer has to be drawn."""
    stage: int = 0
    """What follows is done in this order: words, then marks and layout, then case."""
    held_out: bool = False
    """Only held-out instructions are of this kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An instruction, in words and as a program."""

    kind: Kind
    parameter: str
    phrase: int

    @property
    def text(self) -> str:
        return self.kind.phrases[self.phrase].replace("{}", self.parameter)

    @property
    def verifier(self) -> str:
        return HEAD + "".join(
            f"    {line}\n" for line in self.kind.test.replace("{}", repr(self.parameter)).split("\n")
        )


def bare(text: str) -> str:
    """The answer without the full stop at its end."""
    return text.rstrip(" .")


def upper(text: str, _: str, __: random.Random) -> str:
    return text.upper()


def lower(text: str, _: str, __: random.Random) -> str:
    return text.lower()


def titled(text: str, _: str, __: random.Random) -> str:
    return re.sub(r"[A-Za-z]+", lambda word: word[0].capitalize(), text)


def first(text: str, word: str, _: random.Random) -> str:
    return f"{word}, {text}"


def last(text: str, word: str, _: random.Random) -> str:
    return f"{bare(text)}, {word}."


def including(text: str, word: str, rng: random.Random) -> str:
    """The word among the items of a list, or with a preposition at the end of a sentence."""
    if text[:1].islower() and ", " in text:
        items = text.split(", ")
        items.insert(rng.randrange(len(items) + 1), word)
        return ", ".join(items)
    return f"{bare(text)} {rng.choice(('by the', 'with the', 'near the'))} {word}."


def numbered(text: str, number: str, rng: random.Random) -> str:
    return f"{number}: {text}" if rng.random() < 0.5 else f"{bare(text)}, {number} in all."


def uncomma(text: str, _: str, __: random.Random) -> str:
    return text.replace(",", "")


def wrapped(text: str, marks: str, _: random.Random) -> str:
    return marks[0] + text + marks[-1]


def marked(text: str, mark: str, _: random.Random) -> str:
    return bare(text) + mark


def lines(text: str, _: str, __: random.Random) -> str:
    return "\n".join(text.split())


def joined(text: str, mark: str, _: random.Random) -> str:
    return mark.join(words(text))


def tight(text: str, _: str, __: random.Random) -> str:
    return text.replace(" ", "")


def twice(text: str, _: str, __: random.Random) -> str:
    return f"{text} {text}"


def signed(text: str, name: str, _: random.Random) -> str:
    return f"{text} {name}"


MANY = (
    *ANIMALS, *FRUITS, *COLOURS, *FOODS, *PLACES, *THINGS, *ADJECTIVES,
    "sun", "rain", "wind", "lake", "hill", "road", "tree", "leaf", "door", "wall", "fire", "snake", "wolf", "queen",
    "farm", "train", "boat", "sea", "sand", "gold", "night", "day", "winter", "summer", "song", "game", "ball", "hand",
    "please", "hello", "maybe", "first", "last", "later", "always", "never", "still", "soon", "sorry", "hey", "ah",
    "then", "there", "too", "ever", "home", "out", "up", "down", "no", "right", "fine", "good", "dear", "both",
)  # fmt: skip
"""Words that the base is told to use."""
COUNT = f"count = len({WORDS})\n"
KINDS = (
    Kind(
        name="capitals",
        phrases=("Answer in capital letters.", "Use only capital letters.", "Write all of it in upper case."),
        test="return text.upper() == text and any(letter.isalpha() for letter in text)",
        follow=upper,
        stage=9,
    ),
    Kind(
        name="small",
        phrases=("Answer in small letters.", "Use only small letters.", "Write all of it in lower case."),
        test="return text.lower() == text and any(letter.isalpha() for letter in text)",
        follow=lower,
        stage=9,
        held_out=True,
    ),
    Kind(
        name="titled",
        phrases=("Begin each word with a capital.", "Give every word a capital letter first."),
        test="found = re.findall(r'[A-Za-z]+', text)\nreturn bool(found) and all(word[0].isupper() for word in found)",
        follow=titled,
        stage=8,
        held_out=True,
    ),
    Kind(
        name="first",
        phrases=("Begin with the word '{}'.", "Let the first word be '{}'.", "Start with '{}'."),
        parameters=("well", "now", "yes", "look", "here", "oh"),
        held=("so", "listen"),
        read=MANY,
        test=f"return {WORDS}[:1] != [] and {WORDS}[0].lower() == {{}}",
        follow=first,
        stage=3,
    ),
    Kind(
        name="last",
        phrases=("End with the word '{}'.", "Let the last word be '{}'.", "Finish with '{}'."),
        parameters=("done", "bye", "thanks", "over", "friend", "today"),
        held=("amen", "again"),
        read=MANY,
        test=f"return {WORDS}[-1:] != [] and {WORDS}[-1].lower() == {{}}",
        follow=last,
        stage=3,
    ),
    Kind(
        name="exactly",
        phrases=("Use exactly {} words.", "Answer in {} words.", "Write {} words, no more and no less."),
        parameters=("3", "4", "6", "8"),
        held=("5", "7"),
        read=("2", "9", "10"),
        test=COUNT + "return count == int({})",
    ),
    Kind(
        name="most",
        phrases=("Use at most {} words.", "Write no more than {} words."),
        parameters=("2", "3", "5"),
        held=("4",),
        read=("6",),
        test=COUNT + "return 0 < count <= int({})",
    ),
    Kind(
        name="least",
        phrases=("Use at least {} words.", "Write no fewer than {} words."),
        parameters=("6", "7", "8", "9"),
        read=("2", "3", "4", "5", "10"),
        test=COUNT + "return count >= int({})",
        held_out=True,
    ),
    Kind(
        name="letter",
        phrases=("Do not use the letter '{}'.", "Leave out the letter '{}'."),
        parameters=("e", "s", "r", "l", "t"),
        held=("n", "i"),
        read=tuple("abcdfghkmopuwy"),
        test="return {} not in text.lower()",
    ),
    Kind(
        name="without",
        phrases=("Do not use the word '{}'.", "Leave out the word '{}'."),
        parameters=("the", "and", "red", "cat"),
        held=("is", "a"),
        read=MANY,
        test=f"return {{}} not in [word.lower() for word in {WORDS}]",
    ),
    Kind(
        name="with",
        phrases=("Use the word '{}'.", "Let the word '{}' be in it."),
        parameters=("moon", "river", "stone", "cloud", "king", "ship"),
        held=("star", "snow"),
        read=MANY,
        test=f"return {{}} in [word.lower() for word in {WORDS}]",
        follow=including,
        stage=1,
    ),
    Kind(
        name="number",
        phrases=("Use the number {}.", "Let the number {} be in it."),
        parameters=("2", "5", "7", "9", "12"),
        read=tuple(str(number) for number in range(1, 40)),
        test="return {} in re.findall(r'[0-9]+', text)",
        follow=numbered,
        stage=2,
        held_out=True,
    ),
    Kind(
        name="commas",
        phrases=("Do not use commas.", "Leave out all commas."),
        test="return ',' not in text",
        follow=uncomma,
        stage=4,
    ),
    Kind(
        name="wrapped",
        phrases=("Put the answer between {}.", "Put {} around it."),
        parameters=("[ and ]", "* and *", '" and "', "< and >"),
        held=("( and )", "# and #"),
        read=("{ and }", "_ and _", "~ and ~", "| and |", "= and =", "/ and /", "+ and +", "- and -", "! and !"),
        test="first, last = {}[0], {}[-1]\nreturn len(text) > 2 and text[0] == first and text[-1] == last",
        follow=wrapped,
        stage=7,
    ),
    Kind(
        name="mark",
        phrases=("End with '{}'.", "Put '{}' at the end."),
        parameters=("!", "?", ";"),
        held=(":", "..."),
        read=(",", "-", "*", "~", "=", "!!", "/", ")", "_"),
        test="return text.endswith({})",
        follow=marked,
        stage=6,
    ),
    Kind(
        name="lines",
        phrases=("Put each word on a line of its own.", "Write one word a line."),
        test="found = text.split('\\n')\nreturn len(found) > 1 and all(len(line.split()) == 1 for line in found)",
        follow=lines,
        stage=7,
    ),
    Kind(
        name="joined",
        phrases=("Put '{}' between the words.", "Join the words with '{}'."),
        parameters=("-", "/"),
        held=("+",),
        read=("_", "*", "=", "~", ":", ";", "|", "&", "#", "!"),
        test="found = text.rstrip('.').split({})\nreturn len(found) > 1 and all(word.isalnum() for word in found)",
        follow=joined,
        stage=5,
    ),
    Kind(
        name="tight",
        phrases=("Do not use spaces.", "Leave out all spaces."),
        test="return re.search(r'\\s', text) is None",
        follow=tight,
        stage=7,
        held_out=True,
    ),
    Kind(
        name="twice",
        phrases=("Say it twice.", "Write the answer two times."),
        test="half = len(text) // 2\nreturn len(text) > 3 and text[:half].strip() == text[half:].strip()",
        follow=twice,
        stage=6,
        held_out=True,
    ),
    Kind(
        name="signed",
        phrases=("Sign it with the name {}.", "Put your name, {}, at the end."),
        parameters=("Ida", "Max", "Tom", "Eva"),
        read=(*NAMES, "Lea", "Jan", "Kim", "Ole", "Pia", "Rex", "Sam", "Una"),
        test=f"return {WORDS}[-1:] == [{{}}]",
        follow=signed,
        stage=6,
        held_out=True,
    ),
)  # fmt: skip
NAMED = {kind.name: kind for kind in KINDS}


def followed(instruction: Instruction, answer: str) -> bool:
    """Whether an answer of the generator's own follows, by the verifier's own words."""
    return compiled(instruction.verifier)(answer)


_COMPILED: dict[str, Callable[[str], bool]] = {}


def compiled(source: str) -> Callable[[str], bool]:
    if source not in _COMPILED:
        names: dict[str, Callable[[str], bool]] = {}
        exec(source, names)
        _COMPILED[source] = names["evaluate"]
    return _COMPILED[source]
