"""The fleet of `./dev up` as checks have it: started as a newcomer would, asked as operators and exchanges ask, and stopped by Ctrl-C. What
exchanges were told is billed is held against what the ledger's root has settled.
"""
import contextlib, glob, json, os, signal, subprocess, time, urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
paceline = os.path.join(root, os.environ.get("PACELINE_PROGRAMS", ".build/release"), "paceline")
began = time.monotonic()


def say(text):
    print(f"{time.monotonic() - began:5.1f} s  {text}", flush=True)


class Failed(Exception):
    pass


def must(holds, text):
    if not holds:
        raise Failed(text)


def until(text, seconds, holds):
    """Waits until it holds; answers what it was then."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        must(time.monotonic() < end, f"not within {seconds} s: {text}")
        time.sleep(0.1)


def get(url):
    with urllib.request.urlopen(url, timeout=3) as answer:
        return json.load(answer)


def micros(amount):
    whole, _, rest = str(amount).partition(".")
    return int(whole) * 1_000_000 + int((rest + "000000")[:6])


def run_paceline(*words):
    done = subprocess.run([paceline, *words], capture_output=True, text=True)
    must(done.returncode == 0, f"paceline {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def campaign(fleet, *words):
    return run_paceline("campaign", *words, "--coordinator", fleet.of("coordinator")[0]["admin"])


class Fleet:
    """`./dev up` with its state in .build/NAME."""

    def __init__(self, name, *more, within=60):
        self.state = os.path.join(root, ".build", name)
        self.log = open(self.state + ".log", "ab")
        self.begins = self.log.tell()
        # A process group of its own: Ctrl-C on a terminal is a signal to all of it. What runs in the background of a script ignores
        # that, and whatever it starts could not even ask for it.
        self.process = subprocess.Popen(
            [os.path.join(root, "dev"), "up", "--built", "--state", self.state, *more], cwd=root,
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.roster = []
        try:
            until("it serves", within, lambda: self.has_ended() or "serving after" in self.said())
            must(not self.has_ended(), f"it ended: {self.said()[-2000:]}")
        except Failed:
            self.end()
            raise
        self.roster = json.load(open(self.path("roster.json")))["members"]

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def has_ended(self):
        return self.process.poll() is not None

    def said(self):
        with open(self.log.name, "rb") as file:
            file.seek(self.begins)
            return file.read().decode()

    def of(self, role):
        return [one for one in self.roster if one["role"] == role]

    def pid(self, name):
        with open(self.path(name, "pid")) as file:
            return int(file.read())

    def kill(self, name, number):
        os.kill(self.pid(name), number)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGINT)
        must(self.process.wait(60) == 0, f"it ended with {self.process.returncode}: {self.said()[-2000:]}")
        must(not self.processes(), f"left behind: {self.processes()}")

    def end(self):
        """However it went: its children end with it, by the kernel's hand."""
        if not self.has_ended():
            os.kill(self.process.pid, signal.SIGKILL)
        # A Postgres whose Patroni is kept away is nobody's child.
        held = [os.path.basename(os.path.dirname(path)) for path in glob.glob(self.path("*", "held"))]
        for pid, words in self.running():
            if any(f" {place}/data " in words for name in held for place in self.databases(name)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def processes(self):
        """Of this fleet, by their command lines."""
        return [words for _, words in self.running()]

    def databases(self, name):
        """Where this member has its database: below its folder, or elsewhere if nobody may enter that."""
        return [self.path(name, "data"), f"/var/tmp/paceline-postgres-{self.number()}-{name}"]

    def number(self):
        return subprocess.run(["cksum"], input=self.state + "\n", capture_output=True, text=True).stdout.split()[0]

    def running(self):
        """Numbers and command lines of this fleet's processes."""
        number, found = self.number(), []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            # Another's folder may have a longer name.
            if (self.state + "/" in words or f"paceline-postgres-{number}-" in words) and str(os.getpid()) != path.split("/")[2]:
                found.append((int(path.split("/")[2]), words))
        return found

    def status(self, *more):
        done = subprocess.run(
            [paceline, "status", "--json", "--timeout", "2", "--roster", self.path("roster.json"), *more],
            capture_output=True, text=True)
        must(done.stdout, f"paceline status: {done.stderr}")
        return done.returncode, json.loads(done.stdout)

    def counted(self, column):
        """What the traffic has counted since it began, by the region that sold."""
        try:
            with open(self.path("traffic/seconds.tsv")) as file:
                rows = [line.rstrip("\n").split("\t") for line in file]
        except FileNotFoundError:
            return {}
        return {row[1]: int(row[column]) for row in rows if len(row) == 9}

    def requests_by_region(self):
        return self.counted(2)

    def billed_by_region(self):
        """Bills that were acknowledged."""
        return self.counted(5)

    def settled(self):
        """By campaign, over its accounts without their days, which are in them; and budgets."""
        text = urllib.request.urlopen(self.of("coordinator")[0]["admin"] + "/api/v1/ledger/accounts?list=1", timeout=3).read()
        accounts = json.loads(text, parse_float=str)["accounts"]
        return {one["campaign"]: one for one in accounts if one["day"] is None}

    def settle(self):
        """Ends the traffic, and waits until the root has settled what it was billed, over all its runs."""
        # Nobody starts the traffic again while its supervisor is stopped.
        os.kill(self.process.pid, signal.SIGSTOP)
        traffic = self.pid("traffic")
        os.kill(traffic, signal.SIGTERM)
        until("the traffic ends", 10, lambda: open(f"/proc/{traffic}/stat").read().rsplit(")", 1)[1].split()[0] == "Z")
        sums = json.load(open(self.path("traffic/billed.json")), parse_float=str)
        must(all(one["open"] == 0 and one["refused"] == 0 for one in sums.values()), f"bills are left: {sums}")
        billed = {name: micros(one["billed"]) for name, one in sums.items()}

        def agree():
            found = self.settled()
            return all(
                micros(found[name]["settled"]) == amount and amount <= micros(found[name]["budget"])
                for name, amount in billed.items())

        until(f"the root settles what was billed: {billed}, {self.settled()}", 20, agree)
        say(f"billed at the exchanges, settled at the root, to the micro: {billed}")
        return billed
