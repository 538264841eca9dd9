# shellcheck shell=bash
# `dev test`: runs the parts of Tests/budgets one after the other, each against its budget and a hard limit,
# and ends in a table of them. What a part does is in part.sh; here is only the running, the counting and the
# telling.

readonly logs=.build/test-logs

# A part that hangs is stopped at this multiple of its budget, plus the seconds a tiny budget needs on a busy
# machine.
readonly hang_factor=2 hang_seconds=60
# With --long there is no budget to go by.
readonly hang_seconds_long=7200
readonly shown_lines=60

# Kinds that run with --long, or where they are named: they take long, or install much.
readonly long_kinds=' faults ha console '

# Parts in which processes are to answer in time. Nothing is compiled beside them: where two cores are one with two threads, even what
# takes only idle time costs them a third of theirs.
readonly timed_parts=' edge apps fleet gameday '

names=() budgets=() kinds=() given=()
table=() notes=()
total_passed=0 total_failed=0 total_skipped=0
running='' ahead=''
chosen=()
list=no long=no strict_budgets=no built=no build_ok=yes

read_parts() {
  local name budget kind rest
  while read -r name budget kind rest; do
    case $name in '' | '#'*) continue ;; esac
    names+=("$name") budgets+=("$budget") kinds+=("$kind") given+=("$rest")
  done <Tests/budgets
}

# part_index NAME: its place in the list, in `index`.
part_index() {
  for index in "${!names[@]}"; do [ "${names[index]}" != "$1" ] || return 0; done
  return 1
}

# stop PROCESS: and all of its group, though it may stand still; none where there is none.
stop() {
  [ -n "$1" ] || return 0
  kill -TERM "$1" 2>/dev/null || true
  kill -CONT -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

stop_running() {
  trap '' INT TERM
  stop "$running"
  stop "$ahead"
  complain "interrupted"
  exit 130
}

# compile_ahead: begins to compile what the part `exact` runs, in the time that other parts leave. That part waits for it, and says what
# is wrong.
compile_ahead() {
  local i arguments
  for i in "${chosen[@]}"; do
    [ "${kinds[i]}" = exact ] || continue
    read -ra arguments <<<"${given[i]}"
    timeout --kill-after=20 "$hang_seconds_long" chrt --idle 0 tools/dev/part.sh compile_exact "${arguments[@]}" \
      >"$logs/${names[i]}-ahead.log" 2>&1 </dev/null &
    ahead=$!
  done
}

# yield_to INDEX: what is compiled ahead stands still for a part in which time counts.
yield_to() {
  local signal=CONT
  [[ $timed_parts != *" ${names[$1]} "* ]] || signal=STOP
  [ -z "$ahead" ] || kill "-$signal" -- "-$ahead" 2>/dev/null || true
}

# run_part INDEX: its work in the background, so that a signal reaches this shell at once.
run_part() {
  local i=$1 name=${names[$1]} budget=${budgets[$1]} kind=${kinds[$1]}
  local log=$logs/$name.log limit=$((budget * hang_factor + hang_seconds)) status=0 began=$SECONDS arguments
  [ "$long" = no ] || limit=$hang_seconds_long
  read -ra arguments <<<"${given[i]}"
  if [[ $kind == swift || $kind == operate ]] && [ "$build_ok" = no ]; then
    finish "$i" 0 0 0 1 "skipped, the build failed"
    return
  fi
  say "$name ..."
  timeout --kill-after=20 "$limit" tools/dev/part.sh "$kind" ${arguments[@]+"${arguments[@]}"} \
    >"$log" 2>&1 </dev/null &
  running=$!
  wait "$running" || status=$?
  running=''
  judge "$i" "$status" $((SECONDS - began)) "$limit"
}

# judge INDEX STATUS SECONDS LIMIT: from how a part ended to its row and notes.
judge() {
  local i=$1 status=$2 took=$3 limit=$4 kind=${kinds[$1]} budget=${budgets[$1]}
  local log=$logs/${names[$1]}.log passed=0 failed=0 skipped=0 told=()
  if grep -q '^== ' "$log"; then
    mapfile -t told < <(awk -f tools/dev/tally.awk "$log")
    read -r passed failed skipped <<<"${told[0]}"
    told=("${told[@]:1}")
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  else
    # Nothing is counted inside: the part itself is the one thing that passed, failed or was skipped.
    case $status in
      0) passed=1 ;;
      77) skipped=1 told+=("$(tail -n 1 "$log")") ;;
      *) failed=1 ;;
    esac
  fi
  case $status in 124 | 137) told+=("stopped after its hard limit of $limit s") ;; esac
  if [ "$took" -gt "$budget" ] && [ "$long" = no ]; then
    told+=("OVER BUDGET: it took $took s, its budget is $budget s")
    [ "$strict_budgets" = no ] || failed=$((failed + 1))
  fi
  if [ "$failed" -gt 0 ]; then
    show_failure "$log" "$kind" "${told[*]-}"
    [ "$kind" != build ] || build_ok=no
  fi
  finish "$i" "$took" "$passed" "$failed" "$skipped" ${told[@]+"${told[@]}"}
}

