# Keeps a PostgreSQL cluster for one test, which stops and starts it by lines on standard input:
# `stop MODE` (of pg_ctl), `start`. Each is answered by `done`. When the input ends the cluster is
# stopped and removed. Its commits are real (what was acknowledged must survive an immediate stop),
# but for waiting for the disk, which only a power cut would show. Arguments: the folder of
# PostgreSQL's programs, the port, the password of the superuser `cognate`.
set -eu
programs=$1 port=$2 password=$3
umask 077
folder=$(mktemp -d /tmp/cognate-cluster-XXXXXX)

end() {
  trap - EXIT
  "$programs/pg_ctl" --pgdata="$folder/data" --silent --mode=immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

start() {
  # Its output must not hold our pipes open.
  "$programs/pg_ctl" --pgdata="$folder/data" --silent --wait --timeout=60 --log="$folder/log" \
    --options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= \
      -c fsync=off -c max_connections=100" \
    start >/dev/null 2>&1 || { cat "$folder/log" >&2; exit 1; }
}

printf '%s' "$password" >"$folder/password"
"$programs/initdb" --pgdata="$folder/data" --username=cognate --pwfile="$folder/password" \
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
start
echo done
while read -r order mode; do
  case $order in
    stop)
      "$programs/pg_ctl" --pgdata="$folder/data" --silent --wait --mode="$mode" stop >/dev/null
      ;;
    start) start ;;
  esac
  echo done
done
