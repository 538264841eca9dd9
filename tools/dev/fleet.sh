# shellcheck shell=bash
# `dev up`: the fleet of fleet.topology on this machine, as a supervisor would run it: what ends is started again. Ctrl-C,
# SIGTERM or the time of --for stops everything in order, and nothing stays behind, even where this script is killed:
# the kernel then ends its children.

# shellcheck source=tools/dev/fleet-settings.sh
source tools/dev/fleet-settings.sh
# shellcheck source=tools/dev/fleet-database.sh
source tools/dev/fleet-database.sh
# shellcheck source=tools/dev/fleet-faults.sh
source tools/dev/fleet-faults.sh

readonly default_state=.build/fleet
: "${topology:=tools/dev/fleet.topology}"
# In the order of their start; the other way round is how they stop.
readonly roles=(etcd database proxy postgres coordinator broker node traffic)
readonly first_port=8100 ports_wanted=100 port_step=100
readonly last_port=$((65535 - ports_wanted + 1))
# A role is waited for so long; on a quiet machine all of them together take a fraction of it.
readonly start_seconds=60
# As systemd waits before it starts a unit again.
readonly restart_milliseconds=2000
# With --hosts each member has an address of its own, as hosts of a mesh have, and the ports of nixos/fleet.json.
readonly first_block=77 last_block=126
declare -rgA port_of=([postgres]=5432 [coordinator]=7500 [broker]=7400 [node]=8080)
readonly admin_port=9900
# A node drains within five seconds.
readonly stop_seconds=10
readonly turn_seconds=0.1

members=() ports_needed=()
# Global, as this file is read within a function.
declare -gA host_of role_of region_of serves_of admin_of pid_of began_of phase_of restart_at held
stopping='' drawn=0 block='' databases=''

# read_topology: one member of the fleet a line.
read_topology() {
  local role name region serves admin
  while read -r role name region serves admin; do
    case $role in '' | '#'*) continue ;; esac
    members+=("$name")
    role_of[$name]=$role region_of[$name]=$region serves_of[$name]=$serves admin_of[$name]=$admin
    host_of[$name]=${#members[@]}
    [ "$serves" = - ] || ports_needed+=("$serves")
    [ "$admin" = - ] || ports_needed+=("$admin")
  done < <(if [ "$ha" = yes ]; then cat tools/dev/fleet-ha.topology && grep -v '^postgres ' "$topology"; else cat "$topology"; fi)
}

# of_role ROLE: the names of its members, in `found`.
of_role() {
  local name
  found=()
  for name in "${members[@]}"; do
    [ "${role_of[$name]}" != "$1" ] || [ "$name-$traffic" = traffic-no ] || found+=("$name")
  done
}

