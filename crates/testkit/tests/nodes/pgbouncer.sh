# Keeps a PgBouncer for one test. Whatever comes on standard input is answered by `done`; when the
# input ends it is stopped and removed. Arguments: the program, its port, the port of PostgreSQL,
# the password of the user `cognate`, the mode, how many connections it holds to the server.
set -eu
program=$1 port=$2 server=$3 password=$4 mode=$5 size=$6
umask 077
folder=$(mktemp -d /tmp/cognate-pgbouncer-XXXXXX)
pid=

end() {
  trap - EXIT
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

printf '"cognate" "%s"\n' "$password" >"$folder/users"
cat >"$folder/ini" <<END
[databases]
* = host=127.0.0.1 port=$server
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users
pool_mode = $mode
default_pool_size = $size
max_client_conn = 200
server_login_retry = 1
query_wait_timeout = 3
END
"$program" "$folder/ini" >"$folder/log" 2>&1 </dev/null &
pid=$!
tries=0
until grep -qs 'process up' "$folder/log"; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] && kill -0 "$pid" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.05
done
echo done
while read -r order; do
  echo done
done
