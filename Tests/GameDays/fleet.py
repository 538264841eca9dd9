"""The fleet of a game day: `./dev up --hosts` with a Prometheus that scrapes it, an Alertmanager behind that, and what operators
find on their machine: nixos/fleet.json of this fleet, and an ssh that leads to its hosts."""
import fcntl, http.client, json, os, re, shutil, signal, subprocess, time, urllib.parse, urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
here = os.path.join(root, "Tests/GameDays")
programs = os.path.join(root, os.environ.get("PACELINE_PROGRAMS", ".build/release"))
topology = "tools/dev/gameday.topology"

# One number for what takes a month and for what takes a minute.
scale = 20
lease_seconds = 20
scrape_seconds = 2
start_seconds = 120
stop_seconds = 45


# What one slow or broken answer comes as.
unanswered = (OSError, ValueError, http.client.HTTPException, subprocess.SubprocessError)


class Failed(Exception):
    pass


class Clock:
    """When all waiting ends: of a day, and of the run where it has a limit. Whatever waits inside waits no longer."""

    run_ends, day_ends = float("inf"), float("inf")

    def left(self, seconds):
        return max(0, min(seconds, min(self.run_ends, self.day_ends) - time.monotonic()))


clock = Clock()


def must(holds, text):
    if not holds:
        raise Failed(text)


def until(text, seconds, holds, pause=0.2):
    """Until it holds; an answer that does not come is one that says no."""
    began, end, error = time.monotonic(), time.monotonic() + clock.left(seconds), ""
    while True:
        try:
            found, error = holds(), ""
        except unanswered as one:
            found, error = None, f" ({type(one).__name__}: {one})"
        if found:
            return found
        must(time.monotonic() < end, f"not within {end - began:.0f} s: {text}{error}")
        time.sleep(pause)


