"""fill.py RENDERED PROGRAMS FOLDER: what the guest gets: the units of a coordinator, a broker and a node as hosts render them,
with paths of the guest's in place of the store's, their settings, and the programs with the libraries that no Debian has."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing

ROOT = pathlib.Path.cwd()
RENDERED, PROGRAMS, FOLDER = (pathlib.Path(argument) for argument in sys.argv[1:])
HOSTS: dict[str, dict[str, typing.Any]] = json.loads(RENDERED.read_text(encoding="utf-8"))
FLEET = json.loads((ROOT / "nixos/fleet.json").read_text(encoding="utf-8"))
DAEMONS = ("coordinator", "broker", "node")
STORE = r"/nix/store/[a-z0-9]{32}-"


def chosen() -> dict[str, str]:
    """One host for each daemon; broker and node of one region."""
    region = {host["name"]: region["name"] for region in FLEET["regions"] for host in region["hosts"]}
    node = next(name for name, one in HOSTS.items() if one["node"])
    broker = next(name for name, one in HOSTS.items() if one["broker"] and region[name] == region[node])
    return {"coordinator": next(name for name, one in HOSTS.items() if one["coordinator"]), "broker": broker, "node": node}


def translated(unit: str) -> str:
    """The unit, word for word but for what the store has."""
    unit = re.sub(r'Environment="PATH=[^"]*"', 'Environment="PATH=/usr/bin:/usr/sbin"', unit)
    unit = re.sub(r'Environment="(LOCALE_ARCHIVE|TZDIR)=[^"]*"\n', "", unit)
    unit = re.sub(rf"--config {STORE}(paceline-\w+)-checked\.json", r"--config /check/settings/\1.json", unit)
    # Scripts of ours, programs of ours, programs that Debian has.
    unit = re.sub(rf"{STORE}([\w-]+\.sh)", r"/check/scripts/\1", unit)
    unit = re.sub(rf"{STORE}paceline[^/\s]*/bin/", "/check/bin/", unit)
    return re.sub(rf"{STORE}[^\s/]+/s?bin/", "/usr/bin/", unit)


def main() -> None:
    for name in ("units", "settings", "bin", "lib"):
        (FOLDER / name).mkdir(parents=True)
    hosts = chosen()
    for daemon, host in hosts.items():
        settings = json.loads(HOSTS[host][daemon])
        if daemon == "coordinator":
            settings["database"]["migrationsDirectory"] = "/check/migrations"
            settings["consoleDirectory"] = "/check/console"
            # There is no etcd, without whose word no coordinator leads; the chain has one.
            del settings["numbers"]
        (FOLDER / f"settings/paceline-{daemon}.json").write_text(json.dumps(settings), encoding="utf-8")
        (FOLDER / f"units/paceline-{daemon}.service").write_text(
            translated(HOSTS[host]["units"][f"paceline-{daemon}"]), encoding="utf-8"
        )
    for unit in ("identity", "ship-journals"):
        text = translated(HOSTS[hosts["node"]]["units"][unit])
        (FOLDER / f"units/{unit}.service").write_text(text, encoding="utf-8")
    for program in ("paceline", *(f"paceline-{daemon}" for daemon in DAEMONS)):
        shutil.copy(PROGRAMS / program, FOLDER / "bin")
        linked = subprocess.run(["ldd", str(PROGRAMS / program)], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"=> (/\S*/swift/\S+)", linked):
            shutil.copy(library, FOLDER / "lib")
        subprocess.run(["strip", "--strip-debug", str(FOLDER / "bin" / program)], check=False)
    shutil.copytree(ROOT / "nixos/scripts", FOLDER / "scripts")
    shutil.copytree(ROOT / "Sources/Apps/paceline-coordinator/Migrations", FOLDER / "migrations")
    shutil.copytree(ROOT / "Sources/Apps/paceline-coordinator/Console", FOLDER / "console")
    shutil.copytree(ROOT / "Examples/catalog", FOLDER / "catalog")
    shutil.copy(ROOT / "Examples/ctv-pod.json", FOLDER / "request.json")
    shutil.copy(ROOT / "nixos/checks/guest/run.sh", FOLDER / "run")
    os.chmod(FOLDER / "run", 0o755)
    # Who they are in the mesh.
    where = {host["name"]: (region["name"], host) for region in FLEET["regions"] for host in region["hosts"]}
    lines = [f"domain={FLEET['domain']}", f"region={where[hosts['node']][0]}"]
    # Everybody whom somebody might ask is this machine; those that run nothing here refuse.
    lines += [f"addresses='{' '.join(host['mesh'] for _, host in where.values())}'"]
    lines += [f"{daemon}={hosts[daemon]}\n{daemon}_address={where[hosts[daemon]][1]['mesh']}" for daemon in DAEMONS]
    lines += [f"port_{name}={FLEET['ports'][name]}" for name in ("serve", "admin", "database")]
    (FOLDER / "names").write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
