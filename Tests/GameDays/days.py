"""What is broken on a game day: the fault, the alert that must say so, its runbook, and what the runbook must print. Each day is a class with
`inject`, and `end` where the runbook's blocks do not end it; `repair` says who does. `expects` pairs a part of what the page says before a
block with a pattern of what that block prints."""
import json, os, re, shutil, subprocess, threading, time, urllib.error, urllib.request

from fleet import must, root, until

by_runbook = "the runbook's blocks"


class Day:
    name = what = alert = runbook = ""
    labels = {}
    repair = by_runbook
    # Seconds until the alert must fire, and until it must have cleared.
    detect, recover = 60, 90
    variables = {}
    expects = ()
    # Steps that end otherwise than with 0 by what the page says, by a part of what it says before them.
    ends = {}
    # Parts of what the page says before steps that are not taken here, with the reason.
    leaves = {}
    # Whether the page's Undo is run: where what its Act does has to be taken back.
    undoes = False
    # Micros that may come too late on this day; None: any number.
    late_micros = 0
    # The one that runs in every `./dev test`.
    in_test = False

    def needs(self, fleet):
        return None

    def prepare(self, fleet):
        pass

    def inject(self, fleet):
        raise NotImplementedError

    def before(self, fleet, step):
        """In front of a step of the runbook."""

    def end(self, fleet):
        """Where the fault ends by itself, behind the runbook."""

    def clean(self, fleet):
        """Whatever happened: nothing of it stays."""


class Sender(threading.Thread):
    """Requests a second to somewhere, until it is told to end."""

    def __init__(self, rate, send):
        super().__init__(daemon=True)
        self.rate, self.send, self.ends = rate, send, False

    def run(self):
        while not self.ends:
            try:
                self.send()
            except (OSError, ValueError):
                pass
            time.sleep(1 / self.rate)

    def stop(self):
        self.ends = True
        if self.is_alive():
            self.join()


def post(url, body, timeout=3):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def break_of(number):
    """The demo's break, for a viewer who never comes back."""
    body = json.load(open(os.path.join(root, "Examples/ctv-pod.json")))
    body["id"] = f"gameday-{number}"
    body["user"]["id"] = f"gameday-viewer-{number}"
    body["device"]["ifa"] = f"{number:08x}-0000-4000-8000-00000000beef"
    body["device"]["ip"] = f"10.8.{number // 250 % 250}.{number % 250 + 1}"
    return body


def bill_addresses(node, count):
    """Of so many breaks, the addresses that bills go to, without the price."""
    found, number = [], int(time.time()) % 100_000 * 1000
    while len(found) < count:
        number += 1
        must(number % 1000 < 900, f"{node.name} sells nothing that could be billed")
        answer = post(node.serves + "/openrtb2/bid", break_of(number))
        for seat in (answer or {}).get("seatbid", ()):
            found += [bid for bid in seat["bid"] if bid.get("burl")]
        time.sleep(0.02)
    return found[:count]


def publish(fleet, folder, note):
    done = fleet.paceline("catalog", "import", folder, "--note", note, "--coordinator", fleet.leader().admin)
    must(done.returncode == 0, f"paceline catalog import: {done.stdout}{done.stderr}")


def catalog_with(fleet, name, change):
    """The demo's catalog as `change` makes it of its documents by name, in a folder of its own."""
    folder = os.path.join(fleet.folder, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(root, "Examples/catalog"), folder)
    trees = {one: json.load(open(os.path.join(folder, f"{one}.json"))) for one in ("campaigns", "line-items")}
    change(trees)
    for one, tree in trees.items():
        with open(os.path.join(folder, f"{one}.json"), "w") as file:
            json.dump(tree, file, indent=2)
    return folder


class NodeLost(Day):
    name, alert, runbook = "node-lost", "NodeDown", "NodeDown"
    what = "SIGKILL of one of a region's two nodes, which stays away until it is started."
    labels = {"host": "us-east-2"}
    expects = (
        ("Which ones, by Prometheus", r'instance="127\.\d+\.0\.13:9900".*=> 0 '),
        ("what systemd did", r"inactive \(dead\)"),
        ("How many are left", r'region="us-east"\} => 1 '),
        ("See it ready", r"us-east-2"))
    in_test = True

    def inject(self, fleet):
        fleet.lose("us-east-2")

    def clean(self, fleet):
        fleet.find("us-east-2")


