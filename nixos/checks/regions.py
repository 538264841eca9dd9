"""regions.py FOLDER FLEET-CHECK REGIONS: of every coordinator that was rendered: its regions are those of the fleet file, with
the brokers, the capacity that `paceline fleet check` printed into FLEET-CHECK, and probes that the firewall of whom they ask
lets through: by the world and by the mesh, or none. REGIONS, of the evaluation, says what they would be where all leave."""

import json
import pathlib
import re
import sys

FLEET = json.loads(pathlib.Path("nixos/fleet.json").read_text(encoding="utf-8"))
SAID = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
CARRIES = {name: int(count) for name, count in re.findall(r"^ +([a-z0-9-]+): \d+ cores answer (\d+);", SAID, re.MULTILINE)}
MESH = {host["mesh"]: (region, host) for region in FLEET["regions"] for host in region["hosts"]}
FOLDER = pathlib.Path(sys.argv[1])
KINDS = {cloud["name"]: cloud["kind"] for cloud in FLEET["clouds"]}
TRAFFIC = json.loads(pathlib.Path("nixos/traffic.json").read_text(encoding="utf-8"))
# Where the whole world may ask edges for plain HTTP.
OPEN = {
    kind
    for rule in TRAFFIC["outside"]
    if rule["name"] == "serve"
    for kind, networks in TRAFFIC["sources"][rule["from"]].items()
    if "0.0.0.0/0" in networks
}


def objections(coordinator: str, environment: str) -> list[str]:
    settings = json.loads((FOLDER / coordinator / "coordinator.json").read_text(encoding="utf-8"))
    own = next(mesh for mesh, (_, host) in MESH.items() if host["name"] == coordinator)
    expected = {
        region["name"]: region
        for region in FLEET["regions"]
        if region["environment"] == environment and any("node" in host["roles"] for host in region["hosts"])
    }
    found = []
    if [one["name"] for one in settings["regions"]] != list(expected):
        found.append(f"the fleet file has the regions {', '.join(expected)}")
    for one in settings["regions"]:
        hosts = expected[one["name"]]["hosts"]
        if one["holders"] != sorted(host["name"] for host in hosts if "broker" in host["roles"]):
            found.append(f"{one['name']} has other brokers than {one['holders']}")
        if one["requestsPerSecond"] != CARRIES[one["name"]]:
            found.append(f"{one['name']} carries {CARRIES[one['name']]}, and not {one['requestsPerSecond']}")
        edges = [host["name"] for host in hosts if "edge" in host["roles"]]
        is_open = KINDS[expected[one["name"]]["cloud"]] in OPEN and edges != []
        asked, by_world = set(), 0
        for probe in one["probes"]:
            region, host = MESH.get(probe["address"], (None, None))
            if region is None or host is None:
                # An edge, as the world comes: no firewall of the mesh stands before it.
                by_world += 1
                named = re.fullmatch(r"/n/([a-z0-9-]+)/healthz", probe.get("path", ""))
                if not named or named[1] not in {host["name"] for host in hosts if "node" in host["roles"]}:
                    found.append(f"{one['name']} is looked at by {probe}, which is neither a node nor an edge's")
                continue
            asked.add(host["name"])
            rules = FOLDER / host["name"] / "firewall.nft"
            lets_in = rf'iifname "mesh" ip saddr {{[^}}]*\b{re.escape(own)}\b[^}}]*}} tcp dport {{[^}}]*\b{probe["port"]}\b'
            if host not in hosts or "node" not in host["roles"]:
                found.append(f"{one['name']} is looked at by {host['name']}, which is no node of it")
            elif rules.exists() and not re.search(lets_in, rules.read_text(encoding="utf-8")):
                found.append(f"{host['name']} does not let in the probe of {coordinator}")
        # One tunnel must not fail as both signals.
        if is_open and not (asked and by_world):
            found.append(f"{one['name']} is looked at by {len(asked)} nodes over the mesh and {by_world} edges: not both ways")
        if not is_open and one["probes"]:
            found.append(f"{one['name']} has no edge that coordinators may ask, and is looked at over the mesh alone")
    return [f"failed: {coordinator}: {one}" for one in found]


def main() -> None:
    wrong, coordinators, regions = [], 0, 0
    for region in FLEET["regions"]:
        for host in region["hosts"]:
            if "coordinator" in host["roles"] and (FOLDER / host["name"] / "coordinator.json").exists():
                coordinators += 1
                regions = len(json.loads((FOLDER / host["name"] / "coordinator.json").read_text(encoding="utf-8"))["regions"])
                wrong += objections(host["name"], region["environment"])
    if coordinators == 0:
        wrong.append("failed: no coordinator was rendered")
    said = json.loads(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8"))
    for one in said["leaving"]:
        if one["requestsPerSecond"] != 1 or one["probes"]:
            wrong.append(f"failed: {one['name']} leaves, and the others count on it, or it would go without room elsewhere")
    if [one["name"] for one in said["leaving"]] != [one["name"] for one in said["staying"]]:
        wrong.append("failed: a region that leaves is not among the coordinators' any more")
    print(*wrong, f"regions: {regions} of the fleet file, in the settings of {coordinators} coordinators", sep="\n")
    sys.exit(bool(wrong))


main()
