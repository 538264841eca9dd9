"""firewall.py FOLDER: of every host that was rendered: the rules that Nix has written let in what traffic.json says and nothing
else. The table is read here once more and by other means, so that one mistake is not made twice."""

import json
import pathlib
import re
import sys

RULE = re.compile(
    r'iifname (?P<mesh>!?=? ?)"mesh" (?:ip saddr \{ (?P<from>[^}]*) \} )?(?P<protocol>tcp|udp) dport '
    r"(?:\{ (?P<ports>[^}]*) \}|(?P<port>\d+)) accept"
)


def allowed_by_rules(text: str) -> set[tuple[bool, str, str, int]]:
    """(whether over the mesh, source, protocol, port), as the rules of one host say."""
    found = set()
    for match in RULE.finditer(text):
        over_mesh = "!" not in match["mesh"]
        sources = match["from"].split(", ") if match["from"] else ["0.0.0.0/0"]
        ports = match["ports"].split(", ") if match["ports"] else [match["port"]]
        found |= {(over_mesh, source, match["protocol"], int(port)) for source in sources for port in ports}
    return found


def main() -> None:
    root = pathlib.Path("nixos")
    fleet, traffic = (json.loads((root / f"{name}.json").read_text()) for name in ("fleet", "traffic"))
    ports = {**fleet["ports"], **traffic["ports"], "mesh": fleet["mesh"]["port"]}
    kinds = {cloud["name"]: cloud["kind"] for cloud in fleet["clouds"]}
    hosts = [(region, host) for region in fleet["regions"] for host in region["hosts"]]
    wrong = checked = 0
    for region, host in hosts:
        path = pathlib.Path(sys.argv[1], host["name"], "firewall.nft")
        if not path.exists():
            continue
        expected = set()
        for rule in traffic["mesh"]:
            if not {"all", *host["roles"]} & set(rule["to"]):
                continue
            for other_region, other in hosts:
                if other is host or other_region["environment"] != region["environment"]:
                    continue
                if rule["within"] == "region" and other_region is not region:
                    continue
                if {"all", *other["roles"]} & set(rule["from"]):
                    expected |= {(True, other["mesh"], "tcp", ports[port]) for port in rule["ports"]}
            if "operators" in rule["from"]:
                expected |= {(True, "10.90.255.1", "tcp", ports[port]) for port in rule["ports"]}
        for rule in traffic["outside"]:
            if {"all", *host["roles"]} & set(rule["to"]):
                bytes_of_network = region["network"].split(".")
                proxies = f"{bytes_of_network[0]}.{bytes_of_network[1]}.240.0/20"
                sources = traffic["sources"].get(rule["from"], {}).get(kinds[region["cloud"]], ["192.0.2.0/24"])
                expected |= {
                    (False, proxies if source == "proxies" else source, rule["protocol"], ports[rule["port"]])
                    for source in sources
                }
        found = allowed_by_rules(path.read_text(encoding="utf-8"))
        checked += len(expected)
        for one in sorted(found ^ expected):
            wrong += 1
            what = "let in" if one in found else "kept out"
            print(f"failed: {host['name']}: {one} is {what}, and traffic.json says otherwise")
    print(f"firewall: {checked} ways in, as traffic.json has them")
    sys.exit(wrong > 0)


main()
