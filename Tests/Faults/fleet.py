"""A fleet to break: a Postgres, two coordinators, two regions of two brokers and a node, with TLS between them, and traffic that
writes down what became of each ad. What ends is started again, unless it is held away."""
import glob, json, os, shutil, signal, socket, subprocess, time, urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
programs = os.path.join(root, os.environ.get("PACELINE_PROGRAMS", ".build/release"))
here = os.path.join(root, "Tests/Faults")

# As systemd waits before it starts a unit again.
restart_seconds = 1
ready_seconds = 40
regions = ("east", "west")
brokers = tuple(f"{region}-broker-{number}" for region in regions for number in (1, 2))
nodes = tuple(f"{region}-1" for region in regions)
coordinators = ("coordinator-1", "coordinator-2")

# A holder goes on for so long without the root, and a node for so long without a broker.
lease_seconds, window_seconds = 20, 10
leadership_milliseconds, renewal_milliseconds = 2000, 500


class Failed(Exception):
    pass


def must(holds, text):
    if not holds:
        raise Failed(text)


def now_milliseconds():
    return time.time_ns() // 1_000_000


def free_ports(count):
    """A first port behind which so many are free."""
    for first in range(18100, 60000, 100):
        try:
            for port in range(first, first + count):
                with socket.socket() as one:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    one.bind(("127.0.0.1", port))
            return first
        except OSError:
            pass
    raise Failed("no ports are free")


def has_postgres(folder):
    return all(os.access(os.path.join(folder, one), os.X_OK) for one in ("initdb", "postgres", "psql"))


def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda one: [int(n) for n in one.split("/")[4].split(".")])
    found = found[::-1] + os.environ["PATH"].split(":")
    return next((one for one in found if has_postgres(one)), None)


class Member:
    def __init__(self, name, role, region=None, serves=None, admin=None):
        self.name, self.role, self.region, self.serves, self.admin = name, role, region, serves, admin
        self.process = None
        self.is_held = False
        self.is_stopped = False
        self.ended_at = None
        self.environment = {}
        # How often it ended without that anybody had killed it, and with what.
        self.own_ends = []
        self.killed = set()

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None


