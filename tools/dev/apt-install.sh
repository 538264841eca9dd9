#!/usr/bin/env bash
# apt-install.sh PACKAGE...: as root, installs the packages without a question and leaves no service of theirs running
# or enabled. It waits for other users of apt, five minutes at most.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
readonly lock_seconds=300

# These are peers to measure and checkers of configurations, not servers of this machine, whose ports may be taken. Where no
# systemd runs, Debian's invoke-rc.d starts nothing; where one does, what is masked is not started.
services=()
for package in "$@"; do
  case $package in
    nginx*) name=nginx ;;
    haproxy | prometheus | prometheus-alertmanager) name=$package ;;
    *) continue ;;
  esac
  [ -e "/etc/init.d/$name" ] || services+=("$name.service")
done
if [ ${#services[@]} -gt 0 ] && [ -d /run/systemd/system ]; then
  systemctl mask --runtime --quiet "${services[@]}"
  trap 'systemctl unmask --runtime --quiet "${services[@]}"' EXIT
fi

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

# Their installation enabled them for the next start of the machine.
if [ ${#services[@]} -gt 0 ] && command -v systemctl >/dev/null; then systemctl disable --quiet "${services[@]}"; fi
