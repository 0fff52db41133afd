"""`errata` and `python -m errata`: the front door, and what is said where Ctrl-C comes while it still opens."""

import sys


def main() -> None:
    """Run one command; its modules are loaded here, which takes a second in which nothing is begun."""
    try:
        from errata.cli import main as command
    except KeyboardInterrupt:
        print("errata: stopped before anything was begun", file=sys.stderr)
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
