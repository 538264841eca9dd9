"""The order of a deployment and where it stops, with the script as it is, against hosts that are servers on this machine's
loopback and a `deploy` that turns them off, on, or spoils them."""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

PORTS = {"admin": 19900, "patroni": 18008, "etcdMetrics": 12381, "hostMetrics": 19100, "proxyMetrics": 18405}


class Fleet:
    """Hosts a, b, … at 127.0.9.1 and on; `state` says who is unwell and who leads."""

    def __init__(self, hosts: dict[str, list[str]]) -> None:
        self.addresses = {name: f"127.0.9.{index}" for index, name in enumerate(hosts, 1)}
        self.state: dict[str, set[str]] = {"unwell": set(), "primary": set(), "leads": set()}
        self.servers: list[http.server.ThreadingHTTPServer] = []
        for name in hosts:
            for port in PORTS.values():
                self.serve(name, port)
        self.file = {
            "ports": PORTS,
            "regions": [
                {
                    "name": "here",
                    "environment": "production",
                    "hosts": [
                        {"name": name, "roles": roles, "mesh": self.addresses[name], "address": self.addresses[name]}
                        for name, roles in hosts.items()
                    ],
                }
            ],
        }

    def serve(self, name: str, port: int) -> None:
        fleet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = 200, b"{}"
                if name in fleet.state["unwell"] or (self.path == "/primary" and name not in fleet.state["primary"]):
                    status = 503
                elif self.path == "/cluster":
                    body = json.dumps({"members": [{"name": name, "state": "streaming"}]}).encode()
                elif self.path == "/v1/coordinator":
                    body = json.dumps({"leads": name in fleet.state["leads"]}).encode()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer((self.addresses[name], port), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.servers.append(server)

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


class DeployTests(unittest.TestCase):
    def run_it(self, fleet: Fleet, *arguments: str, spoils: str = "") -> tuple[int, list[str], str]:
        """The exit status, what was called, and what was said."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "fleet.json").write_text(json.dumps(fleet.file))
            (folder / "traffic.json").write_text(json.dumps({"ports": {}}))
            calls = folder / "calls"
            for program in ("deploy", "ssh"):
                script = folder / program
                failing = f'[ "$*" != ".#{spoils}" ]' if spoils else "true"
                script.write_text(f'#!/bin/sh\necho "{program} $*" >>{calls}\n{failing}\n')
                script.chmod(0o755)
            here = pathlib.Path(__file__).parent.parent / "scripts" / "deploy.py"
            done = subprocess.run(
                ["python3", str(here), "--nixos", name, "--wait", "1", *arguments],
                env={**os.environ, "PATH": f"{name}:{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                check=False,
            )
            called = calls.read_text().splitlines() if calls.exists() else []
            return done.returncode, called, done.stdout + done.stderr

    def fleet(self, **hosts: list[str]) -> Fleet:
        fleet = Fleet(hosts)
        self.addCleanup(fleet.close)
        return fleet

    def test_consensus_first_and_leaders_last_of_their_kind(self) -> None:
        fleet = self.fleet(
            edge=["edge"], node=["node"], money=["broker"], lead=["coordinator"], follow=["coordinator"], first=["database"],
            second=["database"], witness=["etcd"],
        )
        fleet.state.update(primary={"first"}, leads={"lead"})
        status, called, said = self.run_it(fleet)
        self.assertEqual(status, 0, said)
        self.assertEqual(
            called,
            [
                "deploy .#witness",
                "deploy .#second",
                f"ssh deploy@{fleet.addresses['first']} sudo patronictl switchover --force --leader first",
                "deploy .#first",
                "deploy .#follow",
                "deploy .#lead",
                "deploy .#money",
                "deploy .#node",
                "deploy .#edge",
            ],
        )

    def test_nothing_is_deployed_beside_one_that_is_not_well(self) -> None:
        fleet = self.fleet(one=["node"], two=["node"])
        fleet.state["unwell"] = {"two"}
        status, called, said = self.run_it(fleet)
        self.assertEqual((status, called), (1, []))
        self.assertIn("one is not deployed while two says 503 to GET /readyz as node", said)
        self.assertIn("Not deployed: one two", said)

    def test_a_broker_waits_for_the_other_of_its_pair(self) -> None:
        fleet = self.fleet(one=["broker"], two=["broker"])
        fleet.state["unwell"] = {"two"}
        status, called, said = self.run_it(fleet, "one")
        self.assertEqual((status, called), (1, []))
        self.assertIn("one is not deployed while two says 503 to GET /readyz as broker", said)

    def test_it_stops_where_a_host_does_not_come_through(self) -> None:
        fleet = self.fleet(one=["node"], two=["node"])
        status, called, said = self.run_it(fleet, spoils="one")
        self.assertEqual((status, called), (1, ["deploy .#one"]))
        self.assertIn("Not deployed: one two", said)

    def test_a_host_that_is_not_there_is_refused(self) -> None:
        fleet = self.fleet(one=["node"])
        status, called, said = self.run_it(fleet, "three")
        self.assertEqual((status, called), (2, []))
        self.assertIn("production has no three", said)

    def test_list_deploys_nothing(self) -> None:
        fleet = self.fleet(one=["edge"], two=["etcd"])
        status, called, said = self.run_it(fleet, "--list")
        self.assertEqual((status, called, said), (0, [], "two\none\n"))


if __name__ == "__main__":
    unittest.main()
