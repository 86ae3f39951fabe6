"""Whatever is done to the vault is reported, and restore never writes wrong data."""
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from kit import BUILD, KIB, PASSPHRASE, Box, pseudo_random  # first: it finds the reader

from little_writer import Writer, fields, time, varint
from marsread.keys import PASSPHRASE as PASSPHRASE_KIND, Secret
from marsread.vault import Vault


def make_small_tree(top: Path) -> None:
    """A tree whose vault is small and has every class of object and of chunk in it."""
    for i in range(60):
        (top / "many").mkdir(parents=True, exist_ok=True)
        (top / "many" / f"inline-{i:02}").write_bytes(pseudo_random(60, i))
    (top / "data").write_bytes(pseudo_random(3000, 99))
    with open(top / "sparse", "wb") as f:       # a content list
        for i in range(3):
            f.seek(i * 65536)
            f.write(pseudo_random(600, 200 + i))
        f.truncate(1 << 20)
    for i in range(12):
        os.mkfifo(top / f"fifo-{i}")
    with_attr = top / "attributes"              # an attribute set of its own
    with_attr.write_bytes(b"x")
    os.setxattr(with_attr, "user.long", pseudo_random(2300, 7))


class Damage(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        self.source.mkdir()
        make_small_tree(self.source)
        self.m = self.machine()

    def back_up_twice(self) -> None:
        self.m.backup(self.source)
        (self.source / "data").write_bytes(pseudo_random(3000, 100))
        self.m.backup(self.source)

    def add_silent_session(self) -> None:
        """A lease whose session never ended, and a collector's fence of it."""
        secret = Secret(PASSPHRASE_KIND, PASSPHRASE.encode())
        domain = Vault(str(self.vault), secret, None).domain
        key = next(k for k in domain.keys.values() if k.type == 6)
        w = Writer(str(self.vault))
        w.prefix, w.keys[6] = f"domains/{domain.hex_id}/", (key.key_id, key.key)
        session, machine = os.urandom(16), os.urandom(16)
        w.put_sealed(11, 6, f"lease/{session.hex()}/{0:016x}",
                     fields((1, session), (2, machine), (3, machine), (4, varint(1)),
                            (5, varint(0)), (6, time(w.TIME))))
        w.put_sealed(12, 6, f"fence/{session.hex()}",
                     fields((1, session), (2, machine), (3, time(w.TIME)), (4, varint(0))))

    def damaged(self, run) -> list[str]:
        return [e["object"] for e in run.events("damaged")]

    def assert_named(self, run, path: Path) -> None:
        name = str(path.relative_to(self.vault))
        self.assertTrue(any(name.endswith(d) for d in self.damaged(run)),
                        f"{name} is not named: {self.damaged(run)} {run.error}")

    def test_every_byte_and_length_counts(self) -> None:
        self.back_up_twice()
        self.add_silent_session()
        size = self.vault_bytes()
        self.assertLessEqual(size, 64 * KIB)
        classes = {"vault/", "machines/", "record/", "keys/slots", "keys/rings", "packs/data",
                   "packs/meta", "index/", "points/", "ledger/", "lease/", "fence/"}
        have = "\n".join(str(p) for p in self.objects())
        self.assertEqual([c for c in classes if c not in have], [])
        step = os.environ.get("MARS_TAMPER_STEP", "1")
        done = subprocess.run([BUILD / "tests" / "tamper", self.m.config, self.vault, step],
                              capture_output=True, text=True, check=False)
        print(f"\n{done.stdout}of {size} bytes in all", flush=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)

    def test_swapped_objects_are_reported(self) -> None:
        self.back_up_twice()
        for below in ("packs/data", "index/", "points/", "keys/rings"):
            a, b = self.objects(below)[:2]
            if a.read_bytes() == b.read_bytes():
                continue
            kept = a.read_bytes()
            with self.subTest(below):
                shutil.copyfile(b, a)
                self.assert_named(self.m.verify("--read-data", code=1), a)
            a.write_bytes(kept)
        self.m.verify("--read-data")

    def test_every_missing_object_is_reported(self) -> None:
        self.back_up_twice()
        for path in self.objects():
            if "/lease/" in str(path):
                continue                        # of ended sessions: nothing of value
            kept = path.read_bytes()
            path.unlink()
            with self.subTest(path.relative_to(self.vault)):
                run = self.m.try_("verify", "--read-data")
                self.assertEqual(run.code, 1, run.lines)
                name = str(path.relative_to(self.vault))
                row = os.path.dirname(name) + "/"
                told = self.damaged(run) + [run.error]
                if name.startswith("vault/"):
                    name = "no vault here"
                self.assertTrue(any(name.endswith(d) or row.endswith(d) or name in d
                                    for d in told if d), told)
            path.write_bytes(kept)
        self.m.verify("--read-data")

    def test_an_older_state_put_back_is_reported(self) -> None:
        self.m.backup(self.source)
        older = self.path / "older"
        shutil.copytree(self.vault, older)
        (self.source / "data").write_bytes(pseudo_random(3000, 101))
        self.m.backup(self.source)
        newest = self.m.points()[-1]["id"]
        shutil.rmtree(self.vault)
        shutil.copytree(older, self.vault)
        run = self.m.verify(code=1)
        self.assertTrue(any(newest in d for d in self.damaged(run)), run.lines)
        self.assertTrue(any(newest in e["object"] for e in self.m.run("points", code=1).events()))

    def test_an_older_slot_set_put_back_is_reported(self) -> None:
        self.m.backup(self.source)
        other = self.write("other", b"another passphrase, long enough\n")
        mine = self.write("mine", b"correct horse battery staple\n")
        self.m.run("key", "add", "--passphrase-file", mine, "--new-passphrase-file", other)
        self.objects("keys/slots")[-1].unlink()
        self.assertEqual(self.damaged(self.m.verify(code=1)), ["keys/slots/"])

    def test_verify_names_points_and_files_that_are_lost(self) -> None:
        self.back_up_twice()
        first, second = (p["id"] for p in self.m.points())
        packs = self.objects("packs/data")
        for pack in packs:
            kept = pack.read_bytes()
            broken = bytearray(kept)
            broken[len(kept) // 2] ^= 1
            pack.write_bytes(bytes(broken))
            run = self.m.verify("--read-data", code=1)
            lost = {(e["point"], e["path"]) for e in run.events("file_lost")}
            self.assertTrue(lost, run.lines)
            self.assertEqual(run.summary["files_lost"], len(lost))
            for point in (first, second):
                self.check_restore(point, {p for at, p in lost if at == point})
            pack.write_bytes(kept)

    def test_damaged_metadata_is_named_without_reading_data(self) -> None:
        self.back_up_twice()
        pack = self.objects("packs/meta")[0]
        broken = bytearray(pack.read_bytes())
        for i in range(300, len(broken) - 600):
            broken[i] ^= 1
        pack.write_bytes(bytes(broken))
        run = self.m.verify(code=1)
        self.assert_named(run, pack)
        self.assertEqual(run.summary["objects_damaged"], 1)
        self.assertGreater(run.summary["files_lost"], 50)

    def test_a_sample_finds_damage_where_it_looks(self) -> None:
        for i in range(6):
            (self.source / "data").write_bytes(pseudo_random(30_000, 300 + i))
            self.m.backup(self.source)
        pack = self.objects("packs/data")[0]
        broken = bytearray(pack.read_bytes())
        broken[len(broken) // 2] ^= 1
        pack.write_bytes(bytes(broken))
        run = self.m.verify("--sample", "100", code=1)
        self.assert_named(run, pack)
        self.assertEqual(run.summary["packs_read"], run.summary["packs"])
        codes = set()
        for _ in range(100):
            run = self.m.try_("verify", "--sample", "30")
            codes.add(run.code)
            self.assertGreaterEqual(run.summary["pack_bytes_read"],
                                    run.summary["pack_bytes"] * 30 // 100)
            self.assertLess(run.summary["packs_read"], run.summary["packs"])
        self.assertEqual(codes, {0, 1})         # each finds it with about 0.4

    def check_restore(self, point: str, lost: set[str]) -> None:
        """Exactly the files that verify called lost are missing; the others are right."""
        out = self.path / "out"
        run = self.m.restore(point, out, code=1 if lost else 0)
        failed = {e["path"] for e in run.events("not_restored")}
        self.assertEqual(failed, lost)
        for path in out.rglob("*"):
            name = "/" + str(path.relative_to(out))
            self.assertNotIn(name, lost)
            if path.is_file() and name.endswith(("inline-00", "sparse", "attributes")):
                self.assertEqual(path.read_bytes(), Path(name).read_bytes())
        shutil.rmtree(out)


if __name__ == "__main__":
    unittest.main()