host() { if [ "$hosts" = yes ]; then printf '127.%s.0.%s' "$block" "${host_of[$1]}"; else printf 127.0.0.1; fi; }
serves() { if [ "$hosts" = yes ]; then printf '%s' "${port_of[${role_of[$1]}]}"; else printf '%s' $((first + serves_of[$1])); fi; }
admin() { if [ "$hosts" = yes ]; then printf '%s' "$admin_port"; else printf '%s' $((first + admin_of[$1])); fi; }
region() { printf '%s' "${region_of[$1]}"; }
milliseconds() { printf '%s' $((${EPOCHREALTIME//[.,]/} / 1000)); }
utc() { date -u +%T; }

up() {
  [ "$build" = no ] || require_toolchain
  require openssl curl postgresql
  [ "$ha" = no ] || require etcd haproxy
  build_up paceline-coordinator paceline-broker paceline-node paceline
  prepare_state
  read_topology
  if [ "$hosts" = yes ]; then choose_block; else choose_first_port_again; fi
  # Waited on instead of sleeping: a signal is taken at once, and no process is started for it.
  exec {idle}<> <(:)
  write_settings
  trap 'stopping=yes' INT TERM HUP
  trap leave EXIT
  start_fleet
  [ -n "$stopping" ] || print_hints
  # The shell's own words on each child that a signal ended are not for people.
  supervise 2>"$state/supervisor.log"
}

# leave: however it ends. Ctrl-C also ends what this script is just calling, which it then ends with: that is no failure.
leave() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  stop_fleet
  [ -n "$stopping" ] || [ "$status" -eq 130 ] || exit "$status"
  report_end
  exit 0
}

# prepare_state: the folder, for one fleet at a time.
prepare_state() {
  mkdir -p "$state"
  state=$(readlink -f -- "$state")
  exec {lock}>"$state/lock"
  flock --nonblock "$lock" || fail "another ./dev up runs in $state; stop it, or give --state another folder"
}

# choose_first_port_again: as the last time where nobody says otherwise, so that bills of ads that it promised find their
# node.
choose_first_port_again() {
  local kept=''
  read -r kept 2>/dev/null <"$state/port" || true
  [[ $kept =~ ^[0-9]+$ ]] || kept=''
  if [ -n "$kept" ] && [ "${port:-$kept}" = "$kept" ]; then
    first=$kept
    if all_free; then return; fi
    refuse_to_move "ports from $kept on are taken" "end what has them"
    [ -n "$port" ] || complain "ports from $kept on, which this fleet had, are taken; it gets others"
  elif [ -n "$kept" ]; then
    refuse_to_move "--port $port was given" "leave it away"
  fi
  choose_first_port
  printf '%s\n' "$first" >"$state/port"
}

# refuse_to_move WHY WHAT: where etcd has data. It looks for its members where they were when that was made, whatever it is told, and would
# never be ready.
refuse_to_move() {
  # What lies there without a password is made anew.
  if [ ! -s "$state/password" ] || ! compgen -G "$state/etcd-*/data" >/dev/null; then return; fi
  fail "$1, and the etcd of the fleet in $state cannot leave its ports from $kept on: $2, give --state another folder, or remove" \
    "$state, and with it this fleet's money and catalog"
}

# choose_block: `block`, the second number of this fleet's addresses, which no other fleet has.
choose_block() {
  for ((block = first_block; block <= last_block; block++)); do
    (exec 3<>"/dev/tcp/127.$block.0.1/${port_of[postgres]}") 2>/dev/null || return 0
  done
  fail "addresses from 127.$first_block.0.1 to 127.$last_block.0.1 are all taken"
}

# MARK: processes

# launch NAME: starts it, in a session of its own, so that Ctrl-C reaches this script alone. `command` is what
# `command_of` made of it.
launch() {
  local name=$1 signal=TERM
  command_of "$name"
  [ "${role_of[$name]}" != postgres ] || signal=INT
  mkdir -p "$state/$name"
  (
    exec {lock}>&- {idle}>&-
    exec setsid setpriv --pdeathsig "$signal" -- "${command[@]}"
  ) >>"$state/$name/log" 2>&1 </dev/null &
  pid_of[$name]=$! began_of[$name]=$(milliseconds) phase_of[$name]=starting restart_at[$name]=''
  printf '%s\n' "$!" >"$state/$name/pid"
}

runs() { [ -n "${pid_of[$1]-}" ] && kill -0 "${pid_of[$1]}" 2>/dev/null; }

# is_ready NAME: it says so itself.
is_ready() {
  case ${role_of[$1]} in
    postgres | proxy)
      "$postgres_programs/pg_isready" --quiet --host "$(host "$1")" --port "$(serves "$1")" --username paceline --dbname paceline ;;
    etcd) answers "$(host "$1")" "$(serves "$1")" /health ;;
    # The primary, or a copy that may acknowledge a commit and take over.
    database) answers "$(host "$1")" "$(admin "$1")" /primary || answers "$(host "$1")" "$(admin "$1")" /quorum ;;
    traffic) [ -s "$state/$1/seconds.tsv" ] ;;
    *) answers "$(host "$1")" "$(admin "$1")" /readyz ;;
  esac
}

# answers HOST PORT PATH: with 200.
answers() {
  (
    exec 3<>"/dev/tcp/$1/$2"
    printf 'GET %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n' "$3" "$1" >&3
    read -rt 1 line <&3
    [[ $line == *' 200 '* ]]
  ) 2>/dev/null
}

pause() { read -rt "$turn_seconds" -u "$idle" || true; }

# MARK: starting

