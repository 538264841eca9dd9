"""live.py RENDERED FOLDER: what hosts render, alive on this machine in a network namespace of its own: every host's address in
the mesh is one of loopback, and etcd, Patroni with Postgres, HAProxy, coordinators, brokers and a node run on the very files
that hosts have. Changed are paths, passwords, Postgres's memory and what needs a bucket or a watchdog. Run by `unshare --net`.

The database is bootstrapped by the hosts' own script; a coordinator leads; backups are made and one is restored; a catalog is
published; brokers have their money and the catalog, by their certificates, and a node has both from them; an edge passes
requests on to it, and a notice to the node that it names, or to another where that is gone; the region is taken out of service
and put back, which the edge follows; the primary is killed, and what was acknowledged is there after.
"""

import configparser
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import typing
import urllib.error
import urllib.request

ROOT = pathlib.Path.cwd()
PROGRAMS = ROOT / os.environ.get("PACELINE_PROGRAMS", ".build/release")
HOSTS: dict[str, dict[str, typing.Any]] = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
FOLDER = pathlib.Path(sys.argv[2])
FLEET = json.loads((ROOT / "nixos/fleet.json").read_text(encoding="utf-8"))
MESH = {host["name"]: host["mesh"] for region in FLEET["regions"] for host in region["hosts"]}
REGION = {host["name"]: region["name"] for region in FLEET["regions"] for host in region["hosts"]}
ADDRESS = {host["name"]: host["address"] for region in FLEET["regions"] for host in region["hosts"]}
PORTS = FLEET["ports"]
IDENTITY = FOLDER / "identity"
POSTGRES = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
SECONDS = 90
running: list[subprocess.Popen[bytes]] = []


def start(name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    """In a process group of its own, so that a host's death is the death of all that it started."""
    log = (FOLDER / f"{name}.log").open("ab")
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True, cwd=FOLDER
    )
    running.append(process)
    return process


def as_nobody(*command: str) -> tuple[str, ...]:
    """Postgres refuses to run as root. A Python that was installed in root's home is read all the same."""
    reading = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *reading, *command)


def get(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"} if body else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


T = typing.TypeVar("T")


def wait_for(what: str, found: typing.Callable[[], T | None]) -> T:
    began = time.monotonic()
    while (value := found()) is None:
        if time.monotonic() > began + SECONDS:
            raise SystemExit(f"failed: live: no {what} within {SECONDS} s; {tails()}")
        time.sleep(0.2)
    print(f"live: {what} after {time.monotonic() - began:.1f} s", flush=True)
    return value


def tails() -> str:
    return "; ".join(
        f"{log.name}: {(log.read_text(errors='replace').splitlines() or ['nothing'])[-1][:200]}" for log in FOLDER.glob("*.log")
    )


def certify() -> None:
    """The fleet's authority, and a certificate of each host by it, as nixos/profiles/identity.nix keeps them."""
    IDENTITY.mkdir()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "1", "-subj", "/CN=fleet", "-keyout", "authority-key.pem", "-out", "authority.pem")
    for name in HOSTS:
        (IDENTITY / name).mkdir()
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}/key.pem", "-out", "request.pem")
        (IDENTITY / "names").write_text(
            f"subjectAltName=DNS:{name},DNS:coordinator.{FLEET['domain']},DNS:broker.{REGION[name]}.{FLEET['domain']},"
            f"URI:spiffe://{FLEET['domain']}/region/{REGION[name]}/host/{name}\n"
        )
        openssl(
            "x509", "-req", "-in", "request.pem", "-CA", "authority.pem", "-CAkey", "authority-key.pem", "-CAcreateserial",
            "-days", "1", "-extfile", "names", "-out", f"{name}/certificate.pem",
        )
        shutil.copy(IDENTITY / "authority.pem", IDENTITY / name)
        pem = [(IDENTITY / name / part).read_text() for part in ("certificate.pem", "key.pem")]
        (IDENTITY / name / "full.pem").write_text("".join(pem))


