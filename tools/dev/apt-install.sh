#!/usr/bin/env bash
# apt-install.sh PACKAGE...: as root, installs the packages without a question and leaves no service of theirs running
# or enabled. It waits for other users of apt, five minutes at most.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
readonly lock_seconds=300

# nginx is a peer to measure, not a server of this machine, whose port 80 may be taken. Where no systemd runs, Debian's
# invoke-rc.d starts nothing; where one does, what is masked is not started.
service=''
case " $* " in *' nginx'*) [ -e /etc/init.d/nginx ] || service=nginx.service ;; esac
if [ -n "$service" ] && [ -d /run/systemd/system ]; then
  systemctl mask --runtime --quiet "$service"
  trap 'systemctl unmask --runtime --quiet "$service"' EXIT
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

# Its installation enabled it for the next start of the machine.
if [ -n "$service" ] && command -v systemctl >/dev/null; then systemctl disable --quiet "$service"; fi
