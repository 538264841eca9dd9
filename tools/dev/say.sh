# shellcheck shell=bash
# What `dev` says and how: colour only on a terminal, complaints on standard error, exit status 2 for wrong
# usage.

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else
  green='' red='' yellow='' plain=''
fi
# shellcheck disable=SC2034  # read by the scripts that source this
readonly green red yellow plain

say() { printf '%s\n' "$*"; }

complain() { printf 'dev: %s\n' "$*" >&2; }

fail() {
  complain "$*"
  exit 1
}

# usage NAME MESSAGE: for arguments that are not understood.
usage() {
  complain "$2"
  cat "tools/dev/help/$1" >&2
  exit 2
}

# source_lists: the files that people write here, as the arrays swift_files and shell_files; no build output.
source_lists() {
  local file
  swift_files=() shell_files=()
  while IFS= read -r -d '' file; do
    case $file in
      *.swift) swift_files+=("$file") ;;
      # The files that a script sources are checked with it, where their variables are known.
      *) if head -n 1 -- "$file" | grep -q '^#!.*sh$'; then shell_files+=("$file"); fi ;;
    esac
  done < <(find . \( -name .git -o -name '.build*' -o -name .swiftpm -o -name Corpus \) -prune \
    -o -type f \( -name '*.swift' -o -name '*.sh' -o -name dev -o -name run -o -path '*/GameDays/bin/*' -o -path '*/GameDays/host/*' \) -print0 | sort -z)
}
