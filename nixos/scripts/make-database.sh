# shellcheck shell=bash
# make-database.sh CONNECTION: once, when Patroni has made the cluster: the ledger's role and database, and the role that
# metrics are read as. The coordinator makes the tables at its first start.
set -euo pipefail
connection=$1
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="${LEDGER_PASSWORD:?}" "$connection" <<'SQL'
create role paceline login password :'password';
-- The first migration makes a schema of the role's own name, in which names without a schema would be looked for from then on.
alter role paceline set search_path = public;
create database paceline owner paceline;
create role "postgres-exporter" login;
grant pg_monitor to "postgres-exporter";
SQL
