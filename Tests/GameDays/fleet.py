"""The fleet of a game day: `./dev up --hosts` with a Prometheus that scrapes it, an Alertmanager behind that, and what operators
find on their machine: nixos/fleet.json of this fleet, and an ssh that leads to its hosts."""
import json, os, re, shutil, signal, subprocess, time, urllib.parse, urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
here = os.path.join(root, "Tests/GameDays")
programs = os.path.join(root, os.environ.get("PACELINE_PROGRAMS", ".build/release"))
topology = "tools/dev/gameday.topology"

# One number for what takes a month and for what takes a minute.
scale = 20
lease_seconds = 20
scrape_seconds = 2
start_seconds = 120


class Failed(Exception):
    pass


def must(holds, text):
    if not holds:
        raise Failed(text)


def until(text, seconds, holds, pause=0.2):
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        must(time.monotonic() < end, f"not within {seconds} s: {text}")
        time.sleep(pause)


def micros(amount):
    whole, _, rest = str(amount).partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * 1_000_000 + sign * int((rest + "000000")[:6])


def get(url, timeout=3):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.loads(answer.read(), parse_float=str)


class Host:
    def __init__(self, name, role, region, address):
        self.name, self.role, self.region, self.address = name, role, region, address
        self.admin = f"http://{address}:9900"
        self.serves = f"http://{address}:8080"