def openssl(*arguments: str) -> None:
    subprocess.run(("openssl", *arguments), check=True, cwd=IDENTITY, capture_output=True)


def start_etcd(name: str) -> None:
    environment = {key: value for key, value in HOSTS[name]["etcd"].items() if key.startswith("ETCD_")}
    start(f"etcd-{name}", "etcd", **{**environment, "ETCD_DATA_DIR": str(FOLDER / f"etcd-{name}")})


def start_patroni(name: str) -> subprocess.Popen[bytes]:
    settings = json.loads(HOSTS[name]["patroni"])
    home = FOLDER / f"database-{name}"
    home.mkdir(exist_ok=True)
    shutil.chown(home, "nobody", "nogroup")
    postgres, bootstrap = settings["postgresql"], settings["bootstrap"]
    postgres |= {"bin_dir": str(POSTGRES), "data_dir": str(home / "data"), "pgpass": str(home / "pgpass")}
    postgres["parameters"]["unix_socket_directories"] = str(home)
    # Who runs it is nobody here.
    postgres["pg_ident"] = ["local nobody postgres"]
    postgres["create_replica_methods"] = ["basebackup"]
    del postgres["recovery_conf"], postgres["pgbackrest"]
    parameters = bootstrap["dcs"]["postgresql"]["parameters"]
    parameters["shared_buffers"] = "32MB"
    parameters["archive_command"] = re.sub(r"/nix/store/\S*/bin/", "", parameters["archive_command"])
    if not shutil.which("pgbackrest"):
        parameters["archive_mode"] = "off"
    configure_backups(name, home)
    bootstrap["post_bootstrap"] = f"bash {FOLDER / 'make-database.sh'}"
    settings["watchdog"] = {"mode": "off"}
    file = home / "patroni.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    passwords = {
        f"PATRONI_{what}_PASSWORD": f"secret-{what.lower()}" for what in ("SUPERUSER", "REPLICATION", "REWIND", "RESTAPI")
    }
    # The distribution's own libraries of Python stay out of its way.
    return start(
        f"patroni-{name}", *as_nobody("patroni", str(file)), LEDGER_PASSWORD="secret-ledger", **backing(home), **passwords
    )


def configure_backups(name: str, home: pathlib.Path) -> None:
    """As the host has it, but for folders in the place of buckets, which belong to nobody."""
    rendered = configparser.ConfigParser(interpolation=None)
    rendered.read_string(HOSTS[name]["backups"])
    common, ours = rendered["global"], rendered["paceline"]
    for key in list(common):
        if re.match(r"repo\d-(s3|gcs)-", key):
            del common[key]
    for number in (1, 2):
        repository = FOLDER / f"repository-{number}"
        repository.mkdir(exist_ok=True)
        shutil.chown(repository, "nobody", "nogroup")
        common[f"repo{number}-type"], common[f"repo{number}-path"] = "posix", str(repository)
    common["spool-path"], common["lock-path"] = str(home / "spool"), str(home / "locks")
    ours["pg1-path"], ours["pg1-socket-path"] = str(home / "data"), str(home)
    with (home / "pgbackrest.conf").open("w", encoding="utf-8") as file:
        rendered.write(file, space_around_delimiters=False)


def backing(home: pathlib.Path) -> dict[str, str]:
    """The environment of what runs beside Postgres."""
    return {"HOME": str(home), "PATH": f"{POSTGRES}:{os.environ['PATH']}", "PGBACKREST_CONFIG": str(home / "pgbackrest.conf")}


def run_script(script: str, name: str) -> None:
    """One of the hosts' own, with this host's paths."""
    home = FOLDER / f"database-{name}"
    text = (ROOT / "nixos/scripts" / script).read_text(encoding="utf-8")
    text = text.replace("/var/lib/measured", str(FOLDER / "measured")).replace("/var/lib/patroni", str(home))
    (home / script).write_text(text, encoding="utf-8")
    unit = {"backup.sh": "backup", "restore-check.sh": "backup-restore-check"}[script]
    traced = ("strace", "-f", "-qq", "-o", str(home / "calls")) if shutil.which("strace") else ()
    done = subprocess.run(
        as_nobody(*traced, "bash", str(home / script)), cwd=home, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, **backing(home), "PATRONI": f"http://{MESH[name]}:{PORTS['patroni']}"},
    )
    if done.returncode != 0:
        raise SystemExit(f"failed: live: {script} on {name}: {(done.stdout + done.stderr)[-1500:]}")
    if traced:
        shutil.move(home / "calls", FOLDER / f"{unit}-{name}.calls")


