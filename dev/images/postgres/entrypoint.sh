#!/bin/bash
# Initialises a database once and runs PostgreSQL, by the upstream image's documented environment:
# POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE), POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD and PGDATA. Arguments such as `-c name=value` go to the server.
# Not offered: /docker-entrypoint-initdb.d.
set -Eeuo pipefail
umask 077

: "${PGDATA:=/var/lib/postgresql/data}"
: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"

refuse() {
  echo "docker-entrypoint.sh: $1" >&2
  exit 1
}

password() {
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    cat -- "$POSTGRES_PASSWORD_FILE"
  else
    printf '%s' "${POSTGRES_PASSWORD:-}"
  fi
}

step_down() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chown postgres:postgres "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
}

# The files are made beside $PGDATA and renamed, so that a container killed half-way leaves no
# half-made database. Where $PGDATA is a mount point of its own, they are made in place.
initialise() {
  local directory="$PGDATA.partial" secret hosts="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
  secret="$(password)"
  [ -n "$secret" ] || [ "$hosts" = trust ] || refuse "POSTGRES_PASSWORD is not set"
  mkdir -p "$(dirname "$PGDATA")"
  if [ -e "$PGDATA" ] && ! rmdir "$PGDATA" 2>/dev/null || ! [ -w "$(dirname "$PGDATA")" ]; then
    directory="$PGDATA"
  else
    rm -rf "$directory"
  fi
  # shellcheck disable=SC2086 # the documented contract: words, split by spaces
  initdb --pgdata="$directory" --username="$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 \
    ${secret:+--pwfile=/dev/stdin} ${POSTGRES_INITDB_ARGS:-} <<< "$secret"
  printf '\nhost all all all %s\n' "$hosts" >> "$directory/pg_hba.conf"
  if [ "$POSTGRES_DB" != postgres ]; then
    printf 'CREATE DATABASE "%s";\n' "${POSTGRES_DB//\"/\"\"}" \
      | postgres --single -j -D "$directory" -c exit_on_error=on postgres > /dev/null
  fi
  sync -f "$directory"
  [ "$directory" = "$PGDATA" ] || mv -T "$directory" "$PGDATA"
}

case "${1:-}" in "" | -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
[ "$(id -u)" != 0 ] || step_down "$@"
[ -s "$PGDATA/PG_VERSION" ] || initialise
# A volume's fsGroup adds group permissions, which PostgreSQL refuses.
chmod 0700 "$PGDATA" || true
unset POSTGRES_PASSWORD
exec "$@"
