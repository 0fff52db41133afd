"""The judge's hold on one zygote: a process for one program after the other.

A Worker belongs to one thread. Its zygote is started when it is first needed and replaced when it has served `RECYCLE`
programs or is in doubt. Whatever goes wrong on this side is a `Fault`, after which the same Worker may be used again.
"""

from errata.errors import Fault
from errata.sandbox.child import Child
from errata.sandbox.held import Refused, Seed, Zygote
from errata.sandbox.limits import Limits
from errata.sandbox.places import python
from errata.sandbox.tiers import first

__all__ = ["Child", "Worker"]

RECYCLE = 2000
"""Programs that one zygote serves."""


class Worker:
    """One zygote at a time."""

    def __init__(
        self, tier: int | None = None, unsafe: bool = False, environment: str = "", seed: Seed | None = None
    ) -> None:
        """tier: 1 or 2 to force it; none: the best there is. unsafe: run programs even where nothing holds them.

        environment: the Python environment whose packages programs may use; empty: the one that runs this.
        seed: of that environment, and another's; none: this Worker starts its own.
        """
        self.tier, self.unsafe, self.environment = tier, unsafe, environment
        self._given = seed
        self._own: Seed | None = None
        self.retired = False
        """True once the owner wants no more programs run."""
        self.zygote: Zygote | None = None

    def start(self, job: bytes, limits: Limits, stdin: bytes = b"") -> Child:
        """Forks a process for one program, in which `candidate.serve(channel, job)` runs. Raises Fault."""
        if self.retired:
            raise Fault("sandbox: this worker is closed")
        zygote = self.zygote
        if zygote is not None and (zygote.served >= RECYCLE or zygote.mib != limits.file_mib or not zygote.alive):
            zygote.close()
            zygote = None
        if zygote is None:
            zygote = self.zygote = self._launch(limits.file_mib)
        zygote.served += 1
        return Child(zygote, job, limits, stdin)

    def _launch(self, mib: int) -> Zygote:
        seed = self._seed()
        self.tier, zygote = first(self.tier, self.unsafe, seed)
        if zygote is not None and zygote.mib != mib:
            zygote.close()
            zygote = None
        try:
            zygote = zygote or Zygote(self.tier, seed, mib)
        except Refused as refused:
            raise Fault(f"sandbox: tier {self.tier} was refused, though it could be had before: {refused}") from refused
        # The first program finds other free memory than all later ones, hence other addresses; let it be nobody's.
        Child(zygote, b"", Limits(file_mib=mib), b"").finish(kill=True)
        return zygote

    def _seed(self) -> Seed:
        if self._given is not None:
            return self._given
        if self._own is None or not self._own.alive:
            from errata.sandbox.launch import sow

            self._own = sow(python(self.environment))
        return self._own

    def retire(self) -> None:
        """From any thread: ends the running program and refuses others; its owner's call raises Fault."""
        self.retired = True
        if self.zygote is not None:
            self.zygote.process.kill()

    def discard(self) -> None:
        """Ends the zygote at once, with all that runs under it."""
        if self.zygote is not None:
            self.zygote.kill()

    def close(self) -> None:
        """Ends the zygote; the Worker may be used again."""
        if self.zygote is not None:
            self.zygote.close()
        if self._own is not None:
            self._own.close()
