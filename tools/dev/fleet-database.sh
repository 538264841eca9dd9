# shellcheck shell=bash
# The ledger's database of `dev up`: one Postgres, or with --ha three members of Patroni with three of etcd, and HAProxy in front, with
# the settings of nixos/profiles/database.nix, database-route.nix and etcd.nix as far as one machine can have them.

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
      # Pauses of a busy machine are no losses, as in nixos/profiles/etcd.nix.
      command=(etcd --name "$name" --data-dir "$state/$name/data" --log-level warn --heartbeat-interval 150 --election-timeout 1500
        --listen-client-urls "$(url "$name" serves)" --advertise-client-urls "$(url "$name" serves)"
        --listen-peer-urls "$(url "$name" admin)" --initial-advertise-peer-urls "$(url "$name" admin)"
        --initial-cluster "$(etcd_members)" --initial-cluster-token paceline) ;;
    # It ends its Postgres in order when it is told to, and when this script is gone.
    database) command=("${as_patroni[@]}" "$patroni" "$own/patroni.yml") ;;
    proxy) command=("$haproxy" -db -f "$state/$name/haproxy.cfg") ;;
  esac
}

url() { printf 'http://%s:%s' "$(host "$1")" "$("$2" "$1")"; }

etcd_members() {
  local name found=() all=()
  of_role etcd
  for name in "${found[@]}"; do all+=("$name=$(url "$name" admin)"); done
  joined "${all[@]}"
}

# own_folder NAME: where a Postgres has its data, and a member of Patroni its settings beside them: below its state, or where nobody may
# enter that, beside other things of this machine.
own_folder() {
  if [ -n "$databases" ]; then printf '%s-%s' "$databases" "$1"; else printf '%s' "$state/$1/data"; fi
}

# postmaster NAME: its number, in `found_pid`; empty where no Postgres of this member runs. A file of one that was killed may name
# another process by now.
postmaster() {
  local data words
  data=$(own_folder "$1")/data found_pid=''
  read -r found_pid 2>/dev/null <"$data/postmaster.pid" || true
  [ -n "$found_pid" ] || return 0
  words=$(tr '\0' ' ' 2>/dev/null <"/proc/$found_pid/cmdline") || words=''
  [[ $words == *" $data "* ]] || found_pid=''
}

# kill_postgres NAME: of a member whose Patroni is not there to end it.
kill_postgres() {
  local found_pid
  [ "${role_of[$1]}" = database ] || return 0
  postmaster "$1"
  [ -z "$found_pid" ] || kill -KILL "$found_pid" 2>/dev/null || true
}

# MARK: what is made before the first start

# find_postgres: `postgres_programs`, and as whom they run. Postgres refuses to run as root: where we are root it runs as `nobody`.
find_postgres() {
  local folder
  as_postgres=() postgres_programs=''
  # The newest that apt has installed, else those of PATH.
  while read -r folder; do
    if has_postgres "$folder"; then postgres_programs=$folder && break; fi
  done < <(compgen -G '/usr/lib/postgresql/*/bin' | sort --version-sort --reverse && tr : '\n' <<<"$PATH")
  [ -n "$postgres_programs" ] || fail "no Postgres is here; apt has it as postgresql"
  [ "$(id -u)" -eq 0 ] || return 0
  as_postgres=(setpriv --reuid nobody --regid nogroup --clear-groups --pdeathsig INT --)
  if ! "${as_postgres[@]}" test -x "$state"; then
    databases=/var/tmp/paceline-postgres-$(cksum <<<"$state" | cut -d' ' -f1)
    complain "nobody, who runs Postgres where we are root, cannot enter $state: it is in $databases-*"
  fi
}

# refuse_strange FOLDER: anybody may make things where the databases of root's fleet lie, and a link there would lead what root writes
# elsewhere.
refuse_strange() {
  local owner
  [ -n "$databases" ] || return 0
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return; fi
  owner=$(stat -c %u -- "$1")
  if [ ! -L "$1" ] && [ -d "$1" ] && { [ "$owner" = 0 ] || [ "$owner" = "$(id -u nobody)" ]; }; then return; fi
  fail "$1, where this fleet has a database, is no folder of root's or nobody's: $(stat -c '%F of %U' -- "$1"). Look what it is, and take" \
    "it away; or give --state another folder"
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
  find_patroni
  for name in "${found[@]}"; do make_member "$name"; done
  of_role etcd
  for name in "${found[@]}"; do [ -z "${is_new-}" ] || rm -rf "$state/$name/data"; done
  of_role proxy
  haproxy=$(command -v haproxy || printf /usr/sbin/haproxy)
  proxy_settings "${found[0]}" >"$state/${found[0]}/haproxy.cfg"
}

