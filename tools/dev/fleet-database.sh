# shellcheck shell=bash
# The ledger's database of `dev up`: one Postgres, or with --ha three members of Patroni with three of etcd, and HAProxy in front, as
# nixos/profiles has them.

# of_database: where coordinators find it, in `found`: the proxy, where there is one.
of_database() {
  of_role proxy
  [ ${#found[@]} -gt 0 ] || of_role postgres
}

# database_command_of NAME: into `command`.
database_command_of() {
  local name=$1 own
  own=$(own_folder "$name")
  case ${role_of[$name]} in
    postgres)
      command=("${as_postgres[@]}" "$postgres_programs/postgres" -D "$own" -p "$(serves "$name")"
        -c "listen_addresses=$(host "$name")" -c unix_socket_directories= -c max_connections=50 -c shared_buffers=32MB
        -c log_min_messages=warning) ;;
    etcd)
      command=(etcd --name "$name" --data-dir "$state/$name/data" --log-level warn
        --listen-client-urls "$(url "$name" serves)" --advertise-client-urls "$(url "$name" serves)"
        --listen-peer-urls "$(url "$name" admin)" --initial-advertise-peer-urls "$(url "$name" admin)"
        --initial-cluster "$(etcd_members)" --initial-cluster-token paceline) ;;
    # It ends its Postgres in order when it is told to, and when this script is gone.
    database) command=("${as_patroni[@]}" "$patroni" "$own.yml") ;;
    proxy) command=(haproxy -W -db -f "$state/$name/haproxy.cfg") ;;
  esac
}

url() { printf 'http://%s:%s' "$(host "$1")" "$("$2" "$1")"; }

etcd_members() {
  local name found=() all=()
  of_role etcd
  for name in "${found[@]}"; do all+=("$name=$(url "$name" admin)"); done
  joined "${all[@]}"
}

# own_folder NAME: where a Postgres has its data: below its state, or where nobody may enter that, beside other things of this machine.
own_folder() {
  if [ -n "$databases" ]; then printf '%s-%s' "$databases" "$1"; else printf '%s' "$state/$1/data"; fi
}

# MARK: what is made before the first start

# find_postgres: `postgres_programs`, and as whom they run. Postgres refuses to run as root: where we are root it runs as `nobody`.
find_postgres() {
  local folder
  as_postgres=() as_patroni=() postgres_programs='' databases=''
  # The newest that apt has installed, else those of PATH.
  while read -r folder; do
    if has_postgres "$folder"; then postgres_programs=$folder && break; fi
  done < <(compgen -G '/usr/lib/postgresql/*/bin' | sort --version-sort --reverse && tr : '\n' <<<"$PATH")
  [ -n "$postgres_programs" ] || fail "no Postgres is here; apt has it as postgresql"
  [ "$(id -u)" -eq 0 ] || return 0
  as_postgres=(setpriv --reuid nobody --regid nogroup --clear-groups --pdeathsig INT --)
  as_patroni=(setpriv --reuid nobody --regid nogroup --clear-groups --pdeathsig TERM --)
  if ! "${as_postgres[@]}" test -x "$state"; then
    databases=/var/tmp/paceline-postgres-$(cksum <<<"$state" | cut -d' ' -f1)
    complain "nobody, who runs Postgres where we are root, cannot enter $state: it is in $databases-*"
  fi
}

has_postgres() {
  local program
  for program in initdb postgres psql pg_isready; do [ -x "$1/$program" ] || return 1; done
}

