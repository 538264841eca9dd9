# shellcheck shell=bash
# The ledger's database of `dev up`: a Postgres of its own.

# database_command_of NAME: into `command`.
database_command_of() {
  command=("${as_postgres[@]}" "$postgres_programs/postgres" -D "$(own_folder "$1")" -p "$(serves "$1")"
    -c "listen_addresses=$(host "$1")" -c unix_socket_directories= -c max_connections=50 -c shared_buffers=32MB
    -c log_min_messages=warning)
}

# own_folder NAME: where a Postgres has its data: below its state, or where nobody may enter that, beside other things of this machine.
own_folder() {
  if [ -n "$databases" ]; then printf '%s-%s' "$databases" "$1"; else printf '%s' "$state/$1/data"; fi
}

# find_postgres: `postgres_programs`, and as whom they run. Postgres refuses to run as root: where we are root it runs as `nobody`.
find_postgres() {
  local folder
  as_postgres=() postgres_programs='' databases=''
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

has_postgres() {
  local program
  for program in initdb postgres psql pg_isready; do [ -x "$1/$program" ] || return 1; done
}

# make_databases: what the fleet's begin with. `is_new` says that the state is.
make_databases() {
  local name found=()
  find_postgres
  of_role postgres
  for name in "${found[@]}"; do make_database "$(own_folder "$name")" "$state/$name/initdb.log"; done
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

# provide_database NAME: in the server that answers now.
provide_database() {
  local sql=("$postgres_programs/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$(host "$1")" -p "$(serves "$1")" -U paceline)
  local found
  found=$(PGPASSWORD=$(cat "$state/password") "${sql[@]}" -d postgres -c \
    "select 1 from pg_database where datname = 'paceline'") || fail "Postgres does not answer: $found"
  [ "$found" = 1 ] || PGPASSWORD=$(cat "$state/password") "${sql[@]}" -d postgres -c 'create database paceline' ||
    fail "the database could not be created"
}
