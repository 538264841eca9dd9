# shellcheck shell=bash
# Faults that `dev up --fault NAME` injects by itself, and what it says then of money and delivery.

readonly faults=(node-kill broker-kill region-loss leader-kill leader-pause coordinators-loss postgres-restart primary-loss etcd-loss)
# How long traffic is watched before, how long something is kept away, and how long it is watched behind.
readonly before_seconds=8 away_seconds=12 after_seconds=8
# Patroni promotes another one when its lock of twenty seconds has run out.
readonly promotion_seconds=40

fault_phase=before fault_until='' fault_verdict=unseen
declare -gA mark_of

is_fault() {
  local one
  for one in "${faults[@]}"; do [ "$one" != "$1" ] || return 0; done
  return 1
}

# fault_turn: before → away → coming back → after → done.
fault_turn() {
  : "${fault_until:=$((SECONDS + before_seconds))}"
  case $fault_phase in
    before | away | after) [ "$SECONDS" -ge "$fault_until" ] || return 0 ;;
    back) all_ready || return 0 ;;
    done) return 0 ;;
  esac
  case $fault_phase in
    before)
      mark_of[fault]=$(milliseconds)
      inject "$fault"
      fault_phase=away fault_until=$((SECONDS + away_seconds))
      [ "$fault" != primary-loss ] || fault_until=$((SECONDS + promotion_seconds)) ;;
    away)
      heal
      mark_of[healed]=$(milliseconds) fault_phase=back ;;
    back)
      mark_of[back]=$(milliseconds)
      fault_phase=after fault_until=$((SECONDS + after_seconds)) ;;
    after)
      mark_of[end]=$(milliseconds) fault_phase="done"
      report_fault ;;
  esac
}

all_ready() {
  local name
  for name in "${members[@]}"; do
    [ -n "${pid_of[$name]-}" ] || continue
    case ${phase_of[$name]} in ready*) ;; *) return 1 ;; esac
  done
}

# leader: the name of the coordinator that leads, in `led`; empty where none says so.
leader() {
  local found=() name
  led=''
  of_role coordinator
  for name in "${found[@]}"; do
    if curl --silent --max-time 1 "http://$(host "$name"):$(admin "$name")/v1/coordinator" | grep -q '"leads": *true'; then
      led=$name
    fi
  done
}

# lose NAME...: as a machine's loss: at once, without a word, and it stays away until `heal`.
lose() {
  local name
  for name in "$@"; do
    held["$name"]=yes
    [ "${phase_of[$name]}" = gone ] || kill -KILL "${pid_of[$name]}" 2>/dev/null || true
    say "$(utc) fault $fault: $name is killed, and stays away"
  done
}

inject() {
  local found=() name lost=()
  case $1 in
    node-kill)
      of_role node
      kill -KILL "${pid_of[${found[0]}]}"
      say "$(utc) fault $1: ${found[0]} is killed" ;;
    broker-kill)
      # The one that its region's node has its session with.
      of_role broker
      kill -KILL "${pid_of[${found[0]}]}"
      say "$(utc) fault $1: ${found[0]} is killed" ;;
    region-loss)
      of_role node
      for name in "${members[@]}"; do
        [ "$(region "$name")" != "$(region "${found[0]}")" ] || lost+=("$name")
      done
      lose "${lost[@]}" ;;
    leader-kill | leader-pause)
      leader
      [ -n "$led" ] || { say "no coordinator leads now" && return; }
      if [ "$1" = leader-kill ]; then
        kill -KILL "${pid_of[$led]}"
        say "$(utc) fault $1: $led, which leads, is killed"
      else
        kill -STOP "${pid_of[$led]}"
        say "$(utc) fault $1: $led, which leads, is stopped as it stands"
      fi ;;
    coordinators-loss)
      of_role coordinator
      lose "${found[@]}" ;;
    postgres-restart)
      of_role postgres
      # The postmaster's children notice and end by themselves.
      kill -KILL "${pid_of[${found[0]}]}"
      say "$(utc) fault $1: ${found[0]} is killed" ;;
    primary-loss)
      primary
      [ -n "$led" ] || { say "no database is primary now" && return; }
      # As the machine's loss: Patroni first, or it would end its Postgres in order.
      lose "$led"
      kill_postgres "$led" ;;
    etcd-loss)
      of_role etcd
      lose "${found[@]}" ;;
  esac
}

heal() {
  local name
  for name in "${!held[@]}"; do unset "held[$name]"; done
  [ "$fault" != leader-pause ] || [ -z "${led-}" ] || kill -CONT "${pid_of[$led]}" 2>/dev/null || true
}

# report_fault: what became of delivery, by region and by phase, from what the traffic's exchange counted; and of money.
report_fault() {
  local roster=$state/roster.json
  say
  say "fault $fault: delivery, as exchanges and players saw it, in each second"
  awk -F '\t' -v fault="${mark_of[fault]}" -v healed="${mark_of[healed]}" -v back="${mark_of[back]}" \
    -v end="${mark_of[end]}" -f tools/dev/fleet-delivery.awk "$state/traffic/seconds.tsv"
  say
  fault_verdict=unsafe
  if "$programs/paceline" status --roster "$roster"; then fault_verdict=safe; fi
  say
}