def back_up(primary: str, standby: str) -> None:
    """A backup into both repositories, and the proof that one of them can be restored, by the ledger's own sums."""
    if not shutil.which("pgbackrest"):
        print("skipped: pgbackrest is not here: nothing was backed up and nothing restored", flush=True)
        return
    (FOLDER / "measured").mkdir()
    shutil.chown(FOLDER / "measured", "nobody", "nogroup")
    began = time.monotonic()
    run_script("backup.sh", primary)
    print(f"live: backups in both repositories after {time.monotonic() - began:.1f} s", flush=True)
    began = time.monotonic()
    run_script("restore-check.sh", standby)
    print(f"live: one of them restored and held against the ledger's sums after {time.monotonic() - began:.1f} s", flush=True)
    measured = sorted(path.name for path in (FOLDER / "measured").iterdir())
    assert measured[:2] == ["backup-1.prom", "backup-2.prom"] and len(measured) == 3, f"measured: {measured}"


def start_proxy(name: str) -> None:
    text = HOSTS[name]["haproxy"].replace("/var/lib/acme/requests/full.pem", str(IDENTITY / name / "full.pem"))
    # On loopback a connection comes from the address that it goes to, unless it is told whose it is.
    text = text.replace("  default-server inter", f"  default-server source {MESH[name]} inter")
    # As many descriptors as this shell may have.
    text = text.replace("maxconn 200000", "maxconn 1000")
    file = FOLDER / f"haproxy-{name}.cfg"
    file.write_text("global\n" + text, encoding="utf-8")
    start(f"haproxy-{name}", "haproxy", "-db", "-f", str(file))


def start_daemon(daemon: str, name: str) -> None:
    state = FOLDER / f"{daemon}-{name}"
    state.mkdir()
    text = HOSTS[name][daemon].replace("/var/lib/identity", str(IDENTITY / name))
    text = text.replace(f"/run/credentials/paceline-{daemon}.service", str(FOLDER))
    # Whether a daemon keeps its state in a folder of its own or in the common one, here it is its own.
    for folder in (f"/var/lib/paceline-{daemon}", "/var/lib/paceline"):
        text = text.replace(f'"{folder}/', f'"{state}/')
    text = text.replace(f'"/run/paceline-{daemon}"', f'"{state}/run"')
    (state / "run").mkdir()
    settings = json.loads(text)
    if daemon == "coordinator":
        settings["consoleDirectory"] = str(ROOT / "Sources/Apps/paceline-coordinator/Console")
        settings["database"]["migrationsDirectory"] = str(ROOT / "Sources/Apps/paceline-coordinator/Migrations")
    file = FOLDER / f"{daemon}-{name}.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    traced = ("strace", "-f", "-qq", "-o", str(FOLDER / f"{daemon}-{name}.calls")) if shutil.which("strace") else ()
    start(f"{daemon}-{name}", *traced, str(PROGRAMS / f"paceline-{daemon}"), "--config", str(file))


def primary() -> str | None:
    for name, rendered in HOSTS.items():
        if rendered["patroni"] and get(f"http://{MESH[name]}:{PORTS['patroni']}/primary")[0] == 200:
            return name
    return None


def standbys(needed: int) -> typing.Callable[[], bool | None]:
    def found() -> bool | None:
        name = primary()
        if name is None:
            return None
        members = json.loads(get(f"http://{MESH[name]}:{PORTS['patroni']}/cluster")[1] or b'{"members": []}')["members"]
        ready = [member for member in members if member["role"] in ("quorum_standby", "sync_standby")]
        return True if len(ready) >= needed else None

    return found


