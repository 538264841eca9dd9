#!/bin/bash
# In the guest, as root: Postgres and a first certificate, then the units as hosts have them, and what they are for: they serve,
# read certificates again, are started anew where they die or hang, and leave in order.
# Names are fill.py's.
# shellcheck disable=SC2154
set -uo pipefail
exec >/dev/ttyS0 2>&1
# shellcheck disable=SC1091
source /check/names
daemons='coordinator broker node'
# An emulated machine on a busy one is slow; what is measured is said.
patience=300
ok() { printf 'guest: %s\n' "$*"; }
fail() { printf 'failed: guest: %s\n' "$*"; }
address() { local name=$1_address; printf '%s' "${!name}"; }
ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "http://$(address "$1"):$port_admin/readyz")" = 200 ]; }
# within SECONDS COMMAND ...: says how long it took.
within() {
  local began=$SECONDS limit=$1
  until "${@:2}"; do
    [ $((SECONDS - began)) -lt "$limit" ] || return 1
    sleep 0.2
  done
  took=$((SECONDS - began))
}
property() { systemctl show --property "$2" --value "$1"; }
started_again() { [ "$(property "$1" NRestarts)" -gt "$2" ]; }

publish() { /check/bin/paceline catalog import /check/catalog --coordinator "http://$(address coordinator):$port_admin" >/tmp/said 2>&1; }

prepare() {
  local user
  ip link set lo up
  for one in $addresses; do ip addr add "$one/32" dev lo; done
  echo /check/lib >/etc/ld.so.conf.d/check.conf
  ldconfig
  groupadd --system measured
  for user in identity paceline-node paceline-broker paceline-coordinator; do useradd --system --user-group --no-create-home "$user"; done
  install -d -g measured -m 1775 /var/lib/measured
  install -d -m 0751 /run/secrets
  cd /run/secrets || exit
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=fleet -keyout ca.key -out authority
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=guest -keyout identity-key -out request
  # Three hosts in one: this one certificate is each of them.
  printf 'subjectAltName=DNS:coordinator.%s,DNS:broker.%s.%s,URI:spiffe://%s/host/%s,URI:spiffe://%s/host/%s\n' \
    "$domain" "$region" "$domain" "$domain" "$broker" "$domain" "$node" >names
  openssl x509 -req -in request -CA authority -CAkey ca.key -CAcreateserial -days 20 -extfile names -out identity
  printf 'secret-ledger\n' >ledger-password
  printf '%s %s\n' "$(date +%s)" "$(openssl rand -hex 32)" >notice-keys
  umask 022
  cd / || exit
  sed -i "s/^port = .*/port = $port_database/" /etc/postgresql/*/main/postgresql.conf
  systemctl restart postgresql
  within 30 runuser -u postgres -- psql -p "$port_database" -qc "create role paceline login password 'secret-ledger'" &&
    runuser -u postgres -- psql -p "$port_database" -qc 'alter role paceline set search_path = public' \
      -c 'create database paceline owner paceline'
  cp /check/units/*.service /etc/systemd/system
  systemctl daemon-reload
}

start() {
  if ! systemctl start "$1"; then
    fail "$1 does not start: $(journalctl --no-pager --output cat --unit "$1" --lines 12 | tr '\n' '|')"
    return 1
  fi
}

serve() {
  local daemon
  start identity.service || return 1
  for daemon in $daemons; do
    start "paceline-$daemon.service" || return 1
    within $patience ready "$daemon" || { fail "$daemon is not ready: $(curl -s "http://$(address "$daemon"):$port_admin/readyz")"; return 1; }
    ok "$daemon is ready"
    if [ "$daemon" = coordinator ]; then
      within $patience publish ||
        { fail "no catalog is published: $(tail -n 3 /tmp/said | tr '\n' '|')"; return 1; }
    fi
  done
  local status
  status=$(curl -s -o /tmp/answer -w '%{http_code}' --json @/check/request.json "http://$(address node):$port_serve/openrtb2/bid")
  if [ "$status" = 200 ]; then ok "a request was answered with $(jq '[.seatbid[].bid[]] | length' /tmp/answer) bids"; else fail "a request was answered with $status"; fi
}

hold() {
  local daemon unit before
  for daemon in $daemons; do
    unit=paceline-$daemon.service before=$(property "$unit" MainPID)
    systemctl reload "$unit" || fail "$daemon could not be reloaded"
    sleep 1
    if [ "$(property "$unit" MainPID)" != "$before" ] || ! ready "$daemon"; then fail "$daemon did not bear a reload"; fi
    before=$(property "$unit" NRestarts)
    systemctl kill --signal KILL "$unit"
    if within $patience started_again "$unit" "$before" && within $patience ready "$daemon"; then ok "$daemon was killed, and ready again after $took s"
    else fail "$daemon was killed, and is not back: $(journalctl --no-pager --output cat --unit "$unit" --lines 6 | tr '\n' '|')"; fi
  done
  before=$(property paceline-node NRestarts)
  systemctl kill --signal STOP paceline-node.service
  if within $patience started_again paceline-node "$before" && within $patience ready node; then ok 'the node hung, and its watchdog started it again'
  else fail 'the node hung, and nobody started it again'; fi
}

ship() {
  # In the place of a bucket a folder; all else is the unit's own. A node that was killed three times has finished segments.
  mkdir -p /etc/systemd/system/ship-journals.service.d
  printf '[Service]\nEnvironment=RCLONE_CONFIG_JOURNALS_TYPE=local TARGET=journals:/var/lib/ship-journals/bucket\n' \
    >/etc/systemd/system/ship-journals.service.d/bucket.conf
  systemctl daemon-reload
  start ship-journals.service || return
  local packed
  packed=$(find /var/lib/ship-journals/bucket -name '*.zst' | wc -l)
  if [ "$packed" -gt 0 ] && runuser -u nobody -- grep -q shipped /var/lib/measured/journals.prom; then ok "$packed segments were shipped"
  else fail "$packed segments were shipped: $(find /var/lib/measured /var/lib/paceline/journal | tr '\n' '|')"; fi
  # What the bucket has is a journal.
  find /var/lib/ship-journals/bucket -name '*.zst' -exec zstd --quiet --decompress --rm {} +
  if /check/bin/paceline journal verify /var/lib/ship-journals/bucket/*/shard-*; then ok 'what was shipped is a whole journal'
  else fail 'what was shipped is no journal'; fi
}

leave() {
  local daemon began
  for daemon in node broker coordinator; do
    began=$SECONDS
    systemctl stop "paceline-$daemon.service"
    if [ "$(property "paceline-$daemon" Result)" = success ]; then ok "$daemon left in order, after $((SECONDS - began)) s"
    else fail "$daemon left with $(property "paceline-$daemon" Result)"; fi
  done
}

# What a filter forbids ends a process with SYS, and its number is in the kernel's log.
look() {
  local forbidden
  forbidden=$(journalctl --no-pager | grep -oE 'status=31/SYS|comm="[^"]*".* syscall=[0-9]+' | sort -u | tr '\n' ' ')
  if [ -n "$forbidden" ]; then fail "system calls were forbidden: $forbidden"; else ok 'no system call was forbidden'; fi
}

ok 'boots'
prepare >/tmp/prepared 2>&1 || fail "$(tail -n 3 /tmp/prepared)"
serve && hold && ship && leave
look
printf 'guest: ends\n'
systemctl poweroff --force --force