class RegionLost(Day):
    name, alert, runbook = "region-lost", "RegionDown", "RegionDown"
    what = "All processes of a region killed at once, and its hosts answer nobody."
    labels = {"region": "us-west"}
    repair = "the runbook's blocks: its Undo puts the region back, behind its hosts, which are there again at the fault's own end."
    undoes = True
    expects = (
        ("The region", r'region="us-west"\} => 0 '),
        ("Whether the others took the traffic", r'region="ca-central"\} => [0-9.]+ '),
        ("only Prometheus is cut off", r"it does not answer from here either"),
        ("The coordinator that leads", r"=> 1 "),
        ("what its leaving comes to", r"us-west: would be asked to be taken as lost"),
        ("what its leaving comes to", r"us-west: is asked to be taken as lost; version \d"),
        ("When its nodes are ready again", r"us-west: is asked to be in service; version \d"))
    # Its first share, and all of its traffic by and by, behind the start of its processes.
    back_seconds = 90

    def members(self, fleet):
        return [one.name for role in ("node", "broker") for one in fleet.of(role, "us-west")]

    def inject(self, fleet):
        fleet.lose(*self.members(fleet), host=True)

    def before(self, fleet, step):
        if step.section != "Undo":
            return
        done = fleet.paceline("fleet", "status", "--coordinator", fleet.leader().admin)
        must(re.search(r"^us-west +lost ", done.stdout, re.M), f"us-west was not taken as lost: {done.stdout}{done.stderr}")
        fleet.find(*self.members(fleet))
        # Its nodes are not ready before their region is back; they are there, though.
        until("the region's nodes are there", 40, lambda: all(fleet.answers(one.admin + "/healthz") for one in fleet.of("node", "us-west")))

    def end(self, fleet):
        fleet.find(*self.members(fleet))
        self.wait(fleet)

    def wait(self, fleet):
        def is_in_service():
            return fleet.paceline("fleet", "status", "--coordinator", fleet.leader().admin).returncode == 0

        until("all regions are in service", self.back_seconds, is_in_service)

    def clean(self, fleet):
        fleet.find(*self.members(fleet))
        done = fleet.paceline("fleet", "restore", "us-west", "--reason", "the game day is over", "--coordinator", fleet.leader().admin)
        must(done.returncode == 0, f"paceline fleet restore us-west: {done.stdout}{done.stderr}")
        self.wait(fleet)


class BrokerLost(Day):
    name, alert, runbook = "broker-lost", "TargetDown", "TargetDown"
    what = "SIGKILL of one of a region's two brokers, which stays away until it is started."
    labels = {"host": "us-east-broker-1", "job": "paceline-broker"}
    variables = {"UNIT": "paceline-broker"}
    expects = (
        ("Which host", r'host="us-east-broker-1"'),
        ("Its address in the mesh", r"^$"),
        ("Which of its programs", r"paceline-broker\.service loaded failed"))

    def inject(self, fleet):
        fleet.lose("us-east-broker-1")

    def clean(self, fleet):
        fleet.find("us-east-broker-1")


class MembersLost(Day):
    """Some members are killed, and stay away until the day is over."""
    members = ()

    def inject(self, fleet):
        fleet.lose(*self.members)

    def end(self, fleet):
        fleet.find(*self.members)

    clean = end


class BrokersLost(MembersLost):
    members = ("us-west-broker-1", "us-west-broker-2")
    name, alert, runbook = "brokers-lost", "IssuerExchangesBurning", "IssuerExchangesBurning"
    what = "SIGKILL of both brokers of a region, which stay away: its node has nobody to get money from."
    labels = {"region": "us-west", "burn": "14.4"}
    repair = "the fault's own end: both brokers are started. The page finds where the way to the money breaks."
    # A share of the last three minutes, of which most were well.
    detect, recover = 150, 120
    expects = (
        ("The region", r'region="us-west"'),
        ("Whether a coordinator leads", r"=> 1 "),
        ("The node that is answered least", r"127\.\d+\.0\.11:9900"),
        # A leader that is ready has nothing to add to its 200.
        ("reaches the leader", r"\A\Z"))


class CoordinatorsLost(MembersLost):
    members = ("coordinator-1", "coordinator-2")
    name, alert, runbook = "coordinators-lost", "RootHasNoLeader", "RootHasNoLeader"
    what = "SIGKILL of both coordinators, which stay away until they are started."
    expects = (
        ("Who answers", r'job="paceline-coordinator".*=> 0 '),
        ("What it says of itself", r"Connection refused|Couldn't connect|Failed to connect"),
        ("One must lead", r"paceline_root_leads\{.*=> 1 "))
    repair = "the runbook's blocks start the coordinator that they name; the other one is started at the fault's own end."


