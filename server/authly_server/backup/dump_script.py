r"""What the container of a PostgreSQL image runs to dump a database: a script and its SQL.

psql holds the moment still as `storage.snapshot` does (the tables are locked before the snapshot is
taken), counts what is in it, and has pg_dump write that very snapshot while it waits (`\!`).
"""

import shlex
from pathlib import Path
from typing import Final

from authly_server.backup import dump


RUN: Final = "run"
MOMENT: Final = "moment.sql"
CONNECTION: Final = "source-"
DUMP: Final = "dump.sql"
FACTS: Final = "facts"
SOURCE: Final = "source"
VERSION: Final = ".version"
REVISION: Final = ".revision"
WRONG_IMAGE: Final = 2
"""The exit status of a setting that is wrong: trying again cannot help."""
NOTHING: Final = "exit 0\n"

_PROGRAM: Final = r"""# Made for one backup by `authly-server prepare-backup`.
set -u
umask 077
export LC_ALL=C
order=$(cd "$(dirname "$0")" && pwd) && cd {into} || exit 1

case "$(pg_dump --version 2>&1)" in
  *') {major}'[!0-9]*) ;;
  *) has=$(pg_dump --version 2>&1 | head -n 1)
     echo "the database is PostgreSQL {major}, and this image has $has:" \
       "set spec.database.dump.image to one of PostgreSQL {major}" >&2
     exit {wrong} ;;
esac

tell() {{ echo "{{\"event\": \"$1\", \"size\": $(stat -c %s {dump}.partial || echo 0)}}"; }}
follow() {{
  trap 'kill "$!"; exit' TERM
  while sleep 10 & do
    wait "$!"
    tell dump_progress 2> /dev/null
  done
}}

follow &
follower=$!
leave() {{ kill "$follower" 2> /dev/null; wait "$follower"; }}
trap leave EXIT
trap 'kill "$child" 2> /dev/null; exit 143' TERM INT
for connection in "$order"/{connection}*; do
  rm -f {dump}.partial {facts} ended
  (. "$connection" && exec psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$order/{moment}") \
    2> "$order/said" &
  child=$!
  if wait "$child" && [ "$(cat ended)" = 0 ]; then
    leave # what it tells is not the last word
    tell dumped
    echo "${{connection##*-}}" > {source} && mv {dump}.partial {dump} && exit 0
  fi
  rm -f {dump}.partial
  cat "$order/said" >&2
done
exit 1
"""

_MOMENT: Final = r"""\o facts
SET lock_timeout = '10min';
SELECT string_agg(format('authly.%I', relname), ', ' ORDER BY relname) AS tables FROM pg_class
WHERE relnamespace = 'authly'::regnamespace AND relkind = 'r' \gset
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
LOCK TABLE :tables IN ACCESS SHARE MODE;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
SELECT '.version', current_setting('server_version');
SELECT '.revision', coalesce(max(revision), 0) FROM authly.schema_migrations;
SELECT format('SELECT %L, count(*) FROM authly.%I', relname, relname) FROM pg_class
WHERE relnamespace = 'authly'::regnamespace AND relkind = 'r' ORDER BY relname \gexec
\o
"""
_DUMPING: Final = (
    rf"\! {shlex.join(dump.COMMAND)} --snapshot=$SNAPSHOT > {DUMP}.partial; echo $? > ended"
)
SQL: Final = f"{_MOMENT}{_DUMPING}\n"


def run(major: int, into: Path) -> str:
    """The script that dumps a database of that major version into the directory."""
    return _PROGRAM.format(
        into=shlex.quote(str(into)),
        major=major,
        wrong=WRONG_IMAGE,
        connection=CONNECTION,
        moment=MOMENT,
        dump=DUMP,
        facts=FACTS,
        source=SOURCE,
    )