# make_member NAME: the folder of a member of Patroni, where whoever runs it may write and nobody else may look.
make_member() {
  local own password
  own=$(own_folder "$1") password=$(cat "$state/password")
  refuse_strange "$own"
  [ -z "${is_new-}" ] || rm -rf "$own"
  # Without -p, and looked at once more: somebody else may have made it meanwhile.
  mkdir -m 700 "$own" 2>/dev/null || refuse_strange "$own"
  chmod 700 "$own"
  rm -f "$own/patroni.yml" "$own/make-database.sh"
  patroni_settings "$1" >"$own/patroni.yml"
  # The hosts' own, with what their units give it.
  { printf 'export LEDGER_PASSWORD=%q PATH=%q\n' "$password" "$postgres_programs:$PATH" && cat nixos/scripts/make-database.sh; } \
    >"$own/make-database.sh"
  [ "$(id -u)" -ne 0 ] || chown --no-dereference nobody "$own" "$own/patroni.yml" "$own/make-database.sh"
}

# make_database FOLDER LOG: of one Postgres, the first time.
make_database() {
  local words
  refuse_strange "$1"
  if [ -z "${is_new-}" ] && [ -e "$1/PG_VERSION" ]; then return; fi
  rm -rf "$1"
  mkdir -m 700 "$1"
  # Whoever initdb runs as may not read our own file.
  words=$(mktemp "$1.XXXXXX")
  cat "$state/password" >"$words"
  if [ "$(id -u)" -eq 0 ]; then chown --no-dereference nobody "$1" "$words"; fi
  "${as_postgres[@]}" "$postgres_programs/initdb" --pgdata "$1" --username paceline --auth scram-sha-256 \
    --pwfile "$words" --encoding UTF8 --locale C >"$2" 2>&1 ||
    { rm -f "$words"; fail "initdb failed: $(tail -n 3 "$2")"; }
  rm -f "$words"
}

# find_patroni: `patroni`, of PyPI or the one of PATH, and as whom it runs. It starts its own Python once more to start Postgres, and waits for
# good where that may not be run: so it is tried as it will be, from a process of whoever runs it.
find_patroni() {
  local capability=+dac_read_search
  if provide_python "${patroni_packages[@]}"; then
    patroni=$root/.build/python/bin/patroni
  else
    patroni=$(command -v patroni) || fail "no Patroni is here, and PyPI did not give it (patroni[etcd3]); apt has it as patroni"
  fi
  as_patroni=()
  [ "$(id -u)" -eq 0 ] || return 0
  as_patroni=(setpriv --reuid nobody --regid nogroup --clear-groups --pdeathsig TERM --)
  if runs_patroni; then return; fi
  # Where Python lies in root's home nobody may read it all the same, as nixos/checks/live.py does it.
  as_patroni=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps "$capability" --ambient-caps "$capability"
    --pdeathsig TERM --)
  runs_patroni || fail "nobody, who runs Patroni where we are root, cannot run $patroni: run ./dev up --ha as an ordinary user"
}

runs_patroni() { "${as_patroni[@]}" env "$patroni" --version >/dev/null 2>&1; }

