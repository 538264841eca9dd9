# shellcheck shell=bash
# `dev up`: the fleet of fleet.sh, or with --single one node that stands alone (single.sh). Here are the arguments of both,
# free ports, and what the demo's models know.

readonly port_tries=20
# Where the executables are that a command starts. The tests have optimised ones already, and say so.
readonly programs=${PACELINE_PROGRAMS:-.build/release}

# parse_up_arguments ARGUMENT...: into `single`, `for_seconds`, `port`, `state`, `fault`, `traffic`, `build`,
# `hosts`, `ha`, `record`, `traces`, `topology` and `lease_seconds`.
parse_up_arguments() {
  single=no for_seconds='' port='' state='' fault='' traffic=yes build=yes hosts=no ha=no record=no traces=''
  local argument lease=''
  for argument in "$@"; do [ "$argument" != --single ] || single=yes; done
  if [ "$single" = yes ]; then
    # shellcheck source=tools/dev/single.sh
    source tools/dev/single.sh
  else
    # shellcheck source=tools/dev/fleet.sh
    source tools/dev/fleet.sh
  fi
  while [ $# -gt 0 ]; do
    case $1 in
      --single) shift && continue ;;
      --built)
        build=no
        shift && continue ;;
      --no-traffic)
        traffic=no
        shift && continue ;;
      --ha)
        ha=yes
        shift && continue ;;
      --record)
        record=yes
        shift && continue ;;
      --hosts)
        hosts=yes
        shift && continue ;;
      --topology) topology=${2-} ;;
      --lease-seconds) lease=${2-} ;;
      --traces) traces=${2-} ;;
      --for) for_seconds=${2-} ;;
      --port) port=${2-} ;;
      --state) state=${2-} ;;
      --fault) fault=${2-} ;;
      *) usage up "unknown argument: $1" ;;
    esac
    case $1 in
      --topology) [ -f "$topology" ] || usage up "--topology needs a file such as tools/dev/fleet.topology" ;;
      --for | --port | --lease-seconds) [[ ${2-} =~ ^[0-9]+$ ]] || usage up "$1 needs a number" ;;
      --traces)
        { [[ $traces =~ ^([0-9.]+):([0-9]{1,5})$ ]] && [ $((10#${BASH_REMATCH[2]})) -ge 1 ] && [ $((10#${BASH_REMATCH[2]})) -le 65535 ]; } ||
          usage up "--traces needs the address and port of a collector that takes OTLP over HTTP, such as 127.0.0.1:4318" ;;
      --state) [ -n "$state" ] || usage up "--state needs a folder" ;;
      --fault)
        [ "$single" = no ] || usage up "--fault is for a fleet, and --single is one node"
        is_fault "$fault" || usage up "unknown fault: '$fault' (there are ${faults[*]})" ;;
    esac
    shift 2
  done
  [ "$single$hosts" != yesyes ] || usage up "--hosts is for a fleet, and --single is one node"
  [ "$single$ha" != yesyes ] || usage up "--ha is for a fleet, and --single is one node"
  [ "$hosts$ha" != yesyes ] || usage up "--hosts has one Postgres, and --ha has three: one of both"
  case $fault$ha in
    primary-lossno | etcd-lossno) usage up "the fault $fault is of a fleet with --ha" ;;
    postgres-restartyes) usage up "the fault $fault is of a fleet with one Postgres; with --ha there is primary-loss" ;;
  esac
  [ "$single" = no ] || [ -z "$traces" ] || usage up "--traces is of a fleet's daemons, and --single is one node"
  [ "$single" = no ] || [ "$traffic" = yes ] || usage up "--no-traffic is for a fleet: one node has none"
  [ "$record-$single$traffic" = yes-noyes ] || [ "$record" = no ] || usage up "--record is of a fleet's traffic"
  if [ -n "$port" ] && { [ ${#port} -gt 5 ] || [ $((10#$port)) -lt 1 ] || [ $((10#$port)) -gt "$last_port" ]; }; then
    usage up "--port is from 1 to $last_port, so that there are $ports_wanted from it on; found $port"
  fi
  # Without leading zeros, which would make it octal.
  [ -z "$port" ] || port=$((10#$port))
  # Until another is primary nothing is granted: that takes almost as long as the lease that is good to look at.
  if [ "$ha" = yes ]; then
    state=${state:-$default_state-ha} lease=${lease:-60}
  else
    state=${state:-$default_state}
  fi
  [ -z "$lease" ] || lease_seconds=$lease
}

# build_up PRODUCT...: unless --built says that they are.
build_up() {
  local product
  if [ "$build" = yes ]; then
    complain "building ${*}"
    build_products --configuration release >&2
    return
  fi
  for product in "$@"; do
    [ -x "$programs/$product" ] || fail "--built, and no $programs/$product is there; ./dev build makes it"
  done
}

# choose_first_port: `first`, the number from which on nobody listens on any of `ports_needed`, which count from it.
choose_first_port() {
  local tries=$port_tries
  first=${port:-$first_port}
  [ -z "$port" ] || tries=1
  while ! all_free; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "ports from ${port:-$first_port} on are taken; try --port"
    first=$((first + port_step))
  done
}

all_free() {
  local one
  for one in "${ports_needed[@]}"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$((first + one))") 2>/dev/null; then return 1; fi
  done
}

# import_profiles FOLDER: what the demo's models know of the viewer of Examples/ctv-pod.json and of an ad: the history
# beside them, moved so that its last day is yesterday.
import_profiles() {
  local folder=$1 history=Examples/predictions/history.jsonl last days line at
  last=$(grep -o '"at": "[^"T]*' "$history" | cut -d'"' -f4 | sort | tail -n 1)
  days=$((($(date +%s) - $(date -u -d "$last" +%s)) / 86400 - 1))
  rm -rf "$folder/profiles"
  mkdir -p "$folder/profiles"
  while read -r line; do
    at=$(grep -o '"at": "[^"]*' <<<"$line" | cut -d'"' -f4)
    printf '%s\n' "${line/"$at"/$(date -u -d "$at $days days" +%FT%TZ)}"
  done <"$history" >"$folder/history.jsonl"
  "$programs/paceline" features import --schema Examples/predictions/features.json --store "$folder/profiles" \
    --megabytes 4 "$folder/history.jsonl" >"$folder/import.log" 2>&1 ||
    fail "no profiles could be made: $(tail -n 3 "$folder/import.log")"
}

# json_path PATH: with the only characters escaped that a path can hold and a JSON string cannot.
json_path() {
  local path=${1//\\/\\\\}
  printf '%s' "${path//\"/\\\"}"
}
