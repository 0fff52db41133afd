"""How many requests a second the server policy makes, against a scripted server in a process of its own.

    python benchmarks/server.py [--requests 2000] [--at-once 32 128]

Prints, for several bounds on requests at once: replies a second and CPU time a reply in this process, cold (asked) and
warm (found in reply.jsonl); and the same for a bare client that does no more than send and read.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from errata.policies import Sampling, Serving, serve
from errata.types import Prompt

ROOT = Path(__file__).parent.parent
FAKE = (
    "import sys; sys.path.insert(0, sys.argv[1])\n"
    "from fake_server import Fake\n"
    "with Fake() as fake:\n    print(fake.url, flush=True); sys.stdin.read()\n"
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--requests", type=int, default=2000)
    asked.add_argument("--at-once", type=int, nargs="*", default=[1, 8, 32, 128, 256])
    settings = asked.parse_args()
    words = [sys.executable, "-c", FAKE, str(ROOT / "tests")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout is not None
        assert fake.stdin is not None
        url = fake.stdout.readline().strip()
        print(f"{'at once':>8} {'':8} {'replies/s':>10} {'CPU ms each':>12}")
        for at_once in settings.at_once:
            with tempfile.TemporaryDirectory() as folder:
                for name in ("cold", "warm"):
                    tell(at_once, name, settings.requests, policy(url, settings.requests, at_once, Path(folder)))
            tell(at_once, "bare", settings.requests, bare(url, settings.requests, at_once))
        fake.stdin.close()


def tell(at_once: int, name: str, count: int, took: tuple[float, float]) -> None:
    wall, cpu = took
    print(f"{at_once:8} {name:8} {count / wall:10,.0f} {1000 * cpu / count:12.3f}", flush=True)


def policy(url: str, count: int, at_once: int, folder: Path) -> tuple[float, float]:
    """Seconds and seconds of CPU for so many draws through the policy."""
    prompts = [Prompt(id=f"t/{at}#0", task=f"t/{at}", text=f"{at}: {'word ' * 60}") for at in range(count)]
    began, cpu = time.perf_counter(), time.process_time()
    with serve("m", f"server:{url}", server=Serving(concurrency=at_once), folder=folder) as asked:
        assert sum(1 for _ in asked.sample(Sampling())(prompts)) == count
    return time.perf_counter() - began, time.process_time() - cpu


def bare(url: str, count: int, at_once: int) -> tuple[float, float]:
    """The same requests by the HTTP library alone, one client for all, as its documentation has it."""
    import httpx2

    async def work() -> None:
        limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        async with httpx2.AsyncClient(limits=limits, timeout=None, verify=False, trust_env=False) as client:
            left = iter(range(count))

            async def worker() -> None:
                for at in left:
                    body = {"model": "m", "prompt": f"{at}: {'word ' * 60}", "max_tokens": 512, "seed": at}
                    answer = await client.post(f"{url}/completions", json=body)
                    json.loads(answer.content)

            await asyncio.gather(*(worker() for _ in range(at_once)))

    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(work())
    return time.perf_counter() - began, time.process_time() - cpu


if __name__ == "__main__":
    main()
