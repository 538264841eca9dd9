"""The primary is killed, then the coordinator that leads, then a cloud: what was acknowledged stays, and within the bounds
somebody else goes on."""

import json
import time

databases = [a1, a2, b1]
coordinators = [a1, b1]
# As fleet.json has them.
mesh = {"a1": "10.90.0.1", "a2": "10.90.0.2", "b1": "10.90.0.3"}


def primary(among):
    for machine in among:
        if machine.execute(f"curl --silent --fail http://{mesh[machine.name]}:8008/primary")[0] == 0:
            return machine
    return None


def leader(among):
    for machine in among:
        status, said = machine.execute(f"curl --silent --fail http://{mesh[machine.name]}:9900/v1/coordinator")
        if status == 0 and json.loads(said)["leads"]:
            return machine
    return None


def await_one(find, among, seconds):
    until = time.monotonic() + seconds
    while (found := find(among)) is None:
        assert time.monotonic() < until, f"nobody within {seconds} s"
        time.sleep(0.5)
    return found


def put(machine, budget, version=None):
    """Changes a budget and says its new version: what is acknowledged has to be there afterwards."""
    match = f"-H 'If-Match: \"{version}\"'" if version else ""
    order = json.dumps({"campaign": "c", "currency": "USD", "budget": budget, "highest": 0.05})
    said = machine.succeed(
        f"curl --silent --fail -X PUT http://{mesh[machine.name]}:9900/api/v1/ledger/accounts {match} "
        f"-H 'Idempotency-Key: {budget}' --json '{order}'"
    )
    return json.loads(said)["version"]


def budget(machine):
    said = machine.succeed(f"curl --silent --fail 'http://{mesh[machine.name]}:9900/api/v1/ledger/accounts?campaign=c'")
    return int(float(json.loads(said)["budget"]))


start_all()
for machine in databases:
    machine.wait_for_unit("patroni.service")
first = await_one(primary, databases, 120)
lead = await_one(leader, coordinators, 60)
version = put(lead, 100)

with subtest("the primary is killed: a synchronous standby has what was acknowledged"):
    first.crash()
    await_one(primary, [machine for machine in databases if machine != first], 60)
    lead = await_one(leader, [machine for machine in coordinators if machine != first], 30)
    assert budget(lead) == 100
    put(lead, 200, version)
    first.start()
    first.wait_for_unit("patroni.service")

with subtest("the coordinator that leads is killed: another leads within its lease"):
    lead = await_one(leader, coordinators, 60)
    lead.succeed("systemctl kill --signal KILL paceline-coordinator.service")
    began = time.monotonic()
    lead = await_one(leader, coordinators, 15)
    print(f"another coordinator led after {time.monotonic() - began:.1f} s")
    assert budget(lead) == 200

with subtest("a host lets in on the mesh what traffic.json says, and nothing else"):
    watch.succeed("curl --silent --fail --max-time 5 http://10.90.0.1:9100/metrics >/dev/null")
    watch.fail("curl --silent --fail --max-time 5 http://10.90.0.1:2379/version")
    watch.fail("curl --silent --max-time 5 telnet://10.90.0.1:5432")

with subtest("east is lost, with what is in it: west and the witness go on"):
    for machine in (a1, a2):
        machine.crash()
    await_one(primary, [b1], 90)
    assert budget(await_one(leader, [b1], 30)) == 200
