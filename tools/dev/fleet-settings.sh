# shellcheck shell=bash
# What each member of the fleet is started with: its settings file, and its command line.

# Short, so that a takeover and a lost lease can be watched. A region without any coordinator goes on for the lease.
readonly leadership_milliseconds=2000 renewal_milliseconds=500
: "${lease_seconds:=30}"
# Of money set aside for an ad whose bill never comes.
readonly hold_seconds=60 grace_seconds=30 last_bill_seconds=60 reach_gap_seconds=15
# What a broker does not need goes back to the root.
readonly idle_seconds=5
# A region goes out of service and comes back so fast that it can be watched. A node carries some hundred breaks a second here: a
# budget of the guard, and not a measurement.
readonly drain_seconds=5 steady_seconds=5 rejoin_seconds=20 node_requests=400

# write_settings: of all members, the models' profiles of each node, and who is where for `paceline status`.
write_settings() {
  local name
  for name in "${members[@]}"; do
    mkdir -p "$state/$name"
    case ${role_of[$name]} in
      coordinator) coordinator_settings "$name" >"$state/$name/settings.json" ;;
      broker) broker_settings "$name" >"$state/$name/settings.json" ;;
      node)
        import_profiles "$state/$name"
        node_settings "$name" >"$state/$name/settings.json" ;;
    esac
  done
  roster >"$state/roster.json"
  if [ ! -s "$state/password" ]; then
    # A database of an earlier folder of this name has another one.
    is_new=yes
    (umask 077 && openssl rand -hex 24 >"$state/password")
  fi
}

# command_of NAME: into `command`.
command_of() {
  local name=$1
  case ${role_of[$name]} in
    postgres | etcd | database | proxy) database_command_of "$name" ;;
    coordinator) command=("$programs"/paceline-coordinator --config "$state/$name/settings.json") ;;
    broker) command=("$programs"/paceline-broker --config "$state/$name/settings.json") ;;
    node) command=("$programs"/paceline-node --config "$state/$name/settings.json") ;;
    traffic)
      rm -f "$state/$name/seconds.tsv"
      command=("$programs"/paceline traffic --roster "$state/roster.json" --output "$state/$name")
      [ "$record" = no ] || command+=(--record "$state/$name/record.tsv") ;;
  esac
}

# joined NAME...: with commas between.
joined() {
  local IFS=,
  printf '%s' "$*"
}

# quoted NAME...: as JSON, with commas between.
quoted() {
  local name texts=()
  for name in "$@"; do texts+=("\"$name\""); done
  joined "${texts[@]}"
}

# addresses NAME...: where each serves, as JSON, with commas between.
addresses() {
  local name all=()
  for name in "$@"; do all+=("{ \"address\": \"$(host "$name")\", \"port\": $(serves "$name") }"); done
  joined "${all[@]}"
}

# of_region ROLE REGION: the names of its members there, in `found`.
of_region() {
  local name here=()
  of_role "$1"
  for name in "${found[@]}"; do
    [ "$(region "$name")" != "$2" ] || here+=("$name")
  done
  found=("${here[@]}")
}

