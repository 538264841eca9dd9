"""Requests by an edge while its nodes are restarted one after the other, one is killed, and certificates are renewed: none is
lost where a node leaves in order, and its notices find the node that has them."""

import json
import time

imp = {"id": "1", "video": {"mimes": ["video/mp4"], "w": 640, "h": 360}}
request = json.dumps({"id": "1", "imp": [imp], "device": {"ifa": "viewer"}})
bids = "http://192.168.9.1:8080/openrtb2/bid"


def ask(seconds):
    """Asks from the edge without pause, and writes down what was not answered."""
    once = f"curl --silent --output /dev/null --write-out '%{{http_code}}\\n' --json @/tmp/request {bids}"
    edge.execute(f"rm -f /tmp/asked; (timeout {seconds} sh -c \"while :; do {once}; done >/tmp/asked\"; touch /tmp/done) >&2 &")


start_all()
control.wait_until_succeeds("paceline catalog import /etc/catalog --coordinator http://10.90.0.4:9900", timeout=180)
for broker in (m1, m2):
    broker.wait_for_unit("paceline-broker.service")
for node in (n1, n2):
    node.wait_for_unit("paceline-node.service")
edge.wait_for_unit("haproxy.service")
edge.succeed(f"cat > /tmp/request <<'JSON'\n{request}\nJSON")
edge.wait_until_succeeds("curl --silent --fail http://192.168.9.1:8080/edge", timeout=60)

with subtest("the edge keeps a viewer with one node"):
    edge.succeed(f"for i in $(seq 50); do curl --silent --json @/tmp/request {bids}; done")
    asked = [
        float(node.succeed(f"curl --silent http://{address}:9900/metrics | grep '^paceline_decisions_total' "
                           "| awk '{ sum += $NF } END { print sum + 0 }'"))
        for node, address in ((n1, "10.90.0.2"), (n2, "10.90.0.3"))
    ]
    assert min(asked) == 0 and max(asked) >= 50, asked

with subtest("nodes are restarted one after the other, and no request is lost"):
    ask(120)
    for node in (n1, n2):
        node.succeed("systemctl restart paceline-node.service")
        node.wait_for_unit("paceline-node.service")
        time.sleep(10)
    edge.wait_for_file("/tmp/done")
    edge.succeed("grep -q '^20[04]$' /tmp/asked")
    edge.fail("grep -v '^20[04]$' /tmp/asked")

with subtest("a node is killed: the other has its viewers within the checks' time"):
    n1.crash()
    edge.wait_until_succeeds(f"for i in $(seq 20); do curl --silent --fail --json @/tmp/request {bids} || exit 1; done", timeout=30)

with subtest("a broker is lost, then the coordinator: nodes go on with what the other has, and what they know"):
    m1.crash()
    control.succeed("systemctl stop paceline-coordinator.service")
    time.sleep(20)
    n2.succeed("curl --silent --fail http://10.90.0.3:9900/readyz")
    control.succeed("systemctl start paceline-coordinator.service")

with subtest("a notice of a node that is down comes to another, and one of a node that never was to nobody"):
    # The other one says that `x` is no token.
    for path, expected in (("n/n1/e/imp?t=x", "400"), ("n/n9/e/imp?t=x", "404")):
        said = edge.succeed(f"curl --silent --output /dev/null --write-out '%{{http_code}}' http://192.168.9.1:8080/{path}")
        assert said == expected, (path, said)

with subtest("certificates are read again without a restart"):
    before = control.succeed("systemctl show --property MainPID paceline-coordinator.service")
    control.succeed("systemctl reload paceline-coordinator.service")
    assert before == control.succeed("systemctl show --property MainPID paceline-coordinator.service")