class DatabaseLost(Day):
    name, alert, runbook = "database-lost", "RootHasNoLeader", "RootHasNoLeader"
    what = "SIGKILL of Postgres and its children, which stay away: coordinators answer, and none leads."
    repair = "the fault's own end: Postgres is started. The page leads to the database's own pages, whose blocks are Patroni's."
    expects = (
        ("Who answers", r'job="paceline-coordinator".*=> 1 '),
        ("Who answers", r"paceline_database_connections\{.*=> 0 "),
        ("What it says of itself", r'"leads": *false'))
    ends = {"One must lead": None, "Start it again": None}

    def inject(self, fleet):
        fleet.lose("postgres")

    def before(self, fleet, step):
        # What the page restarts first is the way to the database.
        if "Start it again" in step.saying:
            fleet.find("postgres")
            until("Postgres is started", 20, lambda: not os.path.exists(fleet.path("postgres/held")))
            time.sleep(4)

    def end(self, fleet):
        fleet.find("postgres")

    clean = end


class NoticesForgedDay(Day):
    name, alert, runbook = "notices-forged", "NoticesForged", "NoticesForged"
    what = "Twenty bills a second whose signature is changed by a character."
    labels = {"region": "ca-central"}
    repair = "the fault's own end: whoever sends them stops. The page tells forged ones from lost keys."
    detect, recover = 90, 120
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.12:9900"),
        ("Which events", r'outcome="forged"'),
        ("Whether good bills still come", r'outcome="counted"'),
        ("When its keys were made", r"20\d\d"))
    ends = {"What a token of such a notice says": 1}

    def prepare(self, fleet):
        node = fleet.of("node", "ca-central")[0]
        address = bill_addresses(node, 1)[0]["burl"].replace("${AUCTION_PRICE}", "1")
        before, token = address.split("t=", 1)
        token, mark, rest = token.partition("&")
        changed = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        self.variables = {"TOKEN": changed}
        self.address = before + "t=" + changed + mark + rest
        self.sender = Sender(20, lambda: fetch(self.address))

    def inject(self, fleet):
        must(fetch(self.address) == 403, "a changed signature is not answered 403")
        self.sender.start()

    def end(self, fleet):
        self.sender.stop()

    clean = end


class DeadlinesShort(Day):
    name, alert, runbook = "deadlines-short", "AvailabilityBurning", "AvailabilityBurning"
    what = "An exchange sends twenty requests a second whose `tmax` leaves a millisecond."
    labels = {"region": "ca-central", "burn": "14.4"}
    repair = "the fault's own end: the exchange sends its usual deadlines. The page says that nothing on our side helps."
    recover = 120
    expects = (
        ("The region that it is worst in", r'region="ca-central"'),
        ("On how many shards", r'region="ca-central"\} => 0 '))
    leaves = {
        "The node that turns away most": "the page says of this cause that nothing here helps",
        "Restart it: it drains": "the page says of this cause that nothing here helps",
        "How the node itself says it is": "the page says of this cause that nothing here helps"}

    def prepare(self, fleet):
        node = fleet.of("node", "ca-central")[0]
        self.number = 0

        def send():
            self.number += 1
            post(node.serves + "/openrtb2/bid", break_of(self.number) | {"tmax": 1})

        self.sender = Sender(20, send)

    def inject(self, fleet):
        self.sender.start()

    def end(self, fleet):
        self.sender.stop()

    clean = end


class CatalogShrunkDay(Day):
    name, alert, runbook = "catalog-shrunk", "CatalogShrunk", "CatalogShrunk"
    what = "A catalog is published that has lost most of its line items."
    expects = (
        ("Which ones, by Prometheus", r"paceline_catalog_line_items_fewer"),
        ("Which files are gone", r"less than half of the line items"),
        ("What went", r"- lineItems northwind-guaranteed"),
        ("the leader, and its last versions", r"half of it is lost"),
        ("becomes the next", r'"version"'))

    def inject(self, fleet):
        def change(trees):
            trees["line-items"]["lineItems"] = trees["line-items"]["lineItems"][:2]

        self.good = os.path.join(root, "Examples/catalog")
        publish(fleet, catalog_with(fleet, "shrunk", change), "half of it is lost")

    def clean(self, fleet):
        publish(fleet, self.good, "the demo")