def clear(folder):
    """What an earlier run left of a fleet in its folder, which none may run in."""
    lock = os.path.join(folder, "fleet/lock")
    if os.path.exists(lock):
        with open(lock) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failed(f"a fleet runs in {folder}/fleet; stop it, or give --out another folder") from None
            shutil.rmtree(os.path.join(folder, "fleet"))
    for name in ("fleet", "desk", "series", "alerts"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    if os.path.exists(os.path.join(folder, "up.log")):
        os.unlink(os.path.join(folder, "up.log"))


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
        folder = os.path.realpath(folder)
        self.folder, self.state = folder, os.path.join(folder, "fleet")
        # What operators call the root of the repository.
        self.desk = os.path.join(folder, "desk")
        self.children, self.up, self.hosts = [], None, {}
        # By campaign, micros of bills that a day told by itself, beside the fleet's traffic.
        self.told = {}

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
            ["setpriv", "--pdeathsig", "TERM", "--", os.path.join(root, "dev"), "up", "--built", "--hosts", "--topology", topology, "--lease-seconds", str(lease_seconds),
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
                self.up.wait(stop_seconds)
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
        except (Failed, *unanswered):
            return False
        return not found["down"] and found["leader"] and found["isMoneySafe"]

    def paceline(self, *words, timeout=60):
        return subprocess.run([f"{programs}/paceline", *words], capture_output=True, text=True, timeout=clock.left(timeout) + 5)

    def leader(self):
        for one in self.of("coordinator"):
            try:
                if get(one.admin + "/v1/coordinator", 1)["leads"]:
                    return one
            except (*unanswered, KeyError):
                pass
        raise Failed("no coordinator leads")

    # What is done to it.

    def pid(self, name):
        """Of its process, where that is still the one: whoever has the number later is not this fleet's."""
        try:
            pid = int(open(self.path(name, "pid")).read())
            words = open(f"/proc/{pid}/cmdline").read()
        except (OSError, ValueError):
            return None
        # Where the database's user cannot come into the folder, its files are elsewhere.
        own = (self.state + "/", "/var/tmp/paceline-postgres-") if self.hosts[name].role == "postgres" else (self.state + "/",)
        return pid if any(one in words for one in own) else None

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

    def billed(self, since=0.0):
        """By campaign, what exchanges were told is billed, and what they have told and heard no answer to, in micros, of the fleet's own
        traffic, as it was written behind `since`."""
        path = self.path("traffic/billed.json")
        until("the traffic writes what it was billed", 20, lambda: os.stat(path).st_mtime > since)
        sums = json.load(open(path), parse_float=str)
        return {name: (micros(one["billed"]), micros(one["openAmount"]) + micros(one["lostAmount"])) for name, one in sums.items()}

    def accounts(self):
        return get(self.leader().admin + "/api/v1/ledger/accounts?list=1")["accounts"]

    def books(self):
        """What is billed and what is late, in micros, of all campaigns."""
        return sum(one for one, _ in self.billed().values()), sum(micros(one["late"]) for one in self.accounts() if one["day"] is None)

    def money(self, before, late_most):
        """What is wrong with it, how many micros are overspent, and what the check says; nothing is wrong where no account has more out and
        spent than the highest budget that it ever had, what was billed until a moment ago has come to the ledger, the ledger has settled no
        more than exchanges were told, and what came too late is not more than the day makes. `before` are the books at its start."""
        overspent = None

        def wrong():
            nonlocal overspent
            told = self.billed()
            accounts = self.accounts()
            # The exchange's own sums are written once a second: those behind the ledger's answer hold all that is in it.
            later = self.billed(time.time())
            found, overspent = [], 0
            for one in accounts:
                name = f"{one['campaign']} {one['day'] or ''}".strip()
                committed = sum(micros(one[place]) for place in ("granted", "settled", "suspense", "presumedSpent"))
                # A cut leaves what is out already as overhang, below the highest budget.
                ceiling = max(micros(one["budget"]), micros(one["highest"]))
                settled, late = micros(one["settled"]), micros(one["late"])
                if one["day"] is None:
                    billed, _ = told.get(one["campaign"], (0, 0))
                    most = sum(later.get(one["campaign"], (0, 0))) + self.told.get(one["campaign"], 0)
                    overspent += max(0, committed - ceiling, billed - late - ceiling)
                    if billed > settled + late:
                        found.append(f"{name}: {billed} micros billed, {settled} settled and {late} late")
                    if settled + late > most:
                        found.append(f"{name}: {settled} micros settled and {late} late, {most} told by exchanges")
                else:
                    overspent += max(0, committed - ceiling)
                if committed > ceiling:
                    found.append(f"{name}: {committed - ceiling} micros beyond its budget")
            names = {one["campaign"] for one in accounts}
            found += [f"{name}: billed, and without an account" for name in told if name not in names]
            billed = sum(one for one, _ in told.values())
            if billed <= before[0]:
                found.append(f"nothing was billed on this day: {before[0]} micros before it, {billed} after it")
            late = sum(micros(one["late"]) for one in accounts if one["day"] is None) - before[1]
            if late_most is not None and late > late_most:
                found.append(f"{late} micros came too late, and not {late_most} at most")
            return found

        found, end = ["not looked at"], time.monotonic() + clock.left(45)
        while True:
            try:
                found = wrong()
            except (Failed, *unanswered) as error:
                found = [f"the ledger does not answer: {error}"]
            if not found or time.monotonic() > end:
                break
            time.sleep(0.5)
        done = self.paceline("ledger", "verify", "--timeout", "30", "--coordinator", self.leader().admin)
        if done.returncode != 0:
            found.append(f"paceline ledger verify: {(done.stdout + done.stderr).strip()}")
        status = self.status()
        if not status["isMoneySafe"]:
            unsafe = [one["name"] for one in status["budgets"] if not one["isSafe"]]
            found.append(
                f"paceline status: the money is not safe: {status['issuerRefusals']} refused by issuers, "
                f"beyond their budgets {unsafe}, as {status['moneyFrom']} says of {len(status['budgets'])}")
        return found, overspent, done.stdout.strip()
