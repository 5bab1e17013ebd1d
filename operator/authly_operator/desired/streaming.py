"""How a primary lets replicas stream from it, and how a replica follows: settings and scripts.

No replication slot: what a replica needs is kept for as long as wal_keep_size says, so that one
that is gone fills no disk of the primary. One that comes back too late copies everything anew.
"""

from typing import Final

from authly_operator.desired import postgresql
from authly_operator.material import database_url, replication


PASSWORD_VARIABLE: Final = "REPLICATION_PASSWORD"  # noqa: S105 - the name of a variable
PRIMARY: Final = {"wal_keep_size": "512MB"}
"""What the primary keeps for replicas that are away for a moment."""
STANDBY: Final = {
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "max_standby_streaming_delay": "15min",
}
"""A dump is not cut off by what VACUUM removes meanwhile, and holds the replica up so long at most
where it is in the way of a migration."""

_ROLE: Final = replication.ROLE
_RULE: Final = f"host replication {_ROLE} all scram-sha-256"
_ROLE_OF_REPLICAS: Final = (
    rf"\getenv password {PASSWORD_VARIABLE}",
    f"SELECT 'CREATE ROLE {_ROLE}' WHERE NOT EXISTS"  # noqa: S608 - a name of ours
    f" (SELECT FROM pg_roles WHERE rolname = '{_ROLE}') \\gexec",
    f"ALTER ROLE {_ROLE} LOGIN REPLICATION PASSWORD :'password';",
    f"GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {_ROLE};",
)
ADMIT: Final = f"""\
(
{postgresql.hook(*postgresql.PASSWORD, *_ROLE_OF_REPLICAS)})
grep -qxF '{_RULE}' "$PGDATA/pg_hba.conf" || printf '%s\\n' '{_RULE}' >> "$PGDATA/pg_hba.conf"
{postgresql.hook("SELECT pg_reload_conf();")}"""
"""What SET_PASSWORD does, and the replicas' role, which may stream and read which WAL there is.

"All" databases of pg_hba.conf are not those of a stream, which is of none: it needs a rule.
"""

FOLLOW: Final = """\
set -eu
umask 077
if [ -e "$PGDATA.lost" ] || ! [ -e "$PGDATA/standby.signal" ]; then
  rm -rf "$PGDATA" "$PGDATA.partial"
  mkdir "$PGDATA.partial"
  left=30
  trap 'kill $! 2> /dev/null; exit 143' INT TERM
  until
    pg_basebackup -d "$PRIMARY" -D "$PGDATA.partial" -X stream -c fast --no-password & wait $!
  do
    left=$((left - 1))
    [ "$left" -gt 0 ] || exit 1
    sleep 2
  done
  trap - INT TERM
  touch "$PGDATA.partial/standby.signal"
  mv -T "$PGDATA.partial" "$PGDATA"
  rm -f "$PGDATA.lost"
fi
exec docker-entrypoint.sh "$@"
"""
"""Copies the primary where there is no copy of it, or a lost one, and then follows it.

A copy is one only when all of it is there: whoever is killed half-way begins anew. The shell waits
for a child in the background, since it hears of no signal before one in the foreground has ended.
"""

_LOCAL: Final = "timeout 3 psql -X -A -t -q -F ' ' -U postgres -d postgres"
_REMOTE: Final = 'timeout 5 psql -X -A -t -q -d "$PRIMARY dbname=postgres"'
HAS_STARTED: Final = f"""\
[ -e "$PGDATA.partial" ] && exit 0
{postgresql.IS_ALIVE}"""
"""A copy takes as long as it takes."""
IS_ALIVE: Final = f"""\
{HAS_STARTED} || exit 1
set -- $({_LOCAL} <<'SQL'
SELECT system_identifier, pg_last_wal_receive_lsn() FROM pg_control_system()
WHERE pg_last_wal_receive_lsn() IS NOT NULL
AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming');
SQL
)
[ $# -eq 2 ] || exit 0
lost=$({_REMOTE} -v ON_ERROR_STOP=1 -v system="$1" -v at="$2" <<'SQL'
SELECT system_identifier <> :'system' OR :'at'::pg_lsn > pg_current_wal_flush_lsn()
OR pg_walfile_name(:'at'::pg_lsn + 1) < (
  SELECT min(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{{24}}$'
) FROM pg_control_system();
SQL
) || exit 0
[ "$lost" = t ] || exit 0
touch "$PGDATA.lost"
exit 1
"""  # noqa: S608 - a script
"""Fails where PostgreSQL does not answer, and where it will never stream again.

The latter is so when the primary is another database, is behind, or no longer has what comes next:
then the container is started anew, and FOLLOW copies everything. Where the primary does not answer
it waits, for that may pass.
"""


def conninfo(host: str, port: int) -> str:
    """Where a replica streams from, in libpq's words; the password is in PGPASSWORD."""
    limits = "connect_timeout=3 keepalives_idle=30 keepalives_interval=10 keepalives_count=3"
    return f"host={host} port={port} user={_ROLE} {limits}"


assert database_url.MANAGED_OWNER == "postgres"  # noqa: S101 - whom the scripts name
