# shellcheck shell=bash
# `dev up --single`: a node on loopback for trying things, with a certificate authority of its own, which signs nothing
# else and lives in the state folder. It stays in the foreground; Ctrl-C or SIGTERM drains the node and ends with
# the node's status.

readonly default_state=.build/dev
# From the start of the process. A node answers in a fraction of a second; a loaded CI machine may need more.
readonly ready_seconds=30
readonly first_port=8080 ports_wanted=4 port_step=10
readonly last_port=$((65535 - ports_wanted + 1))
ports_needed=(0 1 2 3)
readonly certificate_days=30

up() {
  [ "$build" = no ] || require_toolchain
  require openssl curl
  build_up paceline-node paceline
  mkdir -p "$state"
  state=$(readlink -f -- "$state")
  make_certificates "$state/tls"
  import_profiles "$state"
  choose_first_port
  http_port=$first https_port=$((first + 1)) mutual_port=$((first + 2)) admin_port=$((first + 3))
  write_config >"$state/node.json"
  run_node "$for_seconds"
}

# make_certificates FOLDER: an authority, a server's certificate and a client's; kept until the day before
# they end.
make_certificates() {
  local folder=$1 one
  if openssl x509 -in "$folder/server.pem" -noout -checkend 86400 >/dev/null 2>&1; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  chmod 700 "$folder"
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  (
    cd "$folder"
    openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -days "$certificate_days" -subj '/CN=paceline dev up' \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >server.ext
    printf 'subjectAltName=URI:spiffe://paceline.test/operator\nextendedKeyUsage=clientAuth\n' >client.ext
    for one in server client; do
      openssl req "${key[@]}" -keyout "$one.key" -out "$one.csr" -subj "/CN=$one"
      openssl x509 -req -in "$one.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$certificate_days" \
        -extfile "$one.ext" -out "$one.pem"
    done
  ) >"$state/openssl.log" 2>&1 || fail "openssl made no certificates: $(tail -n 3 "$state/openssl.log")"
}

# write_config: the node's settings. Draining takes no time here, since no load balancer has to notice.
write_config() {
  local path own folder
  path=$(json_path "$root") own=$(json_path "$state")
  folder=$own/tls
  local certificate="\"certificateFile\": \"$folder/server.pem\", \"keyFile\": \"$folder/server.key\""
  cat <<JSON
{
  "daemon": "node",
  "node": { "name": "dev", "region": "local" },
  "listen": [
    { "address": "127.0.0.1", "port": $http_port },
    { "address": "127.0.0.1", "port": $https_port, "tls": { $certificate } },
    { "address": "127.0.0.1", "port": $mutual_port,
      "tls": { $certificate, "clientCAFile": "$folder/ca.pem", "clientCertificate": "required" } }
  ],
  "admin": { "address": "127.0.0.1", "port": $admin_port },
  "catalog": { "path": "$path/Examples/catalog", "stateDirectory": "$own/catalog", "reloadSeconds": 1 },
  "models": { "path": "$path/Examples/predictions", "profiles": "$own/profiles",
    "shadowOneIn": 1 },
  "journal": { "directory": "$own/journal", "retainBytes": 268435456, "requestOneIn": 1 },
  "notices": { "baseURL": "http://127.0.0.1:$http_port", "keyFile": "$own/notice-keys" },
  "limits": { "connectionsPerShard": 1000 },
  "drain": { "noticeMilliseconds": 0, "timeoutMilliseconds": 5000 },
  "log": { "format": "text" }
}
JSON
}

# run_node [SECONDS]: starts it, says how to reach it, and waits until it ends or is told to.
run_node() {
  local began=$EPOCHREALTIME status=0 timer=''
  "$programs/paceline-node" --config "$state/node.json" </dev/null &
  node=$!
  trap 'kill -TERM "$node" 2>/dev/null || true' INT TERM
  trap 'kill -TERM "$node" 2>/dev/null || true' EXIT
  wait_ready "$began"
  print_curls
  if [ -n "$1" ]; then
    (
      trap - EXIT
      sleep "$1"
      kill -TERM "$node" 2>/dev/null
    ) &
    timer=$!
  fi
  # A trapped signal ends `wait`, not the node.
  while kill -0 "$node" 2>/dev/null; do
    status=0
    wait "$node" || status=$?
  done
  [ -z "$timer" ] || kill "$timer" 2>/dev/null || true
  trap - EXIT
  [ "$status" -eq 0 ] || fail "paceline-node ended with status $status"
  say "drained and ended"
}

# wait_ready BEGAN: until the node says that it is ready; says how long that took.
wait_ready() {
  local deadline=$((SECONDS + ready_seconds))
  until curl --silent --fail --max-time 1 --output /dev/null "http://127.0.0.1:$admin_port/readyz"; do
    kill -0 "$node" 2>/dev/null || fail "paceline-node ended before it was ready (settings: $state/node.json)"
    [ "$SECONDS" -lt "$deadline" ] || fail "paceline-node was not ready within $ready_seconds s"
    sleep 0.02
  done
  # Both times in microseconds: without the point, which some locales write as a comma.
  local took=$((${EPOCHREALTIME//[.,]/} - ${1//[.,]/}))
  say "ready: it answered within $((took / 1000000)).$(printf '%03d' $((took / 1000 % 1000))) s of its start"
}

print_curls() {
  local t
  t=$(printf '%q' "$state/tls")
  local tag="http://127.0.0.1:$http_port/vast?pub=streamfront&app=streamfront-roku&pod=90&ads=6&dur=15,30"
  tag+="&country=USA&region=NY&metro=501&zip=10001&devicetype=3&os=Roku&genre=sports,travel,cooking&live=1"
  local cooking=${tag/genre=sports,travel,cooking&live=1/genre=cooking}
  cat <<TEXT

  curl -i --json @Examples/ctv-pod.json http://127.0.0.1:$http_port/openrtb2/bid
  curl -i '$tag'
  curl -i '$cooking'
  curl -i http://127.0.0.1:$http_port/v1/node
  curl -i --data '{"bid": 1.25}' http://127.0.0.1:$http_port/v1/json/check
  curl -i --cacert $t/ca.pem https://localhost:$https_port/v1/node
  curl -i --cacert $t/ca.pem --cert $t/client.pem --key $t/client.key https://localhost:$mutual_port/v1/node
  curl -i http://127.0.0.1:$admin_port/healthz
  curl -i http://127.0.0.1:$admin_port/readyz
  curl    http://127.0.0.1:$admin_port/metrics

  $programs/paceline explain ID --journal $state/journal    why an answer came out so; ID is its bidid
  $programs/paceline replay $state/journal                  every decision again: the same bytes?
  $programs/paceline model compare --journal $state/journal    the model in the shadow beside the one that decides
  $programs/paceline budgets http://127.0.0.1:$admin_port          what is spent, set aside and free

The catalog is Examples/catalog: change it, and the next answer is decided by the change. Cooking has an ad that is
paid for when it is watched to its end: Examples/predictions has the models that say how likely that is.
settings: $state/node.json    Ctrl-C drains it and ends
TEXT
}
