"""Deploys hosts of the fleet one after the other, in an order that keeps it serving, and stops at the first that is not well.

etcd and databases come first, standbys before the primary, which hands over before its turn; then who watches, coordinators
with the leader last, brokers, nodes, edges. Before each host all others that do the same work have to be well, and after it the
host itself. Where it does not come through deploy-rs brings back what it ran before; the hosts behind it stay as they are.
"""

import argparse
import collections.abc
import dataclasses
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

ORDER = ("etcd", "database", "observability", "coordinator", "broker", "node", "edge")


class Refused(Exception):
    """Why nothing more is deployed."""


@dataclasses.dataclass(frozen=True)
class Host:
    name: str
    region: str
    environment: str
    roles: tuple[str, ...]
    mesh: str
    address: str


class Fleet:
    def __init__(self, root: pathlib.Path) -> None:
        file = json.loads((root / "fleet.json").read_text(encoding="utf-8"))
        traffic = json.loads((root / "traffic.json").read_text(encoding="utf-8"))
        self.ports: dict[str, int] = {**file["ports"], **traffic["ports"]}
        self.hosts = [
            Host(host["name"], region["name"], region["environment"], tuple(host["roles"]), host["mesh"], host["address"])
            for region in file["regions"]
            for host in region["hosts"]
        ]

    def get(self, address: str, port: str, path: str) -> tuple[int, bytes]:
        """Status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{address}:{self.ports[port]}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def trouble(self, host: Host) -> str | None:
        """What is wrong with a host, by each of its roles."""
        checks = {
            "etcd": ("etcdMetrics", "/health"),
            "database": ("patroni", "/health"),
            "observability": ("hostMetrics", "/metrics"),
            "coordinator": ("admin", "/readyz"),
            "broker": ("admin", "/readyz"),
            "node": ("admin", "/readyz"),
            "edge": ("proxyMetrics", "/metrics"),
        }
        for role in host.roles:
            port, path = checks[role]
            status, _ = self.get(host.mesh, port, path)
            if status != 200:
                said = f"says {status}" if status else "does not answer"
                return f"{host.name} {said} to GET {path} as {role}"
            if role == "database":
                status, body = self.get(host.mesh, port, "/cluster")
                for member in json.loads(body)["members"]:
                    if member["state"] not in ("running", "streaming"):
                        return f"{member['name']} is {member['state']}, as {host.name}'s Patroni sees it"
        return None

    def is_leader(self, host: Host) -> bool:
        """Whether others would have to take over from it."""
        if "database" in host.roles and self.get(host.mesh, "patroni", "/primary")[0] == 200:
            return True
        if "coordinator" in host.roles:
            status, body = self.get(host.mesh, "admin", "/v1/coordinator")
            return status == 200 and json.loads(body)["leads"]
        return False

    def order(self, hosts: collections.abc.Iterable[Host]) -> list[Host]:
        return sorted(hosts, key=lambda host: (min(ORDER.index(role) for role in host.roles), self.is_leader(host)))


def run(*command: str) -> None:
    """Says what is run, for whoever goes on by hand."""
    print("+", " ".join(command), flush=True)
    if subprocess.run(command, check=False).returncode != 0:
        raise Refused(f"`{' '.join(command)}` failed")


def await_well(fleet: Fleet, host: Host, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (trouble := fleet.trouble(host)) and time.monotonic() < until:
        time.sleep(1)
    if trouble:
        raise Refused(f"{trouble}, {seconds:.0f} s after it was deployed")


def deploy(fleet: Fleet, host: Host, seconds: float) -> None:
    for other in fleet.hosts:
        near = other.region == host.region or not {"node", "edge", "broker"} & set(host.roles)
        if other != host and other.environment == host.environment and near and set(other.roles) & set(host.roles):
            if trouble := fleet.trouble(other):
                raise Refused(f"{host.name} is not deployed while {trouble}")
    if "database" in host.roles and fleet.get(host.mesh, "patroni", "/primary")[0] == 200:
        # Patroni chooses among those that have every commit.
        run("ssh", f"deploy@{host.mesh}", "sudo", "patronictl", "switchover", "--force", "--leader", host.name)
        await_well(fleet, host, seconds)
    run("deploy", f".#{host.name}")
    await_well(fleet, host, seconds)
    print(f"{host.name}: deployed, and well", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Deploys the fleet, or the hosts that are named.")
    parser.add_argument("hosts", nargs="*", help="hosts of the fleet file; all of the environment without")
    parser.add_argument("--environment", default="production")
    parser.add_argument("--list", action="store_true", help="says in which order, and deploys nothing")
    parser.add_argument("--wait", type=float, default=180, metavar="SECONDS", help="how long a host may take to be well")
    parser.add_argument("--nixos", type=pathlib.Path, default="nixos", metavar="DIR", help="where fleet.json is")
    arguments = parser.parse_args()
    fleet = Fleet(arguments.nixos)
    hosts = [host for host in fleet.hosts if host.environment == arguments.environment]
    if unknown := set(arguments.hosts) - {host.name for host in hosts}:
        parser.error(f"{arguments.environment} has no {', '.join(sorted(unknown))}")
    chosen = fleet.order(host for host in hosts if not arguments.hosts or host.name in arguments.hosts)
    if not chosen:
        parser.error(f"the fleet file has no hosts of {arguments.environment}")
    if arguments.list:
        print("\n".join(host.name for host in chosen))
        return 0
    for done, host in enumerate(chosen):
        try:
            deploy(fleet, host, arguments.wait)
        except Refused as refused:
            left = " ".join(one.name for one in chosen[done:])
            print(f"stopped: {refused}.\nNot deployed: {left}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
