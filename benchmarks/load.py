"""Verdicts of recorded programs on an idle machine and beside busy loops: they must not differ.

    python benchmarks/load.py [--data DIR] [--programs 2000] [--loops 8] [--seconds 3]

Every eighth of CodeT's samples, judged twice; all fields of the verdicts are compared, texts included.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from agreement import codet
from recorded import DATA

from errata.judges import Judging, judge
from errata.types import Owed, Timed, Verdict


def verdicts(data: Path, count: int, seconds: float) -> dict[str, Verdict]:
    programs = list(codet(data))[:: max(1, 16_400 // count)][:count]
    tasks = {item.task.id: item.task for item in programs}
    made: dict[str, Verdict] = {}
    began = time.monotonic()
    for item in judge(tasks.values(), Judging(seconds=seconds))(item.sample for item in programs):
        if isinstance(item, Owed):
            sys.exit(f"{item.id} is owed: {item.reason}")
        assert isinstance(item, Timed)
        made[item.record.id] = item.record
    print(f"  {len(made):,} programs in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of recorded data")
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--loops", type=int, default=8, help="busy loops beside the second run")
    parser.add_argument("--seconds", type=float, default=3.0, help="the time limit")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"{args.data}: the recorded data is not here", file=sys.stderr)
        return 2
    idle = verdicts(args.data, args.programs, args.seconds)
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(args.loops)]
    try:
        busy = verdicts(args.data, args.programs, args.seconds)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    differing = [name for name in idle if idle[name] != busy[name]]
    for name in differing:
        print(f"  {name}: idle {idle[name].outcome}, busy {busy[name].outcome}")
        print(f"    {idle[name].detail[-150:]!r}\n    {busy[name].detail[-150:]!r}")
    print(f"{len(idle):,} verdicts, {args.loops} busy loops: {len(differing)} differ (target: 0)")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
