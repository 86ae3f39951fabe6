"""The main job, the same on every store: from making a vault to restoring on another machine."""
import os
import shutil
import subprocess
import threading
import time
import unittest

from storekit import AzuriteBox, AzuriteTlsBox, CephBox, FileBox
from kit import KIB, MIB, PASSPHRASE, pseudo_random

SOME_PACKS = 400  # bytes of a journal that names some packs


class MainJob:
    def make_source(self) -> None:
        self.source = self.path / "source"
        for i in range(300):
            self.write(f"source/d{i % 7}/f{i}", pseudo_random(3000, i))
        self.write("source/large", pseudo_random(40 * MIB, 5))
        self.write("source/text", b"the same line again and again\n" * 200_000)
        (self.source / "empty").mkdir()
        (self.source / "link").symlink_to("d1/f1")

    def test_from_vault_to_restore(self) -> None:
        self.make_source()
        m = self.machine()
        shown = m.run("vault", "show", self.url, *self.place, *self.way)
        self.assertEqual(shown.one("vault")["url"], self.url)
        self.assertTrue(shown.one("vault")["put_if_absent"])
        self.assertEqual([x["name"] for x in shown.of("machine")], ["one"])
        first = m.backup(self.source)
        self.assertGreater(first["bytes_new"], 40 * MIB)
        again = m.backup(self.source)
        self.assertEqual((again["bytes_read"], again["bytes_new"]), (0, 0))
        self.assertLess(again["bytes_added"], 64 * KIB)
        self.write("source/new", pseudo_random(3 * MIB, 6))
        self.write("source/d1/f1", b"changed")
        third = m.backup(self.source)
        self.assertGreater(third["bytes_new"], 3 * MIB)
        self.assertLess(third["bytes_new"], 4 * MIB)
        self.assertEqual([p["id"] for p in m.points()],
                         [p["point"] for p in (first, again, third)])
        m.verify()
        m.verify("--read-data")
        m.verify("--against-disk")
        m.restore("latest", self.path / "out")
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        listed = m.run("ls", "latest", self.source / "d1").of("entry")
        self.assertEqual(len(listed), 43)
        self.assertIn(str(self.source / "d1" / "f1"), [e["path"] for e in listed])
        self.assertEqual(self.raw("cat", "latest", self.source / "d1" / "f1"), b"changed")
        self.assertEqual(self.raw("cat", first["point"], self.source / "d1" / "f1"),
                         pseudo_random(3000, 1))

    def raw(self, *args) -> bytes:
        m = self.machine(register=False)
        return subprocess.run([m.mars, "--config", m.config, *map(str, args)], capture_output=True,
                              check=True).stdout

    def test_another_machine_recovers_and_goes_on(self) -> None:
        self.make_source()
        m = self.machine()
        m.backup(self.source)
        points = [p["id"] for p in m.points()]
        shutil.rmtree(m.config)
        other = self.machine("rescuer", register=False)
        recover = ["recover", "--credentials", self.credentials(), "--passphrase-file", "-",
                   "--machine", "one", *self.way]
        found = other.run(*recover, "points", input=PASSPHRASE.encode()).of("point")
        self.assertEqual([p["id"] for p in found], points)
        other.run(*recover, "restore", "latest", "--to", self.path / "out",
                  input=PASSPHRASE.encode())
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        m.register()
        again = m.backup(self.source)
        self.assertEqual(again["bytes_new"], 0)
        m.verify("--read-data")

    def test_a_killed_backup_is_gone_on_with(self) -> None:
        """What it had sent is not sent again."""
        for i in range(8):
            self.write(f"source/{i}", pseudo_random(40 * MIB, i))
        m = self.machine()
        run = subprocess.Popen(m.command("backup", self.path / "source"), env=os.environ | self.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and self.journal(m) < SOME_PACKS:
            time.sleep(0.01)
        run.kill()
        self.assertNotEqual(run.wait(), 0, "it was quicker than this test")
        done = m.backup(self.path / "source")
        self.assertLess(done["bytes_added"], 320 * MIB - 40 * MIB)
        m.verify("--read-data")
        m.restore("latest", self.path / "out")
        self.assert_same(self.path / "source", self.path / "out" / str(self.path)[1:] / "source")

    @staticmethod
    def journal(m) -> int:
        return sum(f.stat().st_size for f in (m.config / "cache").glob("*/journal/*"))

    def test_two_machines_share_a_domain_at_once(self) -> None:
        self.make_source()
        one, two = self.machine("one", register=False), self.machine("two", register=False)
        for m in (one, two):
            m.register("--domain", "shared")
        done: dict[str, dict] = {}
        threads = [threading.Thread(target=lambda m=m: done.update({m.name: m.backup(self.source)}))
                   for m in (one, two)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(set(done), {"one", "two"})
        for m in (one, two):
            m.verify("--read-data")
            m.restore(done[m.name]["point"], self.path / m.name)
            self.assert_same(self.source, self.path / m.name / str(self.source)[1:])
        self.assertEqual(one.backup(self.source)["bytes_new"], 0)

    def test_a_stream_and_a_second_passphrase(self) -> None:
        m = self.machine()
        data = pseudo_random(9 * MIB, 3)
        m.run("backup", "--stdin", "dump", "--item", "db", input=data)
        self.assertEqual(self.raw("cat", "latest", "dump"), data)
        words = self.write("words", PASSPHRASE.encode() + b"\n")
        new = self.write("new", b"another passphrase of some length\n")
        m.run("key", "add", "--passphrase-file", words, "--new-passphrase-file", new)
        self.assertEqual(len(m.run("key", "list").of("key")), 2)

    def test_a_lost_cache_costs_no_data(self) -> None:
        self.make_source()
        m = self.machine()
        m.backup(self.source)
        shutil.rmtree(m.config / "cache")
        again = m.backup(self.source)
        self.assertEqual(again["bytes_new"], 0)
        m.restore("latest", self.path / "out")
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])


class OnFile(MainJob, FileBox):
    pass


class OnAzurite(MainJob, AzuriteBox):
    pass


class OnAzuriteOverTls(MainJob, AzuriteTlsBox):
    pass


class OnCeph(MainJob, CephBox):
    pass


if __name__ == "__main__":
    unittest.main()
