"""More game days, in the form of days.py: those of bills, the database, files on a node's disk, and what stands beside a node."""
import json, math, os, shutil, signal, subprocess, time

from days import Day, Sender, bill_addresses, fetch
from fleet import lease_seconds, must, root, scale, until


class FromFiles(Day):
    """A node that reads its catalog from files of its own, as one without coordinators does."""

    node = "us-east-2"

    def prepare(self, fleet):
        self.files = fleet.path(self.node, "files")
        shutil.rmtree(self.files, ignore_errors=True)
        shutil.copytree(os.path.join(root, "Examples/catalog"), self.files)
        self.former = json.load(open(fleet.path(self.node, "settings.json")))["catalog"]
        fleet.settings(self.node, lambda tree: tree.update(catalog={
            "path": self.files, "stateDirectory": self.former["stateDirectory"], "reloadSeconds": 1}))

    def items(self):
        return os.path.join(self.files, "line-items.json")

    def mend(self):
        shutil.copy(os.path.join(root, "Examples/catalog/line-items.json"), self.items() + ".new")
        os.replace(self.items() + ".new", self.items())

    def clean(self, fleet):
        fleet.settings(self.node, lambda tree: tree.update(catalog=self.former))


class CatalogTorn(FromFiles):
    name, alert, runbook = "catalog-torn", "CatalogRefused", "CatalogRefused"
    what = "A node's line items are cut off in the middle, as by a copy that did not end."
    labels = {"host": "us-east-2"}
    repair = "the runbook's blocks, behind the file's mending, which the page leaves to who copies it."
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.13:9900"),
        ("Which file and line, or why", r"line-items\.json"),
        ("All mistakes at once", r"line-items\.json:\d+"))
    ends = {"All mistakes at once": 1}

    def inject(self, fleet):
        text = open(self.items()).read()
        with open(self.items(), "w") as file:
            file.write(text[:len(text) // 2])

    def before(self, fleet, step):
        if step.saying.startswith("When the files are mended"):
            self.mend()


class CatalogsApart(FromFiles):
    name, alert, runbook = "catalogs-apart", "CatalogsDiffer", "CatalogsDiffer"
    what = "One node of a region has a line item less than its neighbour."
    labels = {"region": "us-east"}
    repair = "the runbook's blocks, behind the copying of the files, which the page leaves to who publishes them."
    detect = 120
    expects = (
        ("The region", r'region="us-east"\} => 2 '),
        ("Which files it has", r"line-items\.json"))

    def inject(self, fleet):
        self.variables = {"NODE": f"{fleet[self.node].address}:9900"}
        tree = json.load(open(self.items()))
        tree["lineItems"].pop()
        with open(self.items() + ".new", "w") as file:
            json.dump(tree, file)
        os.replace(self.items() + ".new", self.items())

    def before(self, fleet, step):
        if step.saying.startswith("When the files are the same"):
            self.mend()


class BillsLate(Day):
    name, alert, runbook = "bills-late", "LateBilling", "LateBilling"
    what = "An exchange tells forty bills two minutes after the ads, when their money is not set aside any more."
    labels = {"region": "ca-central"}
    repair = "the fault's own end: no more of them come, and the hour that the alert looks at goes by. The page finds whose they are."
    detect, recover = 60, 260
    late_micros = None
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.12:9900"),
        ("How many are late", r'late='),
        ("Which campaigns", r"USD"))
    # Money is set aside for a minute, and thirty seconds of grace.
    wait_seconds = 110

    def prepare(self, fleet):
        self.bids = bill_addresses(fleet.of("node", "ca-central")[0], 40)
        self.variables = {"CAMPAIGN": self.bids[0]["cid"]}
        time.sleep(self.wait_seconds)

    def inject(self, fleet):
        for bid in self.bids:
            fleet.told[bid["cid"]] = fleet.told.get(bid["cid"], 0) + math.ceil(bid["price"] * 1000)
        taken = [fetch(bid["burl"].replace("${AUCTION_PRICE}", str(bid["price"]))) for bid in self.bids]
        must(sum(one in (200, 204) for one in taken) > len(taken) // 2, f"late bills were answered {sorted(set(taken))}")


class DatabaseHalts(Day):
    """Postgres stands still for so many seconds, goes on for so many, and again."""
    still = between = 0

    def prepare(self, fleet):
        def halt():
            fleet.signal("postgres", signal.SIGSTOP)
            time.sleep(self.still)
            fleet.signal("postgres", signal.SIGCONT)

        self.sender = Sender(1 / self.between, halt)

    def inject(self, fleet):
        self.sender.start()

    def end(self, fleet):
        self.sender.stop()
        fleet.signal("postgres", signal.SIGCONT)

    clean = end


class DatabaseStalls(DatabaseHalts):
    still, between = 6, 1
    name, alert, runbook = "database-stalls", "RootOutcomesUnknown", "RootOutcomesUnknown"
    what = "Postgres stands still for six seconds, goes on for one, and again."
    detect, recover = 120, 120
    repair = "the fault's own end: Postgres goes on. The page tells why outcomes were unknown, and that the books add up."
    expects = (
        ("The coordinator", r"127\.\d+\.0\.[23]:9900"),
        ("By reason", r"outcome=\"unknown\""),
        ("The books must add up", r"agree|add up|ok"))

    def before(self, fleet, step):
        # What the page asks of the database itself, it asks when that answers.
        if step.saying.startswith("The books must add up"):
            self.end(fleet)
            until("a coordinator leads", 20, lambda: fleet.is_well())


class DatabaseSlow(DatabaseHalts):
    still, between = 0.6, 0.1
    name, alert, runbook = "database-slow", "RootBatchesBurning", "RootBatchesBurning"
    what = "Postgres stands still for 600 ms of every 700."
    labels = {"burn": "14.4"}
    detect, recover = 120, 150
    repair = "the fault's own end: Postgres has its processor again. The page says whether the database or the way to it takes the time."
    expects = (
        ("The coordinator that leads", r"=> 1 "),
        ("What the leader says of itself", r'"leads"'))
    ends = {}


class LeaseEnds(Day):
    name, alert, runbook = "lease-ends", "IssuerLeaseRunningOut", "IssuerLeaseRunningOut"
    what = "Both brokers of a region stand still, and its node's lease runs out."
    labels = {"host": "ca-central-1"}
    repair = "the fault's own end: the brokers go on. The page finds that a coordinator leads, and that it is this region's way alone."
    recover = 60
    # As the rule's number: of a lease, which is 900 s in a fleet.
    variables = {"LEFT": f"{300 * lease_seconds / 900:.1f}"}
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.12:9900"),
        ("What each region has left", r'region="us-east"\} => 1\d'),
        ("Whether a coordinator leads", r"=> 1 "),
        ("What the node says of the last exchanges", r"issuer"))

    def inject(self, fleet):
        for one in fleet.of("broker", "ca-central"):
            fleet.signal(one.name, signal.SIGSTOP)

    def end(self, fleet):
        for one in fleet.of("broker", "ca-central"):
            fleet.signal(one.name, signal.SIGCONT)

    clean = end


class WordOld(LeaseEnds):
    name, alert, runbook = "word-old", "CatalogOld", "CatalogOld"
    what = "Both brokers of a region stand still for half a minute and more: its node hears of no catalog."
    repair = "the fault's own end: the brokers go on. The page finds that the region's brokers are the ones that do not answer."
    detect = 90
    variables = {"OLD": f"{600 / scale:.1f}"}
    expects = (
        ("how old its last word is", r"published as version \d+, as of \d+ s ago"),
        ("Whether the coordinators and brokers are there", r'host="ca-central-broker-1".*=> 0 '),
        ("What it says of the last questions", r"published"))


class StoreAway(Day):
    name, alert, runbook = "store-away", "SharedStoreAway", "SharedStoreAway"
    what = "SIGKILL of the Redis server through which a region's nodes tell one another what viewers were shown."
    labels = {"host": "us-east-1"}
    repair = "the fault's own end: the server is started. The page finds its address, and asks systemd there."
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.1[03]:9900"),
        ("Why connections fail", r"reason="))
    ends = {"Whether the store takes connections": 1, "Restart the store": None}

    def needs(self, fleet):
        return None if shutil.which("redis-server") else "redis-server is not here; apt has it"

    def serve(self, fleet):
        self.store = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", "redis-server", "--bind", fleet["us-east-1"].address, "--port", "6379", "--save", "",
             "--appendonly", "no", "--protected-mode", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def prepare(self, fleet):
        self.store = None
        self.serve(fleet)
        salt = os.urandom(32)
        for one in fleet.of("node", "us-east"):
            path = fleet.path(one.name, "salt")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(salt)
            fleet.settings(one.name, lambda tree: tree.update(frequency={
                "saltFile": path, "shared": {"address": fleet["us-east-1"].address, "port": 6379, "stream": "pool"}}))
        until("the store is there", 20, lambda: len(fleet.ask("paceline_shared_available == 1")) == 2)

    def inject(self, fleet):
        self.store.kill()
        self.store.wait()

    def end(self, fleet):
        self.serve(fleet)

    def clean(self, fleet):
        for one in fleet.of("node", "us-east"):
            fleet.settings(one.name, lambda tree: tree.pop("frequency", None))
        if self.store is not None:
            self.store.kill()
            self.store.wait()


later = (CatalogTorn, CatalogsApart, LeaseEnds, WordOld, DatabaseSlow, DatabaseStalls, StoreAway, BillsLate)
