# shellcheck shell=bash
# Faults that `dev up --fault NAME` injects by itself, and what it says then of money and delivery.

readonly faults=(node-kill broker-kill region-loss leader-kill leader-pause coordinators-loss postgres-restart primary-loss etcd-loss)
# How long traffic is watched before, how long something is kept away, and how long it is watched behind.
readonly before_seconds=8 away_seconds=12 after_seconds=8
# Patroni promotes another one when its lock of twenty seconds has run out; the rest is room for a busy machine.
readonly promotion_seconds=60
# Longer than that lock, so that a primary stays one only by what the others tell it.
readonly etcd_seconds=25
# How often databases and the ledger are asked how they are while a fault of theirs lasts.
readonly look_milliseconds=200

fault_phase=before fault_until='' fault_verdict=unseen
declare -gA mark_of numbered_of
# Of the ledger's database: who was primary, who is, how often nobody was, and on which timeline the ledger was.
first_primary='' last_primary='' without_primary=0 first_timeline='' looked_at=0 numbered_at=0 longest_silence=0

is_fault() {
  local one
  for one in "${faults[@]}"; do [ "$one" != "$1" ] || return 0; done
  return 1
}

# fault_turn: before → away → coming back → after → done.
fault_turn() {
  : "${fault_until:=$((SECONDS + before_seconds))}"
  case $fault$fault_phase in
    primary-loss* | etcd-loss*) look_at_ledger ;;
  esac
  case $fault_phase in
    before | away | after) [ "$SECONDS" -ge "$fault_until" ] || return 0 ;;
    back) all_ready || return 0 ;;
    done) return 0 ;;
  esac
  case $fault_phase in
    before)
      mark_of[fault]=$(milliseconds)
      inject "$fault"
      fault_phase=away
      case $fault in
        # Until another is primary, and as long as others are away behind that.
        primary-loss) fault_until=$((SECONDS + promotion_seconds)) ;;
        etcd-loss) fault_until=$((SECONDS + etcd_seconds)) ;;
        *) fault_until=$((SECONDS + away_seconds)) ;;
      esac ;;
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

# look_at_ledger: who is primary, and when something was acknowledged that etcd has the number of.
look_at_ledger() {
  local now name count found=() led
  now=$(milliseconds)
  if [ $((now - looked_at)) -lt "$look_milliseconds" ] || [ "$fault_phase" = "done" ]; then return; fi
  looked_at=$now
  of_role coordinator
  for name in "${found[@]}"; do
    count=$(curl --silent --max-time 1 "http://$(host "$name"):$(admin "$name")/metrics" |
      awk '$1 == "paceline_root_number_seconds_count" { print $2 }') || true
    case $count in '' | "${numbered_of[$name]-}") continue ;; esac
    numbered_of[$name]=$count
    [ "$numbered_at" -eq 0 ] || [ $((now - numbered_at)) -le "$longest_silence" ] || longest_silence=$((now - numbered_at))
    numbered_at=$now
    if [ "$fault_phase" = away ] && [ -n "${mark_of[promoted]-}" ]; then : "${mark_of[granted]:=$now}"; fi
  done
  primary
  [ -n "$led" ] || without_primary=$((without_primary + 1))
  [ -z "$led" ] || last_primary=$led
  case $fault$fault_phase${mark_of[promoted]-} in
    primary-lossaway)
      case $led in '' | "$first_primary") return ;; esac
      mark_of[promoted]=$now fault_until=$((SECONDS + away_seconds))
      say "$(utc) $led is primary" ;;
  esac
}

# ledger_audit: the timeline that the ledger is on and whether it is audited, as in `timeline 2, audit none`; empty where nobody says so.
ledger_audit() {
  local name found=()
  of_role coordinator
  for name in "${found[@]}"; do
    if "$programs/paceline" ledger audit --coordinator "http://$(host "$name"):$(admin "$name")" 2>/dev/null; then break; fi
  done | head -n 1
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
      mark_primary
      [ -n "$led" ] || { say "no database is primary now" && return; }
      # As the machine's loss: Patroni first, or it would end its Postgres in order.
      lose "$led"
      kill_postgres "$led" ;;
    etcd-loss)
      mark_primary
      of_role etcd
      lose "${found[@]}" ;;
  esac
}

# mark_primary: as it is before the fault.
mark_primary() {
  primary
  first_primary=$led last_primary=$led without_primary=0 longest_silence=0
  first_timeline=$(ledger_audit)
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
  case $fault in
    primary-loss | etcd-loss)
      say
      report_ledger || fault_verdict=unsafe ;;
  esac
  say
}

# report_ledger: what became of the database and of what is acknowledged; status 1 where that is not what has to be.
report_ledger() {
  local last_timeline audited=no is_other=no
  last_timeline=$(ledger_audit)
  [[ $last_timeline == *', audit none' ]] || audited=yes
  [ "${first_timeline%%,*}" = "${last_timeline%%,*}" ] || is_other=yes
  say "  the ledger: nothing was acknowledged for $(in_seconds "$longest_silence") s at the longest; ${first_timeline:-unknown} before," \
    "${last_timeline:-unknown} after"
  if [ "$fault" = etcd-loss ]; then
    say "  the database: $first_primary was primary before, $last_primary after; nobody was at $without_primary looks between"
    [ "$first_primary-$without_primary-$is_other-$audited" = "$last_primary-0-no-no" ] && [ -n "$first_primary" ]
  else
    [ -n "${mark_of[promoted]-}" ] || { say "  the database: no other member became primary" && return 1; }
    say "  the database: $first_primary was lost; $last_primary was primary after $(in_seconds $((mark_of[promoted] - mark_of[fault]))) s," \
      "and the ledger acknowledged after $(in_seconds $((${mark_of[granted]:-mark_of[end]} - mark_of[fault]))) s"
    [ "$is_other-$audited" = yes-no ] && [ -n "${mark_of[granted]-}" ]
  fi
}