class Fleet:
    def __init__(self, folder):
        self.folder, self.state = folder, os.path.join(folder, "fleet")
        # What operators call the root of the repository.
        self.desk = os.path.join(folder, "desk")
        self.children, self.up, self.hosts = [], None, {}

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def __getitem__(self, name):
        return self.hosts[name]

    def of(self, role, region=None):
        return [one for one in self.hosts.values() if one.role == role and region in (None, one.region)]

    # Starting and stopping.

    def start(self):
        os.makedirs(self.state)
        self.log = open(os.path.join(self.folder, "up.log"), "ab")
        self.up = subprocess.Popen(
            [os.path.join(root, "dev"), "up", "--built", "--hosts", "--topology", topology, "--lease-seconds", str(lease_seconds),
             "--state", self.state], cwd=root, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        until("the fleet serves", start_seconds, lambda: self.up.poll() is not None or "serving after" in self.said())
        must(self.up.poll() is None, f"./dev up ended: {self.said()[-2000:]}")
        block = re.search(r"127\.(\d+)\.0\.\d+:9900", self.said()).group(1)
        place = 0
        for line in open(os.path.join(root, topology)):
            if line.strip() and not line.startswith("#"):
                role, name, region = line.split()[:3]
                place += 1
                region = "us-east" if region == "-" else region
                self.hosts[name] = Host(name, role, region, f"127.{block}.0.{place}")
        with open(self.path("hosts.tsv"), "w") as file:
            file.writelines(f"{one.address}\t{one.name}\t{one.role}\n" for one in self.hosts.values() if one.role != "traffic")
        self.prometheus = f"http://127.{block}.0.250:9090"
        self.alertmanager = f"http://127.{block}.0.250:9093"
        self.make_desk(block)
        self.watch()

    def said(self):
        return open(self.log.name, errors="replace").read()

    def make_desk(self, block):
        os.makedirs(os.path.join(self.desk, "nixos"))
        for name in ("runbooks", "Examples"):
            os.symlink(os.path.join(root, name), os.path.join(self.desk, name))
        tree = json.load(open(os.path.join(root, "nixos/fleet.json")))
        tree["mesh"]["network"] = f"127.{block}.0.0/16"
        roles = {"postgres": "database"}
        first = dict(tree["regions"][0])
        tree["regions"] = []
        for number, region in enumerate(dict.fromkeys(one.region for one in self.hosts.values() if one.role == "node")):
            hosts = [
                {"name": one.name, "roles": [roles.get(one.role, one.role)], "size": "local", "cores": 1, "zone": region,
                 "address": f"10.{10 + number}.0.{one.address.split('.')[3]}", "mesh": one.address}
                for one in self.hosts.values() if one.region == region and one.role != "traffic"]
            tree["regions"].append(first | {"name": region, "network": f"10.{10 + number}.0.0/16", "hosts": hosts})
        json.dump(tree, open(os.path.join(self.desk, "nixos/fleet.json"), "w"), indent=2)

    def watch(self):
        """Prometheus and Alertmanager with the fleet's own files: rules of one scale, routes without receivers."""
        observability = os.path.join(root, "nixos/observability")
        rules = os.path.join(self.folder, "rules.yml")
        done = subprocess.run(
            [f"{programs}/paceline", "slo", "rules", f"{observability}/slo.json", "--scale", str(scale), "--output", rules],
            capture_output=True, text=True)
        must(done.returncode == 0, f"paceline slo rules: {done.stdout}{done.stderr}")
        # Seconds that a gauge is held against are of another clock than windows: a lease's threshold goes with the lease, which is
        # 900 s in a fleet, and the age of what is heard of the catalog is divided as windows are.
        text = open(rules).read()
        for query, seconds in (("paceline_issuer_lease_seconds < 300", 300 * lease_seconds / 900), ("paceline_catalog_word_age_seconds > 600", 600 / scale)):
            must(query in text, f"no rule asks for {query}")
            text = text.replace(query, f"{query.rsplit(' ', 1)[0]} {seconds:.1f}")
        with open(rules, "w") as file:
            file.write(text)
        # Rules that are written by hand are divided here.
        text = open(f"{observability}/hosts.yml").read()
        seconds = {"s": 1, "m": 60, "h": 3600}
        divided = lambda match: f"{match[1]}{int(match[2]) * seconds[match[3]] * 1000 // scale}ms"
        text = re.sub(r"(for: |\[)(\d+)([smh])", divided, text)
        with open(os.path.join(self.folder, "hosts.yml"), "w") as file:
            file.write(text)
        jobs = []
        for role in ("node", "broker", "coordinator"):
            targets = [
                {"targets": [f"{one.address}:9900"], "labels": {"host": one.name, "region": one.region, "cloud": "here"}}
                for one in self.of(role)]
            jobs.append({"job_name": f"paceline-{role}", "static_configs": targets})
        with open(os.path.join(self.folder, "prometheus.yml"), "w") as file:
            # JSON is YAML.
            json.dump({
                "global": {"scrape_interval": f"{scrape_seconds}s", "evaluation_interval": f"{scrape_seconds}s", "scrape_timeout": "2s"},
                "rule_files": [rules, os.path.join(self.folder, "hosts.yml")],
                "alerting": {"alertmanagers": [{"static_configs": [{"targets": [self.alertmanager[7:]]}]}]},
                "scrape_configs": jobs}, file, indent=1)
        text = open(f"{observability}/alertmanager.yml").read()
        head, rest = text.split("receivers:\n", 1)
        with open(os.path.join(self.folder, "alertmanager.yml"), "w") as file:
            file.write(head + "receivers:\n  - name: page\n  - name: ticket\n\n" + rest[rest.index("inhibit_rules:"):])
        self.child("alertmanager", "prometheus-alertmanager", f"--config.file={self.folder}/alertmanager.yml",
                   f"--storage.path={self.folder}/alerts", "--cluster.listen-address=", f"--web.listen-address={self.alertmanager[7:]}")
        self.child("prometheus", "prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/series",
                   f"--web.listen-address={self.prometheus[7:]}", "--rules.alert.resend-delay=2s")
        for name, url in (("Alertmanager", self.alertmanager), ("Prometheus", self.prometheus)):
            until(f"{name} is ready", 30, lambda: self.answers(url + "/-/ready"))
        until("all targets are up", 30, lambda: len(self.ask("up == 1")) == len(self.of("node") + self.of("broker") + self.of("coordinator")))

    def child(self, name, *command):
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        self.children.append(subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True))

    def answers(self, url):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self.up is not None and self.up.poll() is None:
            # Who is stopped as it stands ends only when it goes on.
            for name in self.hosts:
                self.signal(name, signal.SIGCONT)
            os.killpg(self.up.pid, signal.SIGINT)
            try:
                self.up.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.up.pid, signal.SIGKILL)
        for one in self.children:
            one.kill()
            one.wait()

    # What is asked.

    def ask(self, query):
        url = self.prometheus + "/api/v1/query?" + urllib.parse.urlencode({"query": query})
        return get(url)["data"]["result"]

    def alerts(self):
        """All that Alertmanager holds as firing, whether or not a larger one keeps it silent."""
        return get(self.alertmanager + "/api/v2/alerts")

    def fires(self, alert, labels):
        wanted = {"alertname": alert} | labels
        return [one for one in self.alerts() if all(one["labels"].get(name) == value for name, value in wanted.items())]

    def status(self):
        done = self.paceline("status", "--json", "--timeout", "2", "--roster", self.path("roster.json"))
        must(done.stdout, f"paceline status: {done.stderr}")
        return json.loads(done.stdout)

    def is_well(self):
        try:
            found = self.status()
        except (Failed, ValueError):
            return False
        return not found["down"] and found["leader"] and found["isMoneySafe"]

    def paceline(self, *words, timeout=60):
        return subprocess.run([f"{programs}/paceline", *words], capture_output=True, text=True, timeout=timeout)

    def leader(self):
        for one in self.of("coordinator"):
            try:
                if get(one.admin + "/v1/coordinator", 1)["leads"]:
                    return one
            except (OSError, ValueError):
                pass
        raise Failed("no coordinator leads")

    # What is done to it.

    def pid(self, name):
        try:
            return int(open(self.path(name, "pid")).read())
        except (OSError, ValueError):
            return None

    def signal(self, name, number):
        pid = self.pid(name)
        if pid is None:
            return
        family = [pid]
        if self.hosts[name].role == "postgres":
            done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
            family += [int(one) for one in done.stdout.split()]
        for one in family:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                pass

    def lose(self, *names, host=False):
        """Killed, and not started again: `systemctl start` or `find` ends that."""
        for name in names:
            open(self.path(name, "held"), "w").close()
            if host:
                open(self.path(name, "unreachable"), "w").close()
            self.signal(name, signal.SIGKILL)

    def find(self, *names):
        for name in names:
            for file in ("held", "unreachable"):
                if os.path.exists(self.path(name, file)):
                    os.unlink(self.path(name, file))

    def settings(self, name, change):
        """The settings of one host as `change` makes them, and its process with them."""
        path = self.path(name, "settings.json")
        tree = json.load(open(path))
        change(tree)
        with open(path + ".new", "w") as file:
            json.dump(tree, file, indent=2)
        os.replace(path + ".new", path)
        self.host_runs(name, f"systemctl restart paceline-{self.hosts[name].role}")

    def environment(self):
        # The machine's own ssh would look for hosts of its own.
        return {"PATH": f"{here}/bin:{programs}:{os.environ['PATH']}", "GAMEDAY_STATE": self.state,
                "PROMETHEUS": self.prometheus, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}

    def host_runs(self, name, command):
        done = subprocess.run(["ssh", self.hosts[name].address, command], env=self.environment(), capture_output=True, text=True)
        must(done.returncode == 0, f"{name}: {command}: {done.stdout}{done.stderr}")
        return done.stdout

    # Money.

    def billed(self):
        """By campaign, what exchanges were told is billed, in micros, of the fleet's own traffic."""
        try:
            sums = json.load(open(self.path("traffic/billed.json")), parse_float=str)
        except (OSError, ValueError):
            return {}
        return {name: micros(one["billed"]) for name, one in sums.items()}

    def accounts(self):
        return get(self.leader().admin + "/api/v1/ledger/accounts?list=1")["accounts"]

    def money(self):
        """What is wrong with it; nothing where it adds up: no account has more out and spent than its budget, balances are what the
        movements make, and what was billed until a moment ago has come to the ledger."""
        before = self.billed()

        def wrong():
            try:
                accounts = self.accounts()
            except (OSError, Failed) as error:
                return [f"the ledger does not answer: {error}"]
            found = []
            for one in accounts:
                out = sum(micros(one[place]) for place in ("granted", "settled", "suspense", "presumedSpent"))
                beyond = out - micros(one["budget"]) - micros(one["overhang"])
                if beyond > 0:
                    found.append(f"{one['campaign']} {one['day'] or ''}: {beyond} micros beyond its budget")
                if out + micros(one["free"]) != micros(one["budget"]) + micros(one["overhang"]):
                    found.append(f"{one['campaign']} {one['day'] or ''}: its places do not make its budget")
                if one["day"] is None and before.get(one["campaign"], 0) > micros(one["settled"]) + micros(one["late"]):
                    found.append(f"{one['campaign']}: {before[one['campaign']]} micros billed, {one['settled']} settled and {one['late']} late")
            return found

        end = time.monotonic() + 45
        while True:
            found = wrong()
            if not found or time.monotonic() > end:
                break
            time.sleep(0.5)
        done = self.paceline("ledger", "verify", "--timeout", "30", "--coordinator", self.leader().admin)
        if done.returncode != 0:
            found.append(f"paceline ledger verify: {(done.stdout + done.stderr).strip()}")
        if not self.status()["isMoneySafe"]:
            found.append("paceline status: the money is not safe")
        return found, done.stdout.strip()
