#!/usr/bin/env bash
# apt-install.sh PACKAGE...: as root, installs the packages without a question and without starting any
# service. It waits for other users of apt, five minutes at most, and says what apt said where it does not
# succeed.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
# A package's service is not to be started by its installation (Debian's invoke-rc.d starts none in runlevel
# 1; systemd does not start what is masked): this machine may already use its port.
export RUNLEVEL=1
readonly lock_seconds=300

masked=()
for package in "$@"; do
  case $package in
    nginx*)
      if [ -d /run/systemd/system ] && systemctl mask --runtime --quiet nginx.service; then
        masked+=(nginx.service)
      fi ;;
  esac
done
unmask() { [ ${#masked[@]} -eq 0 ] || systemctl unmask --runtime --quiet "${masked[@]}"; }
trap unmask EXIT

# apt's own timeout covers dpkg's lock but not that of the package lists.
output=$(mktemp)
deadline=$((SECONDS + lock_seconds))
until apt-get -qq update >"$output" 2>&1; do
  if ! grep -q 'Could not get lock' "$output" || [ "$SECONDS" -ge "$deadline" ]; then
    cat "$output" >&2
    echo "apt-get update failed; the installation is tried with the lists that are here" >&2
    break
  fi
  sleep 3
done
rm -f "$output"
apt-get -qq -o "DPkg::Lock::Timeout=$lock_seconds" install -y --no-install-recommends "$@"
