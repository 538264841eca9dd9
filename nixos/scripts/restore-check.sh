# shellcheck shell=bash
# restore-check.sh: on a standby, takes the last backup from either cloud, lets Postgres recover it with the archive beside the
# one that serves, on a socket that only this script knows, and has the ledger's sums compared with its balances. Says when
# that last went well; how old that is is alerted on.
set -euo pipefail
for pair in ${CREDENTIALS-}; do
  export "${pair%%=*}=$(<"${CREDENTIALS_DIRECTORY:?}/${pair#*=}")"
done
if curl --silent --fail --max-time 5 --output /dev/null "${PATRONI:?}/primary"; then
  echo "this host is the primary, whose disk has better things to do"
  exit 0
fi
scratch=/var/lib/patroni/restore-check
# What an earlier run left when it was ended.
rm -rf "$scratch"
mkdir -m 0700 "$scratch"
trap 'pg_ctl --pgdata "$scratch/data" --mode immediate stop >/dev/null 2>&1 || true; rm -rf "$scratch"' EXIT
ask() { psql --no-psqlrc --tuples-only --no-align --host "$scratch" --port 5433 --username postgres "$@"; }

# Odd weeks the one cloud's, even weeks the other's.
repository=$((10#$(date -u +%V) % 2 + 1))
mkdir -m 0700 "$scratch/data"
pgbackrest --stanza=paceline --repo="$repository" --pg1-path="$scratch/data" --type=immediate --target-action=promote \
  --archive-mode=off restore
cat >"$scratch/data/pg_hba.conf" <<'HBA'
local all all trust
HBA
pg_ctl --pgdata "$scratch/data" --timeout 3600 --wait --options \
  "-c listen_addresses= -c unix_socket_directories=$scratch -c port=5433 -c shared_buffers=256MB -c max_connections=100" start
# It can be read before it has come to its end.
for ((waited = 0; waited < 3600; waited++)); do
  [ "$(ask --command 'select pg_is_in_recovery()' postgres)" != f ] || break
  sleep 1
done
[ "$waited" -lt 3600 ] || { echo "it did not come to its end" >&2; exit 1; }
# Every page of every table is read, and its checksum with it.
pg_dump --host "$scratch" --port 5433 --username postgres --file /dev/null paceline
# As `paceline ledger verify` asks: a place whose movements do not add up to its balance.
wrong=$(ask --command 'select count(*) from paceline.imbalances' paceline)
[ "$wrong" = 0 ] || { echo "$wrong balances are not the sum of their movements" >&2; exit 1; }
printf 'paceline_restore_check_success_seconds{repository="%s"} %s\n' "$repository" "$(date +%s)" \
  >"/var/lib/measured/restore-check-$repository.prom.new"
mv "/var/lib/measured/restore-check-$repository.prom.new" "/var/lib/measured/restore-check-$repository.prom"
