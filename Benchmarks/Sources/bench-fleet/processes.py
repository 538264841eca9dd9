#!/usr/bin/env python3
"""processes.py LOAD: the fleet of Tests/Faults, measured: prints one JSON object of samples.

switches    milliseconds from asking the leader to pause a campaign (or to resume it) until the last node serves what was published of it
grants      seconds from the leader's SIGKILL until a holder that asks all the time has a new grant
normal, away  a node's p99 in microseconds, in pairs: with all that belongs to the fleet, and with coordinators and brokers stopped and a
            load in their place that takes as much of the processor as they did. Each is the median of several windows that take turns
"""
import http.client, json, os, shutil, signal, ssl, subprocess, sys, time

sys.dont_write_bytecode = True
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(root, "Tests/Faults"))
from fleet import Fleet, brokers, coordinators, must, nodes

switches, kills, pairs = 100, 5, 5
# A window has tens of thousands of requests, hundreds of which are above its p99. What disturbs the machine is in one window of
# several or in two that follow each other, one of each side: so windows are short, and the sides take turns.
windows, window_seconds, pause_seconds = 3, 3, 2
# One request in flight at a time: neither the node nor the load has a queue, and a core is left for all others.
connections = 1
# Nobody's lease ends within a window, nor before those who were stopped have caught up.
lease_seconds, node_lease_seconds = 120, 60


