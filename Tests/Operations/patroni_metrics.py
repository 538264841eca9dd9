"""Answers like a member of Patroni at /metrics, with the names that Patroni exports, until it is ended.

Of an installed Patroni 4, which the fleet has, the names are read out of its own source; else they are those of 4.1. It
prints its process id and port. Patroni itself needs etcd and three databases: too much for a look at names.
"""
import http.server
import importlib.util
import os
import pathlib
import re
import sys

NAMES = """
patroni_version patroni_postgres_running patroni_postmaster_start_time patroni_primary patroni_xlog_location
patroni_standby_leader patroni_replica patroni_sync_standby patroni_quorum_standby patroni_xlog_received_location
patroni_xlog_replayed_location patroni_xlog_replayed_timestamp patroni_xlog_paused patroni_postgres_streaming
patroni_postgres_in_archive_recovery patroni_postgres_server_version patroni_cluster_unlocked
patroni_failsafe_mode_is_active patroni_postgres_timeline patroni_dcs_last_seen patroni_pending_restart patroni_is_paused
""".split()

package = importlib.util.find_spec("patroni")
if package:
    source = pathlib.Path(package.origin).with_name("api.py").read_text()
    names = sorted(set(re.findall(r"# TYPE (patroni_\w+)", source)))
    # Patroni 3 commits by no quorum.
    NAMES = names if "patroni_quorum_standby" in names else NAMES


class Member(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lines = [f'{name}{{scope="paceline",name="db-1"}} 1' for name in NAMES]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("\n".join(lines) + "\n").encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Member)
child = os.fork()
if child:
    print(f"{child}:{server.server_port}")
    sys.exit()
# Whoever reads the line waits for the end of the pipe.
os.dup2(os.open(os.devnull, os.O_RDWR), 1)
server.serve_forever()
