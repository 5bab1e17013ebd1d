"""`authly-operator`: all settings by environment.

Exit codes: 0 asked to stop, 1 lost the Lease or the API server, 2 a wrong setting (one line each).
"""

import argparse
import os
import sys
from collections.abc import Sequence

import uvloop

from authly_operator import main as program, settings as configuration
from authly_operator.cluster import errors


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the operator and answer its exit code."""
    parser = argparse.ArgumentParser(prog="authly-operator", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check-config", action="store_true", help="check the settings and end: 0 or 2"
    )
    chosen = parser.parse_args(arguments)
    try:
        settings = configuration.load(os.environ)
    except configuration.SettingsError as error:
        sys.stderr.writelines(f"{line}\n" for line in error.lines)
        return 2
    if chosen.check_config:
        return 0
    try:
        return uvloop.run(program.run(settings))
    except (errors.Unconfigured, OSError) as error:
        sys.stderr.write(f"authly-operator: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