class Measured(Fleet):
    """With one holder more, who only asks."""
    def __init__(self, folder):
        super().__init__(folder)
        self.add("asker", "broker").is_held = True

    def settings(self, one):
        if one.name == "asker":
            return {}
        found = super().settings(one)
        if one.role == "coordinator":
            found["holders"] = [*found["holders"], "asker"]
            found["leases"]["leaseSeconds"] = lease_seconds
        if one.role == "broker":
            found["leases"] |= {"windowSeconds": node_lease_seconds, "aheadSeconds": node_lease_seconds}
        if one.role == "node":
            found["ledger"]["issuer"]["aheadSeconds"] = node_lease_seconds
            # Nothing is billed: what is set aside comes back before the node has as much of it as it may.
            found["budgets"] = {"holdSeconds": 5, "graceSeconds": 1, "lastBillSeconds": 1, "openReservations": 1 << 20}
        return found

    def post(self, one, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", one.admin, timeout=5)
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        must(answer.status == 200, f"{path} answers {answer.status}: {text}")
        return json.loads(text)


def version_at(connection):
    connection.request("GET", "/v1/node")
    found = json.loads(connection.getresponse().read())["catalog"].get("published", {})
    return found.get("version") if found.get("here") else None


def measure_switches(fleet):
    leads = fleet[fleet.leader()]
    watched = [http.client.HTTPConnection("127.0.0.1", fleet[name].admin, timeout=5) for name in nodes]
    taken = []
    for index in range(switches):
        began = time.monotonic()
        done = fleet.post(leads, f"/api/v1/catalog/{'resume' if index % 2 else 'pause'}", {"campaign": "aurora-launch"})
        left = list(watched)
        while left:
            left = [one for one in left if version_at(one) != done["published"]]
            must(time.monotonic() - began < 20, f"version {done['published']} did not come to all nodes")
        taken.append((time.monotonic() - began) * 1000)
        fleet.wait(0.05)
    return taken


class Holder:
    def __init__(self, fleet):
        self.fleet = fleet
        self.context = ssl.create_default_context(cafile=fleet.path("tls/ca.pem"))
        self.context.load_cert_chain(fleet.path("tls/asker.pem"), fleet.path("tls/asker.key"))
        # It connects to an address, and the name in the certificates is another.
        self.context.check_hostname = False

    def say(self, name, messages, timeout=0.5):
        """Nothing where it does not lead, or does not answer."""
        try:
            connection = http.client.HTTPSConnection("127.0.0.1", self.fleet[name].serves, timeout=timeout, context=self.context)
            connection.request("POST", "/v1/ledger", json.dumps({"version": 1, "holder": "asker", "messages": messages}))
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
        except (OSError, http.client.HTTPException):
            return None
        return json.loads(text)["answers"] if answer.status == 200 else None


def measure_grants(fleet):
    holder, taken = Holder(fleet), []
    for number in range(kills):
        fleet.until("all is well", 30, lambda: fleet.all_ready() and fleet.leader())
        leads = fleet.leader()
        found = holder.say(leads, [{"open": {"start": str(4711 + number)}}, {"find": {"campaign": "northwind-winter", "currency": "USD"}}], 3)
        must(found, "the leader does not answer")
        session, account = found[0][0]["opened"]["session"], found[1][0]["found"]["account"]
        ask = lambda name, amount: (holder.say(name, [{"request": {"session": session, "account": account, "upTo": amount}}]) or [[{}]])[0][0]
        must(ask(leads, 1).get("granted", {}).get("upTo") == 1, "there is no grant to begin with")
        fleet.signal(leads, signal.SIGKILL)
        killed = time.monotonic()
        while True:
            fleet.tend()
            if any(ask(name, 2).get("granted", {}).get("upTo") == 2 for name in coordinators):
                break
            must(time.monotonic() - killed < 30, "nobody grants")
            time.sleep(0.01)
        taken.append(time.monotonic() - killed)
    return taken


def processor_seconds(fleet, names):
    sum = 0
    for name in names:
        with open(f"/proc/{fleet[name].process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        sum += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return sum


# A hundredth of a second at a time would be longer than any that it stands for runs without a pause.
dummy = "import sys, time\npart = float(sys.argv[1])\nwhile True:\n    end = time.monotonic() + part / 1000\n    while time.monotonic() < end: pass\n    time.sleep((1 - part) / 1000)\n"


def p99(load, fleet, bodies):
    done = subprocess.run(
        [load, "http", "--port", str(fleet[nodes[0]].serves), "--path", "/openrtb2/bid", "--bodies", bodies,
         "--connections", str(connections), "--warmup", "0.5", "--seconds", str(window_seconds)], capture_output=True, text=True)
    must(done.returncode == 0, f"load: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["latency"]["p99"]


class Windows:
    """Both sides of the comparison, one window at a time."""
    def __init__(self, load, fleet):
        self.load, self.fleet, self.missing = load, fleet, [*coordinators, *brokers]
        body = json.load(open(os.path.join(root, "Examples/ctv-pod.json")))
        self.bodies = fleet.path("bodies")
        with open(self.bodies, "w") as file:
            for number in range(2000):
                file.write(json.dumps({"id": f"request-{number}"} | {key: value for key, value in body.items() if key != "id"}
                                      | {"user": {"id": f"viewer-{number}"}}, separators=(",", ":")) + "\n")
        # The first sets what the dummy has to take.
        self.normal()

    def normal(self):
        before, began = processor_seconds(self.fleet, self.missing), time.monotonic()
        found = p99(self.load, self.fleet, self.bodies)
        self.part = min(0.95, (processor_seconds(self.fleet, self.missing) - before) / (time.monotonic() - began))
        return found

    def away(self):
        for name in self.missing:
            self.fleet.signal(name, signal.SIGSTOP)
        busy = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-c", dummy, str(self.part)])
        try:
            return p99(self.load, self.fleet, self.bodies)
        finally:
            busy.kill()
            busy.wait()
            for name in self.missing:
                self.fleet.signal(name, signal.SIGCONT)
            # They have something to catch up on, which is no part of the next window.
            self.fleet.wait(pause_seconds)


def measure_away(load, fleet):
    fleet.until("all is well", 30, lambda: fleet.all_ready() and fleet.leader())
    sides = Windows(load, fleet)
    median = lambda values: sorted(values)[len(values) // 2]
    normal, away = [], []
    for pair in range(pairs):
        found = {sides.normal: [], sides.away: []}
        for window in range(windows):
            order = list(found) if (pair + window) % 2 else list(found)[::-1]
            for side in order:
                found[side].append(side())
        normal.append(median(found[sides.normal]))
        away.append(median(found[sides.away]))
    must(not fleet[nodes[0]].own_ends, "the node ended meanwhile")
    return normal, away


def main():
    fleet = Measured(f"/var/tmp/paceline-bench-{os.getpid()}")
    try:
        fleet.start(os.path.join(root, "Examples/catalog"))
        result = {"switches": measure_switches(fleet), "grants": measure_grants(fleet)}
        result["normal"], result["away"] = measure_away(sys.argv[1], fleet)
        print(json.dumps(result))
    finally:
        fleet.stop()
        shutil.rmtree(fleet.folder, ignore_errors=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