def leader(names: list[str]) -> str | None:
    for name in names:
        status, said = get(f"http://{MESH[name]}:{PORTS['admin']}/v1/coordinator")
        if status == 200 and json.loads(said)["leads"]:
            return name
    return None


def put_budget(name: str, budget: int, version: str | None = None) -> str | None:
    request = urllib.request.Request(
        f"http://{MESH[name]}:{PORTS['admin']}/api/v1/ledger/accounts",
        data=json.dumps({"campaign": "c", "currency": "USD", "budget": budget, "highest": 0.05}).encode(),
        headers={"Idempotency-Key": str(budget), "content-type": "application/json"}
        | ({"If-Match": f'"{version}"'} if version else {}),
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.loads(answer.read())["version"])
    except OSError:
        return None


def publish(name: str) -> None:
    """The example's catalog, as an operator would."""
    command = (str(PROGRAMS / "paceline"), "catalog", "import", str(ROOT / "Examples/catalog"))
    done = subprocess.run(
        (*command, "--coordinator", f"http://{MESH[name]}:{PORTS['admin']}"), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"failed: live: no catalog is published: {done.stdout}{done.stderr}")


def ready(names: list[str]) -> bool | None:
    return True if all(get(f"http://{MESH[name]}:{PORTS['admin']}/readyz")[0] == 200 for name in names) else None


def budget_of(name: str) -> float | None:
    status, said = get(f"http://{MESH[name]}:{PORTS['admin']}/api/v1/ledger/accounts?campaign=c")
    return float(json.loads(said)["budget"]) if status == 200 else None


def region(name: str, lead: str) -> dict[str, typing.Any]:
    status, said = get(f"http://{MESH[lead]}:{PORTS['admin']}/api/v1/regions")
    assert status == 200, f"where regions stand: {status} {said.decode()}"
    return next(one for one in json.loads(said)["regions"] if one["region"] == name)


