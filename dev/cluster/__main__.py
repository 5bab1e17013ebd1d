"""`python3 dev/cluster …`: puts the package on the path, so that no installation is needed."""

import sys
from pathlib import Path


# Python puts this very folder first; its modules belong to the package `cluster`, one floor up.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from cluster import commands  # noqa: E402 - the path must be right first


sys.exit(commands.main(sys.argv[1:]))
