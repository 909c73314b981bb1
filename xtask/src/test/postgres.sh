# Keeps a PostgreSQL cluster for as long as standard input stays open: makes it, starts it, prints
# `ready`, and when the pipe ends, for whatever reason, stops it and removes its folder. Nothing in
# it outlives the tests, so nothing is synced. Arguments: the folder of PostgreSQL's programs, the
# port, the password of the superuser `cognate`.
set -eu
programs=$1 port=$2 password=$3
umask 077
folder=$(mktemp -d /tmp/cognate-postgres-XXXXXX)
server=

end() {
  trap - EXIT
  if [ -n "$server" ]; then
    kill -INT "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

printf '%s' "$password" >"$folder/password"
"$programs/initdb" --pgdata="$folder/data" --username=cognate --pwfile="$folder/password" \
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$programs/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$port" \
  -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
  -c max_connections=300 >"$folder/log" 2>&1 &
server=$!

waited=0
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do
  waited=$((waited + 1))
  if [ "$waited" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 0.1
done
echo ready
cat >/dev/null