def order(what: str, name: str, lead: str, *flags: str) -> None:
    command = (str(PROGRAMS / "paceline"), "fleet", what, name, *flags, "--coordinator", f"http://{MESH[lead]}:{PORTS['admin']}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"failed: live: fleet {what}: {done.stdout}{done.stderr}")


def move(name: str, node: str, lead: str, base: str) -> None:
    """A region is seen by both signals, taken out and put back; its edge tells whoever balances, and notices come through."""

    def seen() -> bool | None:
        one = region(name, lead)
        # Where backups took their time, the coordinators have taken it for lost before it was there.
        serves = one["state"] in ("healthy", "rejoining") and one["nodes"] == 1
        return True if serves and one["inside"] and one["outside"] else None

    wait_for("region that its brokers and its probes speak of", seen)
    # Of the others nobody is here, so that none has room.
    order("drain", name, lead, "--force")
    wait_for("edge that is out", lambda: True if get(f"{base}/edge")[0] == 503 else None)
    request = (ROOT / "Examples/ctv-pod.json").read_bytes()
    statuses = [get(f"{base}/openrtb2/bid", request)[0] for _ in range(50)]
    assert set(statuses) <= {200, 204}, f"a region that leaves does not answer what still comes: {statuses}"
    assert get(f"{base}/n/{node}/healthz")[0] == 200, "nobody could see from outside that the region is there"
    assert get(f"{base}/n/{node}/e/imp?t=x")[0] == 400, "a notice does not come to a node whose region is out"
    assert get(f"{base}/e/reach")[0] == 404, "an edge asks any node whether it is reached"
    assert get(f"{base}/n/{node}/e/reach")[0] == 204, "a node that is asked for by its name is not reached"
    order("restore", name, lead)
    wait_for("edge that is back", lambda: True if get(f"{base}/edge")[0] == 200 else None)
    share = region(name, lead)["share"]
    assert 50 <= share < 1000, f"a region that comes back has a share of {share}"


def main() -> None:
    subprocess.run(("ip", "link", "set", "lo", "up"), check=True)
    for address in (*MESH.values(), *ADDRESS.values()):
        subprocess.run(("ip", "addr", "add", f"{address}/32", "dev", "lo"), check=True)
    FOLDER.chmod(0o755)
    shutil.copy(ROOT / "nixos/scripts/make-database.sh", FOLDER)
    (FOLDER / "ledger-password").write_text("secret-ledger\n")
    shutil.copy(ROOT / "Examples/notice-keys", FOLDER)
    certify()
    kinds = ("etcd", "patroni", "coordinator", "broker", "node")
    with_role = {key: [name for name, one in HOSTS.items() if one[key]] for key in kinds}

    for name in with_role["etcd"]:
        start_etcd(name)
    databases = {name: start_patroni(name) for name in with_role["patroni"]}
    first = wait_for("primary", primary)
    wait_for(f"quorum of {len(databases) - 1} standbys", standbys(len(databases) - 1))

    for name in with_role["coordinator"]:
        start_proxy(name)
        start_daemon("coordinator", name)
    coordinators = with_role["coordinator"]
    lead = wait_for("coordinator that leads", lambda: leader(coordinators))
    version = wait_for("budget", lambda: put_budget(lead, 100))
    back_up(first, next(name for name in databases if name != first))

    publish(lead)
    node = with_role["node"][0]
    brokers = [name for name in with_role["broker"] if REGION[name] == REGION[node]]
    for daemon, names in (("broker", brokers), ("node", [node])):
        for name in names:
            start_daemon(daemon, name)
        wait_for(f"{daemon} that is ready", functools.partial(ready, names))
    status, said = get(f"http://{MESH[brokers[0]]}:{PORTS['admin']}/v1/broker")
    assert status == 200 and f'"{node}"' in said.decode(), f"the broker does not know its node: {said.decode()}"
    edge = f"{node.split('-node-')[0]}-edge-1"
    start_proxy(edge)
    base = f"http://{ADDRESS[edge]}:{PORTS['serve']}"
    wait_for("edge with a node", lambda: True if get(f"{base}/edge")[0] == 200 else None)
    request = (ROOT / "Examples/ctv-pod.json").read_bytes()
    # Two of the region's three nodes are not there: whoever comes to one of them first is refused, and no other.
    statuses = [get(f"{base}/openrtb2/bid", request)[0] for _ in range(50)]
    refused = sum(status not in (200, 204) for status in statuses)
    assert refused <= 2 and statuses[-1] in (200, 204), f"requests by the edge say {statuses}"
    assert get(f"{base}/n/{node}/e/imp?t=x")[0] == 400, "a notice does not come to its node"
    gone = next(name for name in with_role["node"] + list(REGION) if name != node and name.startswith(node[:-1]))
    assert get(f"{base}/n/{gone}/e/imp?t=x")[0] == 400, "a notice of a node that is not there comes to no other"
    assert get(f"{base}/n/nobody/e/imp?t=x")[0] == 404, "a notice for nobody is passed on"
    exchanges = wait_for(
        "word of a broker",
        lambda: next(
            (line for line in get(f"http://{MESH[node]}:{PORTS['admin']}/metrics")[1].decode().splitlines()
             if line.startswith('paceline_issuer_exchanges_total{outcome="answered"}') and not line.endswith(" 0")),
            None,
        ),
    )
    print(f"live: {exchanges}")
    move(REGION[node], node, lead, base)

    # As a machine that loses its power: Patroni and Postgres at once.
    os.killpg(databases[first].pid, signal.SIGKILL)
    for pid_file in (FOLDER / f"database-{first}").glob("data/postmaster.pid"):
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    second = wait_for("other primary", lambda: found if (found := primary()) not in (None, first) else None)
    lead = wait_for("coordinator that leads", lambda: leader(coordinators))
    assert wait_for("budget that was acknowledged", lambda: budget_of(lead)) == 100
    wait_for("budget that is changed", lambda: put_budget(lead, 200, version))
    print(f"live: {first} was killed, {second} is primary; {refused} of 50 requests refused")


try:
    main()
finally:
    for process in reversed(running):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