# make_databases: what its members begin with. `is_new` says that the state is.
make_databases() {
  local name found=()
  find_postgres
  of_role postgres
  for name in "${found[@]}"; do make_database "$(own_folder "$name")" "$state/$name/initdb.log"; done
  of_role database
  [ ${#found[@]} -gt 0 ] || return 0
  make_patroni
  for name in "${found[@]}"; do
    [ -z "${is_new-}" ] || rm -rf "$(own_folder "$name")"
    (umask 077 && patroni_settings "$name" >"$(own_folder "$name").yml")
    # Whoever Patroni runs as may not read our own file.
    [ "$(id -u)" -ne 0 ] || chown nobody "$(own_folder "$name").yml" "$(dirname "$(own_folder "$name")")"
  done
  of_role etcd
  for name in "${found[@]}"; do [ -z "${is_new-}" ] || rm -rf "$state/$name/data"; done
  of_role proxy
  proxy_settings "${found[0]}" >"$state/${found[0]}/haproxy.cfg"
}

# make_database FOLDER LOG: of one Postgres, the first time.
make_database() {
  if [ -z "${is_new-}" ] && [ -e "$1/PG_VERSION" ]; then return; fi
  rm -rf "$1"
  mkdir -p "$1"
  chmod 700 "$1"
  # Whoever initdb runs as may not read our own file.
  (umask 077 && cp "$state/password" "$1.password")
  if [ "$(id -u)" -eq 0 ]; then chown nobody "$1" "$1.password"; fi
  "${as_postgres[@]}" "$postgres_programs/initdb" --pgdata "$1" --username paceline --auth scram-sha-256 \
    --pwfile "$1.password" --encoding UTF8 --locale C >"$2" 2>&1 ||
    fail "initdb failed: $(tail -n 3 "$2")"
  rm -f "$1.password"
}

# make_patroni: `patroni`, of PyPI in an environment that whoever runs it may enter, or the one of PATH.
make_patroni() {
  local environment=.build/python
  if provide_python 'patroni[etcd3]' 'psycopg[binary]'; then patroni=$root/$environment/bin/patroni; else patroni=$(command -v patroni || true); fi
  [ -x "$patroni" ] || fail "no Patroni is here; PyPI has it as patroni[etcd3], apt as patroni"
  "${as_patroni[@]}" "$patroni" --version >/dev/null 2>&1 ||
    fail "nobody, who runs Patroni where we are root, cannot run $patroni: run ./dev up --ha as an ordinary user"
}

patroni_settings() {
  local name=$1 password others=() found=()
  password=$(cat "$state/password")
  of_role etcd
  for name in "${found[@]}"; do others+=("$(host "$name"):$(serves "$name")"); done
  name=$1
  # What nixos/profiles/database.nix has, but for time: a machine that is lost here is to be seen lost soon.
  cat <<YAML
scope: paceline
name: $name
restapi: { listen: "$(host "$name"):$(admin "$name")", connect_address: "$(host "$name"):$(admin "$name")" }
etcd3: { hosts: "$(joined "${others[@]}")" }
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    synchronous_mode: quorum
    synchronous_mode_strict: true
    synchronous_node_count: 1
    failsafe_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: { max_connections: 60, shared_buffers: 32MB, wal_log_hints: "on", log_min_messages: warning }
  initdb: [ { encoding: UTF8 }, { locale: C }, { auth: scram-sha-256 } ]
postgresql:
  listen: "$(host "$name"):$(serves "$name")"
  connect_address: "$(host "$name"):$(serves "$name")"
  bin_dir: "$postgres_programs"
  data_dir: "$(own_folder "$name")"
  pgpass: "$(own_folder "$name").pgpass"
  authentication:
    superuser: { username: paceline, password: $password }
    replication: { username: replicator, password: $password }
    rewind: { username: rewinder, password: $password }
  parameters: { unix_socket_directories: "" }
  pg_hba:
    - host all all 127.0.0.0/8 scram-sha-256
    - host replication replicator 127.0.0.0/8 scram-sha-256
YAML
}

# proxy_settings NAME: to whoever says that it is primary, as nixos/profiles/database-route.nix has it.
proxy_settings() {
  local proxy=$1 name found=()
  of_role database
  cat <<CFG
global
  maxconn 200
defaults
  mode tcp
  timeout connect 2s
  timeout client 60m
  timeout server 60m
listen primary
  bind $(host "$proxy"):$(serves "$proxy")
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
CFG
  for name in "${found[@]}"; do
    printf '  server %s %s:%s check port %s\n' "$name" "$(host "$name")" "$(serves "$name")" "$(admin "$name")"
  done
}

# primary: the name of the member that says it is primary, in `led`; empty where none does.
primary() {
  local found=() name
  led=''
  of_role database
  for name in "${found[@]}"; do
    if answers "$(host "$name")" "$(admin "$name")" /primary; then led=$name; fi
  done
}

# provide_database NAME: in the server that answers now.
provide_database() {
  local sql=("$postgres_programs/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$(host "$1")" -p "$(serves "$1")" -U paceline)
  local found
  found=$(PGPASSWORD=$(cat "$state/password") "${sql[@]}" -d postgres -c \
    "select 1 from pg_database where datname = 'paceline'") || fail "Postgres does not answer: $found"
  [ "$found" = 1 ] || PGPASSWORD=$(cat "$state/password") "${sql[@]}" -d postgres -c 'create database paceline' ||
    fail "the database could not be created"
}
