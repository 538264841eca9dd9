"""spread.py RENDERED FOLDER: what hosts render, as one file for each thing and host, so that the programs that will read it can
be asked. Paths in the store become ones that exist here, since nothing was built."""

import json
import pathlib
import re
import sys


def written(text: str) -> str:
    """Programs become /bin/true: whether systemd takes a unit does not hang on what it starts."""
    return re.sub(r"(/nix/store/[^\s\":]*/s?bin/|/run/haproxy/)[^\s\";:]+", "/bin/true", text)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        hosts = json.load(file)
    for host, rendered in hosts.items():
        folder = pathlib.Path(sys.argv[2], host)
        (folder / "units").mkdir(parents=True)
        for unit, text in rendered["units"].items():
            (folder / "units" / f"{unit}.service").write_text(written(text), encoding="utf-8")
        objections = rendered["failed"] + rendered["warnings"]
        (folder / "refused").write_text("".join(f"{one}\n" for one in objections), encoding="utf-8")
        (folder / "firewall.nft").write_text(f"table inet nixos-fw {{\n{rendered['nftables']}\n}}\n", encoding="utf-8")
        if rendered["haproxy"]:
            (folder / "haproxy.cfg").write_text("global\n" + rendered["haproxy"], encoding="utf-8")
        for name in ("node", "broker", "coordinator", "patroni"):
            if rendered[name]:
                (folder / f"{name}.json").write_text(rendered[name], encoding="utf-8")
        if rendered["prometheus"]:
            (folder / "prometheus.json").write_text(json.dumps(rendered["prometheus"]), encoding="utf-8")
        if rendered["alertmanager"]:
            # As the unit reads it, where no environment is put in.
            (folder / "alertmanager.yml").write_text(rendered["alertmanager"].replace("$$", "$"), encoding="utf-8")


main()