patroni_settings() {
  local name=$1 own password consensus=() found=()
  own=$(own_folder "$name") password=$(cat "$state/password")
  of_role etcd
  for name in "${found[@]}"; do consensus+=("$(host "$name"):$(serves "$name")"); done
  name=$1
  cat <<YAML
scope: paceline
name: $name
restapi:
  listen: "$(host "$name"):$(admin "$name")"
  connect_address: "$(host "$name"):$(admin "$name")"
  authentication: { username: patroni, password: $password }
etcd3: { hosts: "$(joined "${consensus[@]}")" }
bootstrap:
  dcs:
    # A machine that is lost here is to be seen lost soon: 20 s is the least that Patroni takes, and nixos/ has 30, 10 and 10.
    ttl: 20
    loop_wait: 2
    retry_timeout: 3
    synchronous_mode: quorum
    synchronous_mode_strict: true
    synchronous_node_count: 1
    failsafe_mode: true
    maximum_lag_on_failover: 1048576
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_level: replica
        hot_standby: "on"
        synchronous_commit: "on"
        max_wal_senders: 10
        max_replication_slots: 10
        wal_log_hints: "on"
        max_slot_wal_keep_size: 1GB
        max_connections: 60
        shared_buffers: 32MB
        jit: "off"
        password_encryption: scram-sha-256
        idle_in_transaction_session_timeout: 30s
        log_min_messages: warning
  initdb: [ { encoding: UTF8 }, { locale: C.UTF-8 }, data-checksums ]
  post_bootstrap: "bash '$own/make-database.sh'"
postgresql:
  listen: "$(host "$name"):$(serves "$name")"
  connect_address: "$(host "$name"):$(serves "$name")"
  bin_dir: "$postgres_programs"
  data_dir: "$own/data"
  pgpass: "$own/pgpass"
  authentication:
    superuser: { username: postgres, password: $password }
    replication: { username: replicator, password: $password }
    rewind: { username: rewind, password: $password }
  parameters: { unix_socket_directories: "" }
  basebackup: { checkpoint: fast }
  pg_hba:
    - host replication replicator 127.0.0.0/8 scram-sha-256
    - host all postgres 127.0.0.0/8 scram-sha-256
    - host all rewind 127.0.0.0/8 scram-sha-256
    - host paceline paceline 127.0.0.0/8 scram-sha-256
YAML
}

# proxy_settings NAME: to whoever says that it is primary.
proxy_settings() {
  local proxy=$1 name found=()
  of_role database
  cat <<CFG
global
  maxconn 200
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 2s
listen primary
  bind $(host "$proxy"):$(serves "$proxy")
  option httpchk
  http-check send meth GET uri /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
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

# ask_database NAME DATABASE SQL: in the server that answers there, as the coordinators do.
ask_database() {
  PGPASSWORD=$(cat "$state/password") "$postgres_programs/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$(host "$1")" -p "$(serves "$1")" \
    -U paceline -d "$2" -c "$3" 2>&1
}

# provide_database NAME: in one Postgres it is made here; Patroni has made it where the proxy leads to.
provide_database() {
  local found deadline=$((SECONDS + start_seconds))
  if [ "${role_of[$1]}" = proxy ]; then
    until found=$(ask_database "$1" paceline 'select 1'); do
      [ -z "$stopping" ] || return 0
      [ "$SECONDS" -lt "$deadline" ] || fail "the database does not answer behind the proxy: $found"
      pause
    done
    return
  fi
  found=$(ask_database "$1" postgres "select 1 from pg_database where datname = 'paceline'") || fail "Postgres does not answer: $found"
  [ "$found" = 1 ] || found=$(ask_database "$1" postgres 'create database paceline') || fail "the database could not be created: $found"
}

# print_database_hints: who is there, and how to look at it.
print_database_hints() {
  local name found=() endpoint own proxy control password
  for name in "${members[@]}"; do
    case ${role_of[$name]} in
      etcd) printf '  %-14s clients http://%s:%s\n' "$name" "$(host "$name")" "$(serves "$name")" ;;
      database)
        printf '  %-14s Postgres %s:%s    Patroni http://%s:%s/cluster\n' "$name" "$(host "$name")" "$(serves "$name")" \
          "$(host "$name")" "$(admin "$name")" ;;
      proxy) printf '  %-14s to the primary %s:%s\n' "$name" "$(host "$name")" "$(serves "$name")" ;;
    esac
  done
  of_role etcd
  endpoint=$(url "${found[0]}" serves)
  of_role proxy
  proxy="-h $(host "${found[0]}") -p $(serves "${found[0]}")"
  of_role database
  own=$(shown "$(own_folder "${found[0]}")")
  control="$(shown "$patroni")ctl -c $own/patroni.yml" password=$(shown "$state/password")
  say
  cat <<TEXT
  $control list                  who is primary, and who may acknowledge its commits
  $control switchover --force    another one is, in order
  PGPASSWORD=\$(cat $password) psql $proxy -U paceline    the ledger's tables, wherever they are
  ETCDCTL_API=3 etcdctl --endpoints $endpoint get --prefix paceline:ledger:    how far the ledger has come
TEXT
}