start_fleet() {
  local role name began found=() waiting deadline
  began=$(milliseconds)
  make_databases
  for name in "${members[@]}"; do phase_of[$name]=waiting; done
  draw
  for role in "${roles[@]}"; do
    of_role "$role"
    [ ${#found[@]} -gt 0 ] || continue
    for name in "${found[@]}"; do launch "$name"; done
    draw
    deadline=$((SECONDS + start_seconds)) waiting=yes
    while [ -n "$waiting" ]; do
      [ -z "$stopping" ] || return 0
      waiting=''
      for name in "${found[@]}"; do
        [ "${phase_of[$name]}" = starting ] || continue
        waiting=yes
        runs "$name" || fail "$name ended before it was ready: $(tail -n 3 "$state/$name/log")"
        if is_ready "$name"; then became_ready "$name" && draw; fi
      done
      [ "$SECONDS" -lt "$deadline" ] ||
        fail "$role was not ready within $start_seconds s (logs: $state/*/log)"
      [ -z "$waiting" ] || pause
    done
    case $role in
      postgres | proxy) provide_database "${found[0]}" ;;
      coordinator) provide_catalog "${found[0]}" ;;
    esac
  done
  say "serving after $(in_seconds $(($(milliseconds) - began))) s"
}

# provide_catalog NAME: the demo's is published the first time, through this coordinator. What was published once stays, with all that people
# changed in it.
provide_catalog() {
  local said='' deadline=$((SECONDS + start_seconds))
  # Until both of two things have happened: one of them leads, and this one has read what is published.
  until answers "$(host "$1")" "$(serves "$1")" /v1/catalog; do
    [ -z "$stopping" ] || return 0
    said=$("$programs/paceline" catalog import Examples/catalog --if-empty --note 'the demo' \
      --coordinator "http://$(host "$1"):$(admin "$1")" 2>&1) || true
    [ "$SECONDS" -lt "$deadline" ] || fail "the demo catalog could not be published: $said"
    pause
  done
}

became_ready() { phase_of[$1]="ready in $(($(milliseconds) - began_of[$1])) ms"; }

in_seconds() { printf '%d.%d' $(($1 / 1000)) $(($1 / 100 % 10)); }

# draw: what is starting and what is ready: on a terminal as a list that changes, else a line for each that got ready.
draw() {
  local name
  if [ ! -t 1 ]; then
    for name in "${members[@]}"; do
      case ${phase_of[$name]} in
        'ready in'*)
          say "$name: ${phase_of[$name]}"
          phase_of[$name]=ready ;;
      esac
    done
    return
  fi
  [ "$drawn" -eq 0 ] || printf '\e[%dA' "$drawn"
  drawn=0
  for name in "${members[@]}"; do
    [ "$name-$traffic" != traffic-no ] || continue
    case ${phase_of[$name]} in
      ready*) printf '  %s%-19s%s %-10s %s\e[K\n' "$green" "$name" "$plain" "$(region "$name")" "${phase_of[$name]}" ;;
      *) printf '  %-19s %-10s %s\e[K\n' "$name" "$(region "$name")" "${phase_of[$name]}" ;;
    esac
    drawn=$((drawn + 1))
  done
}

# MARK: supervising

supervise() {
  local name
  while [ -z "$stopping" ]; do
    for name in "${members[@]}"; do
      [ -n "${pid_of[$name]-}" ] || continue
      look_after "$name"
    done
    [ -z "$fault" ] || fault_turn
    [ -z "$for_seconds" ] || [ "$SECONDS" -lt "$((serving_since + for_seconds))" ] || stopping=yes
    pause
  done
}

# look_after NAME: starts again what has ended, unless a fault or a file `held` in its folder keeps it away; says what happens.
look_after() {
  local name=$1 status=0
  if [ "${phase_of[$name]}" = gone ]; then
    [ -z "${held[$name]-}" ] && [ ! -e "$state/$name/held" ] && [ "$(milliseconds)" -ge "${restart_at[$name]}" ] || return 0
    launch "$name"
  elif ! runs "$name"; then
    wait "${pid_of[$name]}" || status=$?
    # Its number may be another's by now.
    rm -f "$state/$name/pid"
    say "$(utc) $name: $(ended_by "$status")"
    phase_of[$name]=gone
    restart_at[$name]=$(($(milliseconds) + restart_milliseconds))
  elif [ "${phase_of[$name]}" = starting ] && is_ready "$name"; then
    became_ready "$name"
    say "$(utc) $name: again ${phase_of[$name]}"
  fi
}

ended_by() {
  if [ "$1" -gt 128 ]; then
    printf 'ended by SIG%s' "$(kill -l "$1")"
  else
    printf 'ended with status %s' "$1"
  fi
}

