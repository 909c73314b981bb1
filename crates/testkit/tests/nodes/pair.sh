# Keeps two PostgreSQL servers for one test, the second a standby of the first, which it changes by
# lines on standard input: `promote`: once nobody writes to the first and the second has all of it,
# the second becomes a primary; the first lives on. `crash`: the first ends at once. `only-read`:
# the first takes no more writes. `write`: it does again. Each is answered by `done`. When the input
# ends both are stopped and removed. Arguments: the folder of PostgreSQL's programs, the two ports,
# the password of the superuser `cognate`.
set -eu
programs=$1 first=$2 second=$3 password=$4
umask 077
folder=$(mktemp -d /tmp/cognate-pair-XXXXXX)
export PGPASSWORD="$password"

end() {
  trap - EXIT
  for port in "$second" "$first"; do
    "$programs/pg_ctl" --pgdata="$folder/$port" --silent --mode=immediate stop \
      >/dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

start() {
  # Its output must not hold our pipes open.
  "$programs/pg_ctl" --pgdata="$folder/$1" --silent --wait --timeout=60 --log="$folder/log$1" \
    --options="-c listen_addresses=127.0.0.1 -c port=$1 -c unix_socket_directories= \
      -c fsync=off -c max_connections=100" \
    start >/dev/null 2>&1 || { cat "$folder/log$1" >&2; exit 1; }
}

ask() {
  "$programs/psql" --no-psqlrc --quiet --tuples-only --no-align --host=127.0.0.1 --port="$1" \
    --username=cognate --dbname=postgres --command="$2"
}

set_first() {
  ask "$first" "ALTER SYSTEM SET default_transaction_read_only = $1"
  ask "$first" "SELECT pg_reload_conf()" >/dev/null
}

# No transaction writes on the first, five times in a row: what was under way is over.
is_at_rest() {
  for _ in 1 2 3 4 5; do
    writing=$(ask "$first" "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL")
    [ "$writing" = 0 ] || return 1
    sleep 0.1
  done
}

promote() {
  until is_at_rest; do sleep 0.05; done
  written=$(ask "$first" "SELECT pg_current_wal_flush_lsn()")
  until [ "$(ask "$second" "SELECT pg_last_wal_replay_lsn() >= '$written'")" = t ]; do
    sleep 0.05
  done
  "$programs/pg_ctl" --pgdata="$folder/$second" --silent --wait promote >/dev/null
}

printf '%s' "$password" >"$folder/password"
{
  "$programs/initdb" --pgdata="$folder/$first" --username=cognate --pwfile="$folder/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync
  start "$first"
  "$programs/pg_basebackup" --pgdata="$folder/$second" --host=127.0.0.1 --port="$first" \
    --username=cognate --checkpoint=fast --wal-method=stream --write-recovery-conf --no-sync
} >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
start "$second"
echo done
while read -r order; do
  case $order in
    promote) promote ;;
    crash)
      "$programs/pg_ctl" --pgdata="$folder/$first" --silent --wait --mode=immediate stop >/dev/null
      ;;
    only-read) set_first on ;;
    write) set_first off ;;
  esac
  echo done
done