class Fleet:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        self.record = os.path.join(folder, "record.tsv")
        self.first = free_ports(40)
        self.members = {}
        self.add("postgres", "postgres", serves=0)
        for index, name in enumerate(coordinators):
            self.add(name, "coordinator", serves=2 + 2 * index, admin=3 + 2 * index)
        for index, name in enumerate(brokers):
            self.add(name, "broker", name.split("-")[0], serves=10 + 2 * index, admin=11 + 2 * index)
        for index, name in enumerate(nodes):
            self.add(name, "node", name.split("-")[0], serves=20 + 2 * index, admin=21 + 2 * index)
        self.add("traffic", "traffic")
        self["traffic"].is_held = True
        self.as_postgres = []
        if os.getuid() == 0:
            self.as_postgres = [
                "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--pdeathsig", "INT", "--"]
        self.bin = postgres_programs()
        self.database = os.path.join(folder, "postgres/data")

    def __getitem__(self, name):
        return self.members[name]

    def add(self, name, role, region=None, serves=None, admin=None):
        port = lambda offset: None if offset is None else self.first + offset
        self.members[name] = Member(name, role, region, port(serves), port(admin))
        os.makedirs(self.path(name), exist_ok=True)
        return self.members[name]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # What each is started with.

    def listen(self, one):
        return [{"address": "127.0.0.1", "port": one.serves, "tls": {
            "certificateFile": self.path("tls", f"{one.name}.pem"), "keyFile": self.path("tls", f"{one.name}.key"),
            "clientCAFile": self.path("tls/ca.pem"), "clientCertificate": "required", "reloadSeconds": 1}}]

    def asks(self, one, names):
        return {"coordinators": [{"address": "127.0.0.1", "port": self[name].serves} for name in names],
                "timeoutMilliseconds": 1000, "tls": {
                    "serverName": "fleet.test", "authorityFile": self.path("tls/ca.pem"),
                    "certificateFile": self.path("tls", f"{one.name}.pem"), "keyFile": self.path("tls", f"{one.name}.key")}}

    def settings(self, one):
        common = {
            "daemon": one.role, "admin": {"address": "127.0.0.1", "port": one.admin},
            "drain": {"noticeMilliseconds": 0, "timeoutMilliseconds": 5000}, "log": {"format": "text"}}
        if one.role == "coordinator":
            return common | {
                "name": one.name, "listen": self.listen(one), "holders": list(brokers),
                "database": {"port": self["postgres"].serves, "passwordFile": self.path("password"),
                             "migrationsDirectory": os.path.join(root, "Sources/Apps/paceline-coordinator/Migrations")},
                "leases": {"leadershipMilliseconds": leadership_milliseconds, "renewalMilliseconds": renewal_milliseconds,
                           "leaseSeconds": lease_seconds}}
        if one.role == "broker":
            return common | {
                "name": one.name, "listen": self.listen(one), "root": {"holder": one.name} | self.asks(one, coordinators),
                "holders": [name for name in nodes if self[name].region == one.region],
                "leases": {"windowSeconds": window_seconds, "aheadSeconds": lease_seconds, "idleSeconds": 5},
                "journal": {"directory": self.path(one.name, "journal"), "segmentBytes": 8388608, "retainBytes": 33554432},
                "catalog": {"directory": self.path(one.name, "catalog")}}
        mine = [name for name in brokers if self[name].region == one.region]
        return common | {
            "node": {"name": one.name, "region": one.region}, "shards": 1,
            "listen": [{"address": "127.0.0.1", "port": one.serves}],
            "catalog": {"published": {}, "stateDirectory": self.path(one.name, "catalog"), "reloadSeconds": 1},
            "budgets": {"holdSeconds": 60, "graceSeconds": 30, "lastBillSeconds": 30},
            "ledger": {"issuer": {"holder": one.name, "aheadSeconds": lease_seconds} | self.asks(one, mine)},
            "notices": {"baseURL": f"http://127.0.0.1:{one.serves}", "keyFile": self.path(one.name, "notice-keys")},
            # Segments end soon, so that a full disk is noticed while somebody looks.
            "journal": {"directory": self.path(one.name, "journal"), "segmentBytes": 8388608, "retainBytes": 33554432,
                        "segmentAgeSeconds": 3, "requestOneIn": 1},
            "limits": {"connectionsPerShard": 1000}}

    def command(self, one):
        if one.role == "postgres":
            return [*self.as_postgres, f"{self.bin}/postgres", "-D", self.database, "-p", str(one.serves),
                    "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=50",
                    "-c", "shared_buffers=16MB", "-c", "log_min_messages=warning", "-c", "min_wal_size=2MB",
                    "-c", "max_wal_size=8MB"]
        if one.role == "traffic":
            return [f"{programs}/paceline", "traffic", "--roster", self.path("roster.json"), "--output", self.path("traffic"),
                    "--record", self.record, "--farewell", "40", "--rate", "16", "--day-seconds", "86400"]
        return [f"{programs}/paceline-{one.role}", "--config", self.path(one.name, "settings.json")]

    def write_settings(self, one):
        with open(self.path(one.name, "settings.json"), "w") as file:
            json.dump(self.settings(one), file, indent=2)

    # Certificates.

    def make_certificates(self):
        os.makedirs(self.path("tls/issued"))
        with open(self.path("tls/ca.cnf"), "w") as file:
            file.write(f"""[ca]
default_ca = fleet
[fleet]
database = {self.path('tls/index')}
new_certs_dir = {self.path('tls/issued')}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
""")
        open(self.path("tls/index"), "w").close()
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.pem", "-days", "2", "-subj", "/CN=a fleet to break")
        for one in self.members.values():
            if one.role in ("coordinator", "broker", "node"):
                self.certify(one, 86400)

    def certify(self, one, seconds):
        """A certificate that ends so many seconds from now, in the place of the one before, as whole files."""
        kind = {"coordinator": "coordinator", "broker": "broker", "node": "node"}[one.role]
        extra = f"subjectAltName=DNS:fleet.test,URI:spiffe://fleet/{kind}/{one.name}"
        if not os.path.exists(self.path("tls", f"{one.name}.key")):
            self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{one.name}.key")
        self.openssl("req", "-new", "-key", f"{one.name}.key", "-subj", f"/CN={one.name}", "-addext", extra,
                     "-out", f"{one.name}.csr")
        until = lambda moment: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(moment))
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext",
                     "-startdate", until(time.time() - 3600), "-enddate", until(time.time() + seconds),
                     "-in", f"{one.name}.csr", "-out", f"{one.name}.new")
        os.replace(self.path("tls", f"{one.name}.new"), self.path("tls", f"{one.name}.pem"))

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.path("tls"), capture_output=True, text=True)
        must(done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}")

    # Postgres.

    def make_database(self):
        with open(self.path("password"), "w") as file:
            file.write(os.urandom(24).hex())
        os.makedirs(self.database)
        os.chmod(self.database, 0o700)
        shutil.copy(self.path("password"), self.path("postgres/initdb-password"))
        if self.as_postgres:
            for path in (self.database, self.path("postgres/initdb-password")):
                shutil.chown(path, "nobody", "nogroup")
        done = subprocess.run(
            [*self.as_postgres, f"{self.bin}/initdb", "--pgdata", self.database, "--username", "paceline", "--auth",
             "scram-sha-256", "--pwfile", self.path("postgres/initdb-password"), "--encoding", "UTF8", "--locale", "C",
             "--wal-segsize", "1"], capture_output=True, text=True, cwd="/")
        must(done.returncode == 0, f"initdb: {done.stderr}")

    def psql(self, *arguments, database="paceline", timeout=10):
        environment = os.environ | {"PGPASSWORD": open(self.path("password")).read()}
        return subprocess.run(
            [f"{self.bin}/psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t",
             "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self["postgres"].serves), "-U", "paceline",
             "-d", database, *arguments], capture_output=True, text=True, env=environment, timeout=timeout)

    # Processes.

    def launch(self, one):
        environment = os.environ | one.environment
        log = open(self.path(one.name, "log"), "ab")
        # They end with this script, however it ends.
        command = ["setpriv", "--pdeathsig", "KILL" if one.role != "postgres" else "INT", "--", *self.command(one)]
        one.process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=environment, cwd="/")
        log.close()
        one.ended_at, one.is_stopped = None, False

    def tend(self):
        for one in self.members.values():
            if one.process is not None and not one.runs and one.ended_at is None:
                one.ended_at = time.monotonic()
                if one.process.pid not in one.killed and not one.is_held:
                    one.own_ends.append(one.process.returncode)
            if not one.is_held and not one.runs and one.process is not None:
                if time.monotonic() - one.ended_at >= restart_seconds:
                    self.launch(one)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.05)

    def until(self, text, seconds, holds):
        end = time.monotonic() + seconds
        while True:
            self.tend()
            found = holds()
            if found:
                return found
            must(time.monotonic() < end, f"not within {seconds} s: {text}")
            time.sleep(0.1)

    def signal(self, name, number):
        one = self[name]
        if not one.runs:
            return
        if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            one.killed.add(one.process.pid)
        if number == signal.SIGSTOP:
            one.is_stopped = True
        # Of Postgres all processes, as of a machine.
        for pid in self.family(one) if one.role == "postgres" else [one.process.pid]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        if number == signal.SIGCONT:
            one.is_stopped = False

    def family(self, one):
        """The postmaster and its children."""
        found = [one.process.pid]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = open(path).read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == one.process.pid:
                found.append(int(path.split("/")[2]))
        return found

    def ask(self, one, path, timeout=1):
        with urllib.request.urlopen(f"http://127.0.0.1:{one.admin}{path}", timeout=timeout) as answer:
            return json.load(answer)

    def is_ready(self, one):
        if one.role == "traffic":
            return True
        if not one.runs or one.is_stopped:
            return False
        if one.role == "postgres":
            try:
                return self.psql("-c", "select 1", database="postgres", timeout=2).returncode == 0
            except subprocess.TimeoutExpired:
                return False
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{one.admin}/readyz", timeout=1).status == 200
        except OSError:
            return False

    def all_ready(self):
        return all(self.is_ready(one) for one in self.members.values() if not one.is_held)

    def leader(self):
        for name in coordinators:
            try:
                if self.ask(self[name], "/v1/coordinator")["leads"]:
                    return name
            except (OSError, KeyError, ValueError):
                pass
        return None

    def start(self, catalog):
        self.make_certificates()
        self.make_database()
        for one in self.members.values():
            if one.role in ("coordinator", "broker", "node"):
                self.write_settings(one)
        with open(self.path("roster.json"), "w") as file:
            json.dump({"members": [
                {"role": one.role, "name": one.name, "admin": f"http://127.0.0.1:{one.admin}"}
                | ({"region": one.region} if one.region else {})
                | ({"serves": f"http://127.0.0.1:{one.serves}"} if one.role == "node" else {})
                for one in self.members.values() if one.admin]}, file, indent=2)
        self.launch(self["postgres"])
        self.until("Postgres answers", ready_seconds, lambda: self.is_ready(self["postgres"]))
        done = self.psql("-c", "create database paceline", database="postgres")
        must(done.returncode == 0, done.stderr)
        for name in coordinators:
            self.launch(self[name])
        leads = self.until("a coordinator leads", ready_seconds, self.leader)
        done = subprocess.run(
            [f"{programs}/paceline", "catalog", "import", catalog, "--coordinator", f"http://127.0.0.1:{self[leads].admin}"],
            capture_output=True, text=True)
        must(done.returncode == 0, f"catalog import: {done.stdout}{done.stderr}")
        for name in (*brokers, *nodes):
            self.launch(self[name])
        self.until("all are ready", ready_seconds, self.all_ready)

    def stop(self):
        for role in ("traffic", "node", "broker", "coordinator", "postgres"):
            ending = [one for one in self.members.values() if one.role == role]
            for one in ending:
                one.is_held = True
                if one.runs:
                    one.process.send_signal(signal.SIGINT if role == "postgres" else signal.SIGTERM)
                    self.signal(one.name, signal.SIGCONT)
            for one in ending:
                if one.process is None:
                    continue
                try:
                    one.process.wait(10)
                except subprocess.TimeoutExpired:
                    one.process.kill()
                    one.process.wait()

    # Traffic, and what it wrote.

    def start_traffic(self):
        one = self["traffic"]
        one.is_held = False
        self.launch(one)

    def end_traffic(self):
        """The time that bills which were open took."""
        one = self["traffic"]
        began = time.monotonic()
        one.is_held = True
        self.signal("traffic", signal.SIGTERM)
        self.until("the traffic ends", 60, lambda: not one.runs)
        return time.monotonic() - began

    def note(self, *columns):
        """Into the record, beside what the traffic writes there."""
        with open(self.record, "a") as file:
            file.write("\t".join(str(one) for one in (now_milliseconds(), *columns)) + "\n")

    def sold_since(self, moment):
        found = set()
        try:
            with open(self.record, "rb") as file:
                file.seek(max(0, os.path.getsize(self.record) - 65536))
                for line in file.read().decode(errors="replace").splitlines()[1:]:
                    parts = line.split("\t")
                    if len(parts) == 8 and parts[1] == "sold" and parts[0].isdigit() and int(parts[0]) >= moment:
                        found.add(parts[2])
        except FileNotFoundError:
            pass
        return found

    def all_sell(self, moment):
        return self.sold_since(moment) == set(regions)

    def rows(self, name):
        done = self.psql("-f", os.path.join(here, "rows.sql"), timeout=60)
        must(done.returncode == 0, f"rows.sql: {done.stderr}")
        with open(self.path(name), "w") as file:
            file.write(done.stdout)
        return self.path(name)
