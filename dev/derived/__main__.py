"""`python dev/derived [--check]`: write what is derived from the program, or say what is stale."""

import argparse
import sys
from pathlib import Path


# `python dev/derived` puts this directory first: the package is one above, the server beside it.
_DEV = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(_DEV), str(_DEV.parent / "server")]

from derived import files  # noqa: E402 - the path must be right first


def main(arguments: list[str]) -> int:
    """Write the files, or with --check return 1 where one is stale."""
    parser = argparse.ArgumentParser(prog="python dev/derived", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where stale")
    check = parser.parse_args(arguments).check
    stale = files.stale()
    for path, text in stale.items():
        sys.stderr.write(f"{path}: {'stale; run python dev/derived' if check else 'written'}\n")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
