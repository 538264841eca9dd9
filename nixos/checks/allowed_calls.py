"""allowed_calls.py UNIT: the system calls that a unit's SystemCallFilter allows, one a line, by this machine's systemd."""

import re
import subprocess
import sys


def read_sets() -> dict[str, list[str]]:
    """The groups of systemd, each with its calls and the groups inside of it."""
    said = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    sets: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines():
        word = line.strip()
        if line.startswith("@"):
            current = sets.setdefault(word, [])
        elif word and not word.startswith("#") and current is not None:
            current.append(word)
    return sets


def main() -> None:
    sets = read_sets()

    def calls(word: str) -> set[str]:
        if not word.startswith("@"):
            return {word}
        return set().union(*(calls(inner) for inner in sets[word]), set())

    # What every service may do, whatever its filter says.
    allowed = calls("@default")
    with open(sys.argv[1], encoding="utf-8") as unit:
        lines = [line.strip() for line in unit if line.startswith("SystemCallFilter=")]
    for line in lines:
        words = line.removeprefix("SystemCallFilter=")
        change = set().union(*(calls(word) for word in words.removeprefix("~").split()))
        allowed = allowed - change if words.startswith("~") else allowed | change
    print("\n".join(sorted(allowed)))


main()