class ModelBroken(Day):
    name, alert, runbook = "model-broken", "ModelRefused", "ModelRefused"
    what = "A model on a node's disk is cut off in the middle, as by a copy that did not end."
    labels = {"host": "us-east-2"}
    repair = "the runbook's blocks, behind the file's mending, which the page leaves to whoever copied it."
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.13:9900"),
        ("Which file and line, or why", r"completion"),
        ("Everything that is wrong with it", r"completion"))
    ends = {"Everything that is wrong with it": 1}

    def file(self, fleet):
        return fleet.path("us-east-2/models/completion.txt")

    def inject(self, fleet):
        path = self.file(fleet)
        self.whole = open(path, "rb").read()
        with open(path, "wb") as file:
            file.write(self.whole[:len(self.whole) // 2])

    def mend(self, fleet):
        path = self.file(fleet)
        with open(path + ".new", "wb") as file:
            file.write(self.whole)
        os.replace(path + ".new", path)

    def before(self, fleet, step):
        if step.saying.startswith("When it is mended"):
            self.mend(fleet)

    clean = mend


class ModelsApart(Day):
    name, alert, runbook = "models-apart", "ModelsDiffer", "ModelsDiffer"
    what = "One node of a region has another set of models than its neighbour."
    labels = {"region": "us-east"}
    repair = "the runbook's blocks, behind the copying of the files, which the page leaves to who publishes them."
    detect, recover = 120, 90
    expects = (
        ("The region", r'region="us-east"\} => 2 '),
        ("Which files it has", r"models\.json"))

    def inject(self, fleet):
        self.variables = {"NODE": f"{fleet['us-east-2'].address}:9900"}
        path = fleet.path("us-east-2/models/models.json")
        self.whole = open(path, "rb").read()
        tree = json.loads(self.whole)
        tree["models"] = [one for one in tree["models"] if not one.get("shadow")][:len(tree["models"])]
        self.write(path, json.dumps(tree).encode())

    def write(self, path, content):
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.replace(path + ".new", path)

    def before(self, fleet, step):
        if step.saying.startswith("When the files are the same"):
            self.clean(fleet)

    def clean(self, fleet):
        self.write(fleet.path("us-east-2/models/models.json"), self.whole)


class CertificateEnds(Day):
    name, alert, runbook = "certificate-ends", "CertificateExpiresSoon", "CertificateExpiresSoon"
    what = "A node's listener gets a certificate that ends in two days."
    labels = {"host": "us-east-2"}
    repair = "the fault's own end: the authority's next certificate is put in its place. The page finds the file and says so."
    expects = (
        ("The listener that ends first", r"127\.\d+\.0\.13:9900"),
        ("The files that its settings name", r"notAfter"))

    def certify(self, fleet, days):
        folder = fleet.path("us-east-2")
        for name in ("key", "certificate"):
            if os.path.exists(f"{folder}/{name}.new"):
                os.unlink(f"{folder}/{name}.new")
        done = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
             "-subj", "/CN=us-east-2", "-keyout", f"{folder}/key.new", "-out", f"{folder}/certificate.new"], capture_output=True, text=True)
        must(done.returncode == 0, f"openssl: {done.stderr}")
        for name in ("key", "certificate"):
            os.replace(f"{folder}/{name}.new", f"{folder}/{name}.pem")

    def inject(self, fleet):
        self.certify(fleet, 2)
        folder = fleet.path("us-east-2")

        def change(tree):
            tree["listen"] = tree["listen"][:1] + [{
                "address": fleet["us-east-2"].address, "port": 8443,
                "tls": {"certificateFile": f"{folder}/certificate.pem", "keyFile": f"{folder}/key.pem", "reloadSeconds": 1}}]

        fleet.settings("us-east-2", change)

    def end(self, fleet):
        self.certify(fleet, 30)

    def clean(self, fleet):
        fleet.settings("us-east-2", lambda tree: tree.update(listen=tree["listen"][:1]))


class CertificateTorn(CertificateEnds):
    name, alert, runbook = "certificate-torn", "CertificateReloadFailing", "CertificateReloadFailing"
    what = "Half of a certificate is copied over a node's."
    repair = "the fault's own end: the whole certificate is copied. The page finds what is wrong with the file."
    recover = 120
    expects = (
        ("Which ones, by Prometheus", r"127\.\d+\.0\.13:9900"),
        ("Why, by its log", r"[Cc]ertificate"))
    ends = {"The files that its settings name": 1}

    def prepare(self, fleet):
        self.certify(fleet, 30)
        folder = fleet.path("us-east-2")

        def change(tree):
            tree["listen"] = tree["listen"][:1] + [{
                "address": fleet["us-east-2"].address, "port": 8443,
                "tls": {"certificateFile": f"{folder}/certificate.pem", "keyFile": f"{folder}/key.pem", "reloadSeconds": 1}}]

        fleet.settings("us-east-2", change)

    def inject(self, fleet):
        path = fleet.path("us-east-2/certificate.pem")
        text = open(path).read()
        with open(path, "w") as file:
            file.write(text[:len(text) // 2])


def all_days():
    from later import later

    return [NodeLost, RegionLost, BrokerLost, BrokersLost, CoordinatorsLost, DatabaseLost, NoticesForgedDay, DeadlinesShort, CatalogShrunkDay,
            ModelBroken, ModelsApart, CertificateEnds, CertificateTorn, *later]
