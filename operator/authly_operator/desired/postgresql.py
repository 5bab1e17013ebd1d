"""How PostgreSQL is started, probed, and given its superuser's password."""

from collections.abc import Mapping
from typing import Final

from authly_operator.material import database_url


PARAMETERS: Final = {
    "checkpoint_completion_target": "0.9",
    "default_statistics_target": "100",
    "effective_cache_size": "384MB",
    "effective_io_concurrency": "200",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
    "random_page_cost": "1.1",
    "shared_buffers": "128MB",
    "wal_buffers": "4MB",
    "work_mem": "4MB",
}
"""What the deployment guide tunes, sized for an instance of 512 MiB."""

_ASK: Final = f"pg_isready -q -t 3 -h 127.0.0.1 -U {database_url.MANAGED_OWNER}"
IS_READY: Final = f"exec {_ASK}"
"""By TCP: while the image initialises the database, it listens on the socket alone."""
IS_ALIVE: Final = f"{_ASK}; [ $? -le 1 ]"
"""pg_isready's 1 is a server that refuses for now, since it recovers or stops: it is alive."""

_HOOK: Final = """\
while :; do
  psql -X -q -v ON_ERROR_STOP=1 -U postgres -d postgres > /dev/null 2>&1 <<'SQL' && exit 0
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
{statements}
SQL
  [ $? -eq 2 ] || exit 0
  sleep 1
done
"""


def hook(*statements: str) -> str:
    """A script that has the superuser run lines of psql, over the socket, which asks for nothing.

    psql's 2 is "cannot connect yet"; any other failure is left to those who will be refused, since
    a failed hook would kill the database. What it says is in no process's arguments and in no log.
    """
    return _HOOK.format(statements="\n".join(statements))


PASSWORD: Final = (
    r"\getenv password POSTGRES_PASSWORD",
    "ALTER ROLE postgres PASSWORD :'password';",
)
"""Sets the password that the environment holds.

So the database follows the credentials Secret, even one that was lost and drawn again.
"""
SET_PASSWORD: Final = hook(*PASSWORD)


def arguments(parameters: Mapping[str, str]) -> list[str]:
    """The container's arguments: ours and the spec's parameters, whose `$` Kubernetes leaves be."""
    settings = sorted({**PARAMETERS, **parameters}.items())
    flags = [f"{name}={value}".replace("$", "$$") for name, value in settings]
    return ["postgres", *(part for flag in flags for part in ("-c", flag))]
