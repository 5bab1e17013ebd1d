"""`python3 dev/demo …`: puts the packages on the path, so that no installation is needed."""

import sys
from pathlib import Path


# Python puts this very folder first; its modules belong to the package `demo`, one floor up.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from demo import commands  # noqa: E402 - the path must be right first


sys.exit(commands.main(sys.argv[1:]))