# finish INDEX SECONDS PASSED FAILED SKIPPED [NOTE ...]: writes the row and adds up.
finish() {
  local i=$1 took=$2 passed=$3 failed=$4 skipped=$5 result=passed colour=$green note row
  if [ "$failed" -gt 0 ]; then
    result=failed colour=$red
  elif [ "$passed" -eq 0 ]; then
    result=skipped colour=$yellow
  fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
  row=$(columns "${names[i]}" "$result" "$passed" "$failed" "$skipped" "$took" "${budgets[i]}")
  table+=("$colour$row$plain")
  for note in "${@:6}"; do notes+=("${names[i]}: $note"); done
}

columns() { printf '%-10s %-8s %7s %7s %8s %8s %7s' "$@"; }

# show_failure LOG KIND NOTES: what went wrong, each thing once; where the log names nothing, how it ends. What the
# notes say whole is not said twice.
show_failure() {
  local log=$1 found
  case $2 in
    swift | exact | benches) found=$(awk '/^✘|Fatal error:/ { on = 1 } /^(◇|✔|➜|==)|^$/ { on = 0 } on' "$log") ;;
    *) found=$(awk '/error:/ && !told[$0]++ { left = 4 } left-- > 0' "$log") ;;
  esac
  if [ -z "$found" ]; then
    case $3 in *'has no tests'*) return ;; esac
    found=$(tail -n 20 "$log")
  fi
  say "--- $log"
  head -n "$shown_lines" <<<"$found"
  say "---"
}

print_table() {
  local line
  say
  say "$(columns part result passed failed skipped seconds budget)"
  for line in "${table[@]}"; do say "$line"; done
  for line in ${notes[@]+"${notes[@]}"}; do
    case $line in
      *'OVER BUDGET'*) say "$yellow$line$plain" ;;
      *) say "$line" ;;
    esac
  done
  say "logs: $root/$logs"
  say "$total_passed passed, $total_failed failed, $total_skipped skipped"
}

# parse_test_arguments ARGUMENT...: into `chosen`, the parts by their index, and the options.
parse_test_arguments() {
  local index argument
  read_parts
  for argument in "$@"; do
    case $argument in
      --long) long=yes ;;
      --strict-budgets) strict_budgets=yes ;;
      --list) list=yes ;;
      -*) usage test "unknown argument: $argument" ;;
      *)
        part_index "$argument" || usage test "unknown part: $argument (there are ${names[*]})"
        chosen+=("$index") ;;
    esac
  done
}

test_parts() {
  local index i kinds_chosen=' '
  if [ "$list" = yes ]; then
    grep -v '^#' Tests/budgets
    return
  fi
  if [ ${#chosen[@]} -eq 0 ]; then
    for i in "${!names[@]}"; do
      [ "$long" = no ] && [[ $long_kinds == *" ${kinds[i]} "* ]] || chosen+=("$i")
    done
  fi
  [ "$long" = no ] || export PACELINE_LONG=1
  for i in "${chosen[@]}"; do
    kinds_chosen+="${kinds[i]} "
    [ "${kinds[i]}" != build ] || built=yes
  done
  prepare "$kinds_chosen"
  mkdir -p "$logs"
  trap stop_running INT TERM
  if [ "$built" = no ] && [[ $kinds_chosen == *' swift '* || $kinds_chosen == *' operate '* ]]; then
    # Tests run what was built: for one part alone, only the tests are.
    part_index build
    given[index]=tests
    run_part "$index"
  fi
  for i in "${chosen[@]}"; do
    yield_to "$i"
    run_part "$i"
    [ "${kinds[i]}" != build ] || compile_ahead
  done
  stop "$ahead"
  trap - INT TERM
  print_table
  [ "$total_failed" -eq 0 ]
}

# prepare KINDS: what the chosen parts cannot do without, then what they only skip without.
prepare() {
  [[ $1 != *' shell '* ]] || provide shellcheck || true
  [[ $1 != *' formal '* ]] || provide spin gcc || true
  [[ $1 != *' operate '* ]] || provide promtool amtool curl openssl python3 postgresql || true
  [[ $1 != *' benches '* ]] || provide nginx simdjson || true
  [[ $1 != *' gameday '* ]] || provide promtool amtool jq || true
  if [[ $1 == *' fleet '* || $1 == *' gameday '* || $1 == *' faults '* || $1 == *' ha '* || $1 == *' console '* ]]; then
    require_toolchain
    provide postgresql openssl curl python3 || true
  fi
  [[ $1 != *' console '* ]] || provide chromium chromedriver || true
  if [[ $1 == *' ha '* ]]; then
    provide etcd haproxy || true
    provide_python "${patroni_packages[@]}" || true
  fi
  # Each fault says what it lacks.
  [[ $1 != *' faults '* ]] || provide ip nft tc faketime || true
  if [[ $1 == *' swift '* || $1 == *' operate '* || $1 == *' build '* || $1 == *' exact '* || $1 == *' benches '* ]]; then
    require_toolchain
    # Real peers of the tests; a test whose peer is missing is skipped and says so.
    provide openssl curl python3 redis-server postgresql etcd || true
    provide h11 mpmath prometheus-client || true
    provide_python "${model_libraries[@]}" "${trace_readers[@]}" || true
  fi
  [[ $1 != *' train '* ]] || provide_python lightgbm || true
  if [[ $1 == *' nix '* ]] && command -v nix-instantiate >/dev/null; then
    provide haproxy nft promtool amtool strace rclone zstd || true
    [ "${PACELINE_LONG-}" != 1 ] || provide pgbackrest qemu-system-x86_64 debootstrap mke2fs || true
    provide_python "${deploy_checkers[@]}" || true
  fi
  [[ $1 != *' format '* ]] || require_swift
}
