"""A run of one stage that asks a server, to be killed: `python server_client.py URL FOLDER DRAWS {go,stop}`.

With `stop` it kills itself once all replies are kept, before the first record is written.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from errata.policies import Sampling, Serving, serve
from errata.runs import Run
from errata.types import Owed, Prompt, Sample, Timed


def main(url: str, folder: Path, draws: int, mode: str) -> None:
    cache = os.environ.get("SHARED", "")
    serving = Serving(concurrency=8, pause=0.01, cache=cache)
    run = Run.open(folder, serving, {})
    prompts = [Prompt(id=f"t/{i}#0", task=f"t/{i}", text=f"text {i}") for i in range(draws)]
    with serve("m", f"server:{url}", server=serving, folder=run.path) as policy:
        stage = policy.sample(Sampling())

        def stopping(asked: Iterable[Prompt]) -> Iterator[Timed[Sample] | Owed]:
            answers = stage(asked)
            next(iter(answers))
            while (folder / "reply.jsonl").read_bytes().count(b"\n") < draws:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
            yield from ()

        print("ready", flush=True)
        run.map(Sample, stopping if mode == "stop" else stage, prompts)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
