"""Questions that the tests will ask: most went with the program, answers are read as they come."""

from collections.abc import Callable, Sequence

from errata.outcomes import Outcome as Word
from errata.sandbox.order import Asked
from errata.sandbox.protocol import Json


class Over(BaseException):
    """The program can be asked no more, or must not be."""

    def __init__(self, outcome: Word) -> None:
        super().__init__(outcome)
        self.outcome: Word = outcome


class Diverged(BaseException):
    """The tests ask otherwise than was planned: what the program has done by now is not what they want of it."""


class Ahead:
    """Answers numbered from 1, as the questions are."""

    def __init__(
        self,
        asked: Sequence[Asked],
        sent: int,
        target: int,
        send: Callable[[Json], None],
        receive: Callable[[], list[Json]],
    ) -> None:
        """sent: how many of them have gone. target: the key of the handle that they call."""
        self.asked, self.sent, self.target = asked, sent, target
        self._send, self._receive = send, receive
        self.used = 0
        """Questions that the tests have come to."""
        self.diverged = False
        self._answers: list[list[Json]] = []
        self._silence: Word | None = None

    def due(self, operation: str, called: int | None, given: tuple[object, ...], named: bool) -> bool:
        """Whether this question is the next that was sent ahead; false when there are none left. Raises Diverged."""
        if self.used == len(self.asked):
            return False
        if operation != "call" or called != self.target or named or not self.asked[self.used].given_as(given):
            self.diverged = True
            raise Diverged
        self.used += 1
        return True

    def answer(self, number: int) -> list[Json]:
        """Raises Over where the program has fallen silent before it."""
        while len(self._answers) < number:
            if self._silence is not None:
                raise Over(self._silence)
            try:
                if len(self._answers) == self.sent:
                    self.sent += 1
                    target: Json = {"t": "handle", "v": self.target}
                    self._send([self.sent, "call", [target, *self.asked[self.sent - 1].arguments()], {}])
                self._answers.append(self._receive())
            except Over as over:
                self._silence = over.outcome
                raise
        return self._answers[number - 1]