# holders: of the root's money, in the order of the topology, as JSON: their number is their place.
holders() {
  local name found=() all=()
  for name in "${members[@]}"; do
    case ${role_of[$name]} in
      broker) all+=("$name") ;;
      node)
        of_region broker "$(region "$name")"
        [ ${#found[@]} -gt 0 ] || all+=("$name") ;;
    esac
  done
  quoted "${all[@]}"
}

# regions: who is in each, what it carries and where it is probed, as JSON.
regions() {
  local name one probes found=() brokers=() all=() seen=' '
  for name in "${members[@]}"; do
    one=$(region "$name")
    case $one$seen in -* | *" $one "*) continue ;; esac
    seen+="$one "
    of_region broker "$one"
    brokers=("${found[@]}")
    of_region node "$one"
    [ ${#found[@]} -gt 0 ] || continue
    [ ${#brokers[@]} -gt 0 ] || brokers=("${found[@]}")
    probes=$(addresses "${found[@]}")
    # Nodes are asked as exchanges would reach them: money of ads that nobody bills is free only where somebody did.
    probes=${probes// \}/, \"path\": \"/e/reach\" \}}
    all+=("{ \"name\": \"$one\", \"holders\": [$(quoted "${brokers[@]}")], \"requestsPerSecond\": $((node_requests * ${#found[@]})),
    \"probes\": [$probes] }")
  done
  joined "${all[@]}"
}

# traces_settings: where spans go, if anybody takes them. So few requests come here that each may be a trace.
traces_settings() {
  [ -z "$traces" ] || printf '"traces": { "address": "%s", "port": %d, "ratio": 1 },' "${traces%:*}" "$((10#${traces#*:}))"
}

# issuers NAME: whom it asks for money, as JSON. Every second node of a region asks its brokers the other way round.
issuers() {
  local name one turned=() found=() addresses=()
  if [ "${role_of[$1]}" = node ]; then
    of_region node "$(region "$1")"
    for name in "${found[@]}"; do
      [ "$name" != "$1" ] || break
      if [ ${#turned[@]} -gt 0 ]; then turned=(); else turned=(yes); fi
    done
    of_region broker "$(region "$1")"
  fi
  [ ${#found[@]} -gt 0 ] || of_role coordinator
  for one in "${found[@]}"; do
    one=$(addresses "$one")
    if [ ${#turned[@]} -gt 0 ]; then addresses=("$one" "${addresses[@]}"); else addresses+=("$one"); fi
  done
  joined "${addresses[@]}"
}

coordinator_settings() {
  local name=$1 path own found=() numbers=''
  path=$(json_path "$root") own=$(json_path "$state")
  of_role etcd
  [ ${#found[@]} -eq 0 ] || numbers="\"numbers\": { \"etcd\": [$(addresses "${found[@]}")] },"
  of_database
  cat <<JSON
{
  "daemon": "coordinator",
  "name": "$name",
  "listen": [ { "address": "$(host "$name")", "port": $(serves "$name") } ],
  "admin": { "address": "$(host "$name")", "port": $(admin "$name") },
  "database": { "address": "$(host "${found[0]}")", "port": $(serves "${found[0]}"), "passwordFile": "$own/password",
    "migrationsDirectory": "$path/Sources/Apps/paceline-coordinator/Migrations" },
  "consoleDirectory": "$path/Sources/Apps/paceline-coordinator/Console",
  $numbers
  "leases": { "leadershipMilliseconds": $leadership_milliseconds, "renewalMilliseconds": $renewal_milliseconds,
    "leaseSeconds": $lease_seconds },
  "holders": [$(holders)],
  "regions": [$(regions)],
  "rotation": { "suspectSeconds": 10, "drainSeconds": $drain_seconds, "steadySeconds": $steady_seconds,
    "rejoinSeconds": $rejoin_seconds },
  "drain": { "noticeMilliseconds": 0, "timeoutMilliseconds": 5000 },
  $(traces_settings)
  "log": { "format": "text" }
}
JSON
}

broker_settings() {
  local name=$1 own found=()
  own=$(json_path "$state/$name")
  of_region node "$(region "$name")"
  cat <<JSON
{
  "daemon": "broker",
  "name": "$name",
  "listen": [ { "address": "$(host "$name")", "port": $(serves "$name") } ],
  "admin": { "address": "$(host "$name")", "port": $(admin "$name") },
  "root": { "holder": "$name", "timeoutMilliseconds": 1000, "coordinators": [$(issuers "$name")] },
  "holders": [$(quoted "${found[@]}")],
  "leases": { "windowSeconds": $lease_seconds, "aheadSeconds": $lease_seconds, "idleSeconds": $idle_seconds },
  "catalog": { "directory": "$own/catalog" },
  "journal": { "directory": "$own/journal", "segmentBytes": 8388608, "retainBytes": 33554432 },
  "drain": { "noticeMilliseconds": 0, "timeoutMilliseconds": 5000 },
  $(traces_settings)
  "log": { "format": "text" }
}
JSON
}

node_settings() {
  local name=$1 own models
  own=$(json_path "$state/$name") models=$(json_path "$root/Examples/predictions")
  # A host has files of its own.
  if [ "$hosts" = yes ]; then
    [ -d "$state/$name/models" ] || cp -R Examples/predictions "$state/$name/models"
    models=$own/models
  fi
  cat <<JSON
{
  "daemon": "node",
  "node": { "name": "$name", "region": "$(region "$name")" },
  "shards": 1,
  "listen": [ { "address": "$(host "$name")", "port": $(serves "$name") } ],
  "admin": { "address": "$(host "$name")", "port": $(admin "$name") },
  "catalog": { "published": {}, "stateDirectory": "$own/catalog" },
  "models": { "path": "$models", "profiles": "$own/profiles" },
  "budgets": { "holdSeconds": $hold_seconds, "graceSeconds": $grace_seconds, "lastBillSeconds": $last_bill_seconds },
  "ledger": { "issuer": { "holder": "$name", "timeoutMilliseconds": 1000, "aheadSeconds": $lease_seconds,
    "coordinators": [$(issuers "$name")] } },
  "notices": { "baseURL": "http://$(host "$name"):$(serves "$name")", "keyFile": "$own/notice-keys",
    "reachGapSeconds": $reach_gap_seconds },
  "journal": { "directory": "$own/journal", "retainBytes": 268435456, "requestOneIn": 1 },
  "limits": { "connectionsPerShard": 1000 },
  "drain": { "noticeMilliseconds": 0, "timeoutMilliseconds": 5000 },
  $(traces_settings)
  "log": { "format": "text" }
}
JSON
}

# roster: who is in the fleet, and where operators and traffic reach it.
roster() {
  local name lines=() line
  for name in "${members[@]}"; do
    case ${role_of[$name]} in coordinator | broker | node) ;; *) continue ;; esac
    line="{ \"role\": \"${role_of[$name]}\", \"name\": \"$name\", \"admin\": \"http://$(host "$name"):$(admin "$name")\""
    [ "$(region "$name")" = - ] || line+=", \"region\": \"$(region "$name")\""
    [ "${role_of[$name]}" != node ] || line+=", \"serves\": \"http://$(host "$name"):$(serves "$name")\""
    lines+=("    $line }")
  done
  local IFS=$'\n'
  printf '{\n  "members": [\n%s\n  ]\n}\n' "$(printf '%s\n' "${lines[*]}" | sed '$!s/$/,/')"
}
