"""What is broken, and how it is healed. `away` is how long it lasts; `bound` is how soon behind its end every region has to sell
again; `why` says why that long."""
import contextlib, glob, json, os, shutil, signal, subprocess, time

from fleet import brokers, coordinators, leadership_milliseconds, lease_seconds, nodes, window_seconds, must

faults = {}
# A process is started again after a second, reads its journals, and has its money; the rest is a busy machine's.
start_bound = 10
# Who lost its session opens another one with the next broker.
session_bound = 15


class Fault:
    def __init__(self, name, what, bound, away=6, needs=None, prepare=None, clean=None):
        self.name, self.what, self.bound, self.away = name, what, bound, away
        # Why it cannot be injected here; nothing where it can.
        self.needs = needs or (lambda fleet: None)
        # Before the traffic, and behind all.
        self.prepare = prepare or (lambda fleet: None)
        self.clean = clean or (lambda fleet: None)
        self.inject = self.heal = None

    def __call__(self, body):
        """`body` injects, yields, heals, and may answer what was seen."""
        def inject(fleet):
            self.running = body(fleet)
            next(self.running)

        def heal(fleet):
            try:
                next(self.running)
            except StopIteration as end:
                return end.value
            raise AssertionError("a fault yields once")

        self.inject, self.heal = inject, heal
        faults[self.name] = self
        return body


def names_of(fleet, kind):
    """Who plays this part now."""
    if kind in ("leader", "follower"):
        leads = fleet.until("a coordinator leads", 15, fleet.leader)
        return [leads] if kind == "leader" else [name for name in coordinators if name != leads]
    return {
        "coordinators": list(coordinators), "postgres": ["postgres"],
        # The one that its region's node has its session with, and the other.
        "broker": [brokers[0]], "brokers": list(brokers[:2]), "all-brokers": list(brokers),
        "node": [nodes[0]], "nodes": list(nodes)}[kind]


kinds = {
    "leader": "the coordinator that leads", "follower": "the coordinator that does not lead", "postgres": "Postgres",
    "broker": "a region's first broker", "node": "a region's node", "coordinators": "both coordinators",
    "brokers": "both brokers of a region", "all-brokers": "all brokers", "nodes": "all nodes"}
pairs = [
    ("leader", "postgres"), ("leader", "broker"), ("broker", "node"), ("node", "postgres"), ("node", "leader"),
    ("broker", "postgres")]
alone = ["leader", "follower", "postgres", "broker", "node", "coordinators", "brokers", "all-brokers", "nodes"]


def signals(parts):
    told = " and ".join(kinds[part] for part in parts)
    label = "+".join(parts)

    @Fault(f"kill {label}", f"SIGKILL of {told}; a supervisor starts it again after a second", start_bound)
    def kill(fleet):
        for name in [name for part in parts for name in names_of(fleet, part)]:
            fleet.signal(name, signal.SIGKILL)
        yield

    @Fault(f"stop {label}", f"SIGSTOP of {told} for 8 s", session_bound, away=8)
    def stop(fleet):
        stopped = [name for part in parts for name in names_of(fleet, part)]
        for name in stopped:
            fleet.signal(name, signal.SIGSTOP)
        yield
        for name in stopped:
            fleet.signal(name, signal.SIGCONT)


for part in alone:
    signals([part])
for pair in pairs:
    signals(pair)


@Fault("stop node beyond its lease", f"SIGSTOP of a region's node for {window_seconds + 6} s, its lease is {window_seconds} s",
       session_bound, away=window_seconds + 6)
def stop_beyond(fleet):
    fleet.signal(nodes[0], signal.SIGSTOP)
    yield
    fleet.signal(nodes[0], signal.SIGCONT)


@Fault("stop broker beyond its lease", f"SIGSTOP of a region's first broker for {lease_seconds + 8} s, its lease is {lease_seconds} s",
       session_bound, away=lease_seconds + 8)
def stop_broker_beyond(fleet):
    fleet.signal(brokers[0], signal.SIGSTOP)
    yield
    fleet.signal(brokers[0], signal.SIGCONT)


@Fault("kill Postgres again and again", "SIGKILL of Postgres, five times in ten seconds", start_bound, away=2)
def postgres_again(fleet):
    for _ in range(5):
        fleet.signal("postgres", signal.SIGKILL)
        fleet.wait(2)
    yield