# MARK: stopping

# stop_fleet: in the other order, so that who is last heard is told everything.
stop_fleet() {
  local index role name found=() deadline
  for ((index = ${#roles[@]} - 1; index >= 0; index--)); do
    role=${roles[index]}
    of_role "$role"
    for name in "${found[@]}"; do
      # One of etcd's after the other: each hands over to those that are left, and is waited for below.
      [ "$role" != etcd ] || break
      ask_to_end "$name"
    done
    deadline=$((SECONDS + stop_seconds))
    for name in "${found[@]}"; do
      [ "$role" != etcd ] || ask_to_end "$name"
      while runs "$name"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
          complain "$name did not end within $stop_seconds s, and is killed"
          kill -KILL "${pid_of[$name]}" 2>/dev/null || true
          deadline=$((SECONDS + stop_seconds))
        fi
        sleep 0.05
      done
      # Patroni has ended it, unless Patroni was killed, now or before.
      kill_postgres "$name"
      rm -f "$state/$name/pid"
    done
  done
}

# go_on NAME: one that a fault has stopped takes no signal before it goes on, and a database does not end before its children do.
go_on() {
  local children=()
  mapfile -t children < <(ps -o pid= --ppid "${pid_of[$1]}" 2>/dev/null)
  # Unquoted: the numbers come with spaces.
  # shellcheck disable=SC2068
  kill -CONT "${pid_of[$1]}" ${children[@]} 2>/dev/null || true
}

# ask_to_end NAME: in order.
ask_to_end() {
  local signal=TERM
  runs "$1" || return 0
  [ "${role_of[$1]}" != postgres ] || signal=INT
  kill "-$signal" "${pid_of[$1]}" 2>/dev/null || true
  go_on "$1"
}

report_end() {
  say "stopped: nothing of it runs any more; the next ./dev up goes on from $state"
  [ -z "$fault" ] || [ "$fault_verdict" = safe ] || fail "the fault $fault was not seen to its end, or not survived"
}

# print_hints: the here-document has no $( ): a signal that comes while the shell reads one confuses it.
print_hints() {
  local found=() name folder broker paceline=$programs/paceline roster ledger
  serving_since=$SECONDS
  roster=$(shown "$state/roster.json")
  say
  of_role node
  folder=$(shown "$state/${found[0]}")
  for name in "${found[@]}"; do
    printf '  %-14s serves http://%s:%s    operators http://%s:%s\n' "$(region "$name")" \
      "$(host "$name")" "$(serves "$name")" "$(host "$name")" "$(admin "$name")"
  done
  of_role coordinator
  ledger=$(host "${found[0]}"):$(admin "${found[0]}")
  of_role broker
  broker=$(shown "$state/${found[0]}")
  for name in "${members[@]}"; do
    case ${role_of[$name]} in
      coordinator | broker) printf '  %-42s operators http://%s:%s\n' "$name" "$(host "$name")" "$(admin "$name")" ;;
    esac
  done
  [ "$ha" = no ] || print_database_hints
  say
  of_role node
  for name in "${found[@]}"; do
    say "  curl -i --json @Examples/ctv-pod.json http://$(host "$name"):$(serves "$name")/openrtb2/bid"
  done
  cat <<TEXT
  $paceline explain ID --journal $folder/journal    why an answer came out so; ID is its bidid
  $paceline replay $folder/journal                  every decision again: the same bytes?
  $paceline status --roster $roster          is the money safe, what is down, who leads
  $paceline top --roster $roster             the same, live
  $paceline campaign pause harvest-dinner --coordinator http://$ledger    nothing of it wins in any region; resume
  $paceline campaign create Examples/campaign.json --coordinator http://$ledger
  $paceline ledger balance --coordinator http://$ledger
  http://$ledger/console/                 all of it in a browser, live
  kill -9 \$(cat $folder/pid)                a region's node is lost; look at the others
  kill -9 \$(cat $broker/pid)         a broker is lost; its node goes on

The catalog was Examples/catalog at first; it is changed through the coordinators, and all regions serve what they publish. docs/fleet.md
follows a campaign to its ledger lines.
logs: ${roster%/*}/*/log    Ctrl-C stops all of it
TEXT
}

# shown PATH: as one would type it from here.
shown() { printf '%q' "${1#"$root/"}"; }
