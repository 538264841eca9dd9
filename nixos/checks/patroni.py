"""patroni.py RENDERED OUT FOLDER: the configuration as Patroni's own checker wants it: programs and data that exist here, and
the passwords that a host reads from its secrets. The rest stays as it was rendered."""

import json
import pathlib
import stat
import sys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    folder = pathlib.Path(sys.argv[3], "patroni")
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("pg_ctl", "initdb", "pg_controldata", "pg_basebackup", "postgres", "pg_isready", "pg_rewind"):
        program = programs / name
        program.write_text('#!/bin/sh\necho "postgres (PostgreSQL) 17.5"\n', encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    settings["postgresql"]["bin_dir"] = str(programs)
    settings["postgresql"]["data_dir"] = str(folder / "data")
    # The checker binds to what is listened on: it has to be an address of this machine.
    settings["restapi"]["listen"] = "127.0.0.1:18089"
    settings["restapi"]["authentication"]["password"] = "made-up"
    settings["postgresql"]["listen"] = "127.0.0.1:18090"
    for one in settings["postgresql"]["authentication"].values():
        one["password"] = "made-up"
    settings["watchdog"] = {"mode": "off"}
    pathlib.Path(sys.argv[2]).write_text(json.dumps(settings), encoding="utf-8")


main()