@Fault("two with one identity", "a second coordinator of the leader's name, with its settings but its ports", start_bound, away=10)
def twin(fleet):
    leads = fleet.until("a coordinator leads", 15, fleet.leader)
    if "twin" not in fleet.members:
        fleet.add("twin", "coordinator", serves=30, admin=31)
        fleet.certify(fleet["twin"], 86400)
        original = fleet.settings
        fleet.settings = lambda one: original(one) | ({"name": leads} if one.name == "twin" else {})
    fleet.write_settings(fleet["twin"])
    fleet["twin"].is_held = False
    fleet.launch(fleet["twin"])
    fleet.wait(3)
    # The one that leads is gone, and both of its name are there when it comes back.
    fleet.signal(leads, signal.SIGKILL)
    yield
    led = [name for name in (*coordinators, "twin") if leads_now(fleet, name)]
    fleet["twin"].is_held = True
    fleet.signal("twin", signal.SIGKILL)
    must(len(led) == 1, f"at the end these lead: {led}")
    return f"{led[0]} led alone"


def leads_now(fleet, name):
    try:
        return fleet.ask(fleet[name], "/v1/coordinator")["leads"]
    except (OSError, KeyError, ValueError):
        return False


@Fault("a broker's copy", "a second process on a copy of a broker's journal, under its name, on other ports; the broker runs on",
       session_bound, away=30)
def clone(fleet):
    lost = fleet[brokers[0]]
    if "copy" not in fleet.members:
        fleet.add("copy", "broker", lost.region, serves=32, admin=33)
        fleet.certify(fleet["copy"], 86400)
    one = fleet["copy"]
    shutil.rmtree(fleet.path("copy", "journal"), ignore_errors=True)
    shutil.copytree(fleet.path(lost.name, "journal"), fleet.path("copy", "journal"))
    settings = fleet.settings(lost)
    settings["listen"][0]["port"], settings["admin"]["port"] = one.serves, one.admin
    settings["journal"]["directory"], settings["catalog"]["directory"] = fleet.path("copy", "journal"), fleet.path("copy", "catalog")
    with open(fleet.path("copy", "settings.json"), "w") as file:
        json.dump(settings, file)
    one.is_held = False
    fleet.launch(one)
    yield
    runs = one.runs
    one.is_held = True
    fleet.signal("copy", signal.SIGKILL)
    clones = int(fleet.psql("-c", "select count(*) from paceline.sessions where is_cloned").stdout)
    must(clones or not runs, "a copy of a broker ran beside it under one session, and nobody found it out")
    return "the root found it out, and renewed neither" if clones else "the copy did not go on"


# Catalogs.

