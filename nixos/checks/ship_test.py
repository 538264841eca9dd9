"""What becomes of a node's finished segments, with the script as it is and a real rclone: into a folder in the place of a
bucket, and into a bucket that locks what it is given, where a server for one is here."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

SCRIPT = pathlib.Path(__file__).parent.parent / "scripts" / "ship-journals.sh"


@unittest.skipUnless(shutil.which("rclone") and shutil.which("zstd"), "rclone or zstd is not here")
class ShipTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("journal/shard-0", "journal/shard-1", "state", "measured", "bucket"):
            (self.root / name).mkdir(parents=True)

    def segments(self, shard: int, *numbers: int) -> None:
        for number in numbers:
            (self.root / f"journal/shard-{shard}/{number:012}.journal").write_bytes(f"{shard} {number} ".encode() * 1000)

    def ship(self, target: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        remote = environment or {"RCLONE_CONFIG_JOURNALS_TYPE": "local"}
        return subprocess.run(
            ["bash", str(SCRIPT)], capture_output=True, text=True, check=False,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
                **remote,
                "RCLONE_CONFIG": "/dev/null",
                "JOURNAL": str(self.root / "journal"),
                "STATE_DIRECTORY": str(self.root / "state"),
                "MEASURED": str(self.root / "measured"),
                "TARGET": target or f"journals:{self.root}/bucket/node-1",
            },
        )

    def shipped(self) -> list[str]:
        disk = (self.root / "state/disk").read_text().strip()
        folder = self.root / "bucket/node-1" / disk
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.zst"))

    def test_all_but_the_two_newest_go_once(self) -> None:
        self.segments(0, 7, 8, 9, 10)
        self.segments(1, 1)
        done = self.ship()
        self.assertEqual(done.returncode, 0, done.stderr)
        first = ["shard-0/000000000007.journal.zst", "shard-0/000000000008.journal.zst"]
        self.assertEqual(self.shipped(), first)
        packed = next((self.root / "bucket").rglob("*7.journal.zst"))
        said = subprocess.run(["zstd", "--decompress", "--stdout", str(packed)], capture_output=True, check=True).stdout
        self.assertEqual(said, (self.root / "journal/shard-0/000000000007.journal").read_bytes())
        # What is in the bucket is not looked at again, and what is gone from the disk is no trouble.
        shutil.rmtree(self.root / "bucket/node-1")
        (self.root / "journal/shard-0/000000000007.journal").unlink()
        self.segments(0, 11)
        self.assertEqual(self.ship().returncode, 0)
        self.assertEqual(self.shipped(), ["shard-0/000000000009.journal.zst"])
        self.assertIn("paceline_journals_shipped_seconds", (self.root / "measured/journals.prom").read_text())

    def test_what_could_not_be_sent_is_sent_later_and_nothing_is_said_to_be_well(self) -> None:
        self.segments(0, 1, 2, 3)
        self.segments(1, 1, 2, 3)
        (self.root / "journal/shard-0/000000000001.journal").unlink()
        (self.root / "journal/shard-0/000000000001.journal").mkdir()
        self.assertEqual(self.ship().returncode, 1)
        self.assertEqual(self.shipped(), ["shard-1/000000000001.journal.zst"])
        self.assertFalse((self.root / "measured/journals.prom").exists())
        (self.root / "journal/shard-0/000000000001.journal").rmdir()
        self.segments(0, 1)
        self.assertEqual(self.ship().returncode, 0)
        self.assertEqual(len(self.shipped()), 2)

    @unittest.skipUnless(shutil.which("moto_server"), "moto_server, a bucket's server, is not here")
    def test_a_bucket_that_locks_takes_it_as_the_unit_says(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(["moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        base = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                make = urllib.request.Request(
                    f"{base}/journals", method="PUT", headers={"x-amz-bucket-object-lock-enabled": "true"}
                )
                urllib.request.urlopen(make).close()
                break
            except OSError:
                time.sleep(0.1)
        self.segments(0, 1, 2, 3)
        done = self.ship(
            "journals:journals/node-1",
            RCLONE_CONFIG_JOURNALS_TYPE="s3", RCLONE_CONFIG_JOURNALS_PROVIDER="Minio", RCLONE_CONFIG_JOURNALS_ENV_AUTH="true",
            RCLONE_CONFIG_JOURNALS_REGION="us-east-1", RCLONE_CONFIG_JOURNALS_NO_CHECK_BUCKET="true",
            RCLONE_CONFIG_JOURNALS_NO_HEAD="true",
            RCLONE_CONFIG_JOURNALS_ENDPOINT=base,
            AWS_ACCESS_KEY_ID="made-up", AWS_SECRET_ACCESS_KEY="made-up",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with urllib.request.urlopen(f"{base}/journals?list-type=2") as listed:
            self.assertIn("shard-0/000000000001.journal.zst", listed.read().decode())


if __name__ == "__main__":
    unittest.main()
