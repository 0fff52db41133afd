"""A program's scratch folder, made empty for the next one whatever it was left like."""

import itertools
import os
import stat


def empty(folder: str) -> None:
    """Removes everything in the folder, without following links, however deep it is nested or closed to its owner."""
    os.chmod(folder, 0o700)
    todo = os.listdir(folder)
    names = itertools.count()
    while todo:
        path = f"{folder}/{todo.pop()}"
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            continue
        os.chmod(path, 0o700)
        for name in os.listdir(path):
            inner = f"{path}/{name}"
            if stat.S_ISDIR(os.lstat(inner).st_mode):
                os.chmod(inner, 0o700)
                free = next(f".{n}" for n in names if not os.path.lexists(f"{folder}/.{n}"))
                os.rename(inner, f"{folder}/{free}")
                todo.append(free)
            else:
                os.unlink(inner)
        os.rmdir(path)
    os.utime(folder, (0, 0))