def flip(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def sha256(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]


def damaged(fleet, process, files, what):
    """Turns a bit over in the newest of its files, and kills it: it is to be whole again."""
    must(files, f"{process} has no {what}")
    newest = max(files, key=os.path.getmtime)
    was = sha256(newest)
    flip(newest)
    fleet.signal(process, signal.SIGKILL)
    yield
    fleet.until(f"the {what} is whole again", 15, lambda: os.path.exists(newest) and sha256(newest) == was)
    return "found out at the start, fetched again"


@Fault("a corrupt blob at a broker", "a bit of the published catalog turned over on a broker's disk, and the broker killed", start_bound)
def blob(fleet):
    found = [one for one in glob.glob(fleet.path(brokers[0], "catalog", "**"), recursive=True)
             if os.path.isfile(one) and os.path.getsize(one) > 1000]
    return (yield from damaged(fleet, brokers[0], found, "blob"))


@Fault("a corrupt snapshot at a node", "a bit of the served catalog turned over on a node's disk, and the node killed", start_bound)
def snapshot(fleet):
    found = glob.glob(fleet.path(nodes[0], "catalog", "snapshots", "*.snapshot"))
    return (yield from damaged(fleet, nodes[0], found, "snapshot"))


# Certificates.

@Fault("certificates end", "both brokers of a region are started anew with certificates that end a moment later; then renewed",
       session_bound, away=14)
def certificates(fleet):
    east = [fleet[name] for name in brokers[:2]]
    for one in east:
        fleet.certify(one, 5)
        fleet.signal(one.name, signal.SIGKILL)
    fleet.wait(6)
    # Whoever has a connection keeps it: so the node has to make new ones.
    fleet.signal(nodes[0], signal.SIGKILL)
    yield
    for one in east:
        fleet.certify(one, 86400)


# Disks.

def is_root(fleet):
    return None if os.getuid() == 0 else "needs root, for a small tmpfs"


def mount(fleet, path, megabytes):
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", path], capture_output=True, text=True)
    must(done.returncode == 0, f"mount: {done.stderr}")


def fill(folder):
    path = os.path.join(folder, "filler")
    with open(path, "ab") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    return path


def on_tmpfs(name, part, megabytes):
    """Its files move to a small tmpfs, and back."""
    def prepare(fleet):
        one = fleet[name]
        one.is_held = True
        fleet.signal(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)
        fleet.until(f"{name} ends", 20, lambda: not one.runs)
        move(fleet.path(name, part), lambda path: mount(fleet, path, megabytes))
        one.is_held = False
        fleet.until("it is ready", 30, fleet.all_ready)

    def clean(fleet):
        one = fleet[name]
        one.is_held = True
        fleet.signal(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)
        fleet.until(f"{name} ends", 20, lambda: not one.runs)
        path = fleet.path(name, part)
        shutil.rmtree(path + ".kept", ignore_errors=True)
        subprocess.run(["cp", "-a", path, path + ".kept"], check=True)
        subprocess.run(["umount", path], check=True)
        shutil.rmtree(path)
        os.rename(path + ".kept", path)
        one.is_held = False
        fleet.until("it is ready", 30, fleet.all_ready)

    return {"prepare": prepare, "clean": clean, "needs": is_root}


def move(path, mount_there):
    kept = path + ".kept"
    shutil.rmtree(kept, ignore_errors=True)
    os.rename(path, kept)
    os.makedirs(path)
    mount_there(path)
    shutil.copystat(kept, path)
    subprocess.run(["cp", "-a", kept + "/.", path], check=True)
    owner = os.stat(kept)
    os.chown(path, owner.st_uid, owner.st_gid)
    shutil.rmtree(kept)


@Fault("a node's disk is full", "no byte is left on the file system of a node's journal", start_bound, away=15,
       **on_tmpfs(nodes[0], "journal", 64))
def node_disk(fleet):
    filler = fill(fleet.path(nodes[0], "journal"))
    yield
    os.remove(filler)


@Fault("a node's disk is full at its start", "the same, and the node is killed meanwhile", start_bound, away=10,
       **on_tmpfs(nodes[0], "journal", 64))
def node_disk_start(fleet):
    filler = fill(fleet.path(nodes[0], "journal"))
    fleet.wait(2)
    fleet.signal(nodes[0], signal.SIGKILL)
    yield
    os.remove(filler)


@Fault("a broker's disk is full at its start", "no byte is left on the file system of a broker's journal, and the broker is killed",
       start_bound, away=10, **on_tmpfs(brokers[0], "journal", 64))
def broker_disk(fleet):
    filler = fill(fleet.path(brokers[0], "journal"))
    fleet.wait(2)
    fleet.signal(brokers[0], signal.SIGKILL)
    yield
    os.remove(filler)


@Fault("Postgres' disk is full", "no byte is left on its file system", start_bound, away=15, **on_tmpfs("postgres", "data", 192))
def postgres_disk(fleet):
    filler = fill(fleet.path("postgres/data"))
    yield
    os.remove(filler)


# The network, in a namespace of its own.

def has_network(fleet):
    if os.environ.get("PACELINE_FAULTS_NETWORK") != "own":
        return "needs root, for a network namespace"
    if not shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin"):
        return "nft is not here; apt has it as nftables"
    done = nft("add table inet faults")
    return None if done.returncode == 0 else f"nft does not work here: {done.stderr.strip()}"


def has_netem(fleet):
    missing = has_network(fleet)
    if missing:
        return missing
    done = tc("add", "delay", "1ms")
    tc("del")
    return None if done.returncode == 0 else f"tc netem does not work here: {done.stderr.strip()}"


def nft(rules):
    return subprocess.run(["/usr/sbin/nft", "-f", "-"], input=rules, capture_output=True, text=True)


def tc(verb, *how):
    return subprocess.run(["/usr/sbin/tc", "qdisc", verb, "dev", "lo", "root", *(["netem", *how] if how else [])],
                          capture_output=True, text=True)


def cut(ports, directions=("dport", "sport")):
    listed = ", ".join(str(port) for port in ports)
    rules = "\n".join(f"add rule inet faults input tcp {direction} {{ {listed} }} drop" for direction in directions)
    done = nft(f"add table inet faults\nadd chain inet faults input {{ type filter hook input priority 0; }}\n{rules}\n")
    must(done.returncode == 0, f"nft: {done.stderr}")


def mend():
    nft("delete table inet faults")


def partition(name, what, ports, away, directions=("dport", "sport")):
    @Fault(name, what, session_bound, away=away, needs=has_network)
    def cut_off(fleet):
        cut([fleet[one].serves for one in ports], directions)
        yield
        mend()


partition("a region's node is cut from its brokers", "no packet between a node and its brokers for 8 s", brokers[:2], 8)
partition("a region's node is cut off beyond its lease", f"the same for {window_seconds + 6} s", brokers[:2], window_seconds + 6)
partition("brokers are cut from the coordinators", "no packet between brokers and coordinators for 8 s", coordinators, 8)
partition("brokers are cut off beyond their lease", f"the same for {lease_seconds + 8} s", coordinators, lease_seconds + 8)
partition("coordinators are cut from Postgres", "no packet between coordinators and Postgres for 8 s", ["postgres"], 8)
partition("Postgres' answers are lost", "what coordinators say reaches Postgres, no answer comes back, for 8 s: each commit's outcome is unknown",
          ["postgres"], 8, ("sport",))
partition("the coordinators' answers are lost", "what brokers say reaches the coordinators, no answer comes back, for 8 s", coordinators, 8,
          ("sport",))
partition("the brokers' answers are lost", "what nodes say reaches their brokers, no answer comes back, for 8 s", brokers, 8, ("sport",))


@Fault("a slow network", "every packet takes 40 ± 20 ms more, and one of a hundred is lost", start_bound, away=12, needs=has_netem)
def slow(fleet):
    done = tc("add", "delay", "40ms", "20ms", "loss", "1%")
    must(done.returncode == 0, f"tc: {done.stderr}")
    yield
    tc("del")


def has_loss(fleet):
    missing = has_network(fleet)
    if missing:
        return missing
    done = lose([fleet["postgres"].serves])
    mend()
    return None if done.returncode == 0 else f"nft cannot draw packets here: {done.stderr.strip()}"


def lose(ports):
    listed = ", ".join(str(port) for port in ports)
    return nft("add table inet faults\nadd chain inet faults input { type filter hook input priority 0; }\n" + "\n".join(
        f"add rule inet faults input tcp {direction} {{ {listed} }} numgen random mod 20 == 0 drop" for direction in ("dport", "sport")))


@Fault("a lossy network", "one of twenty packets is lost between all that belongs to the fleet: each costs a fifth of a second or more", start_bound,
       away=12, needs=has_loss)
def lossy(fleet):
    done = lose([one.serves for one in fleet.members.values() if one.serves and one.role != "node"])
    must(done.returncode == 0, f"nft: {done.stderr}")
    yield
    mend()


# Clocks.

def library(fleet):
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + glob.glob("/usr/lib/faketime/libfaketime.so.1")
    return found[0] if found else None


def has_faketime(fleet):
    return None if library(fleet) else "libfaketime is not here; apt has it as libfaketime"


def clock_jumps(name, kind, seconds):
    def set_clock(fleet, offset):
        path = fleet.path("clock")
        with open(path + ".new", "w") as file:
            file.write(f"{offset:+d}s\n")
        os.replace(path + ".new", path)

    def restart(fleet, environment):
        for one in names_of(fleet, kind):
            fleet[one].environment = environment
            fleet.signal(one, signal.SIGTERM)
        fleet.wait(1)
        fleet.until("it is ready", 30, fleet.all_ready)

    def prepare(fleet):
        set_clock(fleet, 0)
        restart(fleet, {"LD_PRELOAD": library(fleet), "FAKETIME_TIMESTAMP_FILE": fleet.path("clock"),
                        "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})

    @Fault(name, f"wall time of {kinds[kind]} jumps by {seconds:+d} s, and back 10 s later", session_bound, away=10,
           needs=has_faketime, prepare=prepare, clean=lambda fleet: restart(fleet, {}))
    def jump(fleet):
        set_clock(fleet, seconds)
        yield
        set_clock(fleet, 0)


clock_jumps("a node's clock jumps ahead", "nodes", 300)
clock_jumps("a node's clock jumps back", "nodes", -300)
clock_jumps("the brokers' clocks jump ahead", "all-brokers", 300)
clock_jumps("the coordinators' clocks jump ahead", "coordinators", 300)
clock_jumps("the coordinators' clocks jump back", "coordinators", -300)
