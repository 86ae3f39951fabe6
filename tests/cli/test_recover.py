"""A machine is lost, with its config and cache: another one restores, and it can begin again."""
import shutil
import unittest

from kit import KIB, PASSPHRASE, Box, Run, pseudo_random  # first: it finds the reader

from marsread.keys import PASSPHRASE as PASSPHRASE_KIND, Secret
from marsread.vault import Vault


class Recover(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        for i in range(200):
            self.write(f"source/d{i % 7}/f{i}", pseudo_random(2000, i))
        self.m = self.machine()
        self.m.backup(self.source)
        self.write("source/new", pseudo_random(50_000, 999))
        self.m.backup(self.source)
        self.points = [p["id"] for p in self.m.points()]

    def lose(self) -> None:
        shutil.rmtree(self.m.config)

    def recover(self, *args, code: int = 0, passphrase: str = PASSPHRASE,
                machine: str = "one") -> Run:
        other = self.machine("rescuer", register=False)
        run = other.run("recover", "--credentials", self.credentials(), "--passphrase-file", "-",
                        "--machine", machine, *args, code=code, input=passphrase.encode())
        self.assertFalse(other.config.exists(), "nothing is stored on the rescuing machine")
        return run

    def test_points_are_listed_and_the_newest_restored(self) -> None:
        self.lose()
        before = sorted((p, p.stat().st_mtime_ns) for p in self.objects())
        found = [p["id"] for p in self.recover("points").of("point")]
        self.assertEqual(found, self.points)
        out = self.path / "out"
        self.recover("restore", "latest", "--to", out)
        self.assert_same(self.source, out / str(self.source)[1:])
        self.recover("verify", "--read-data")
        self.assertEqual(self.recover("cat", "latest", self.source / "new").code, 0)
        self.assertEqual(sorted((p, p.stat().st_mtime_ns) for p in self.objects()), before,
                         "nothing changes in the vault")

    def test_the_newest_is_not_passed_over_where_it_is_damaged(self) -> None:
        """Whoever restores the latest must not get an older one unawares."""
        older, newest = self.points
        point = next(p for p in self.objects("points") if p.name.startswith(newest))
        data = bytearray(point.read_bytes())
        data[len(data) // 2] ^= 1
        point.write_bytes(bytes(data))
        out = self.path / "out"
        run = self.recover("restore", "latest", "--to", out, code=1)
        self.assertIn(newest, run.error)
        self.assertFalse(out.exists())
        self.recover("restore", older, "--to", out)
        self.m.run("cache", "clear")
        again = self.m.backup(self.source)
        self.recover("restore", "latest", "--to", self.path / "latest")
        self.assert_same(self.source, self.path / "latest" / str(self.source)[1:])
        self.assertEqual([p["id"] for p in self.recover("points", code=1).of("point")],
                         [older, again["point"]])

    def test_what_writes_cannot_be_recovered_into(self) -> None:
        for verb in (["backup", self.source], ["key", "list"], ["register"]):
            self.recover(*verb, code=2)

    def test_registering_again_goes_on(self) -> None:
        self.lose()
        self.m.register()
        before = self.vault_bytes()
        again = self.m.backup(self.source)
        self.assertLess(self.vault_bytes() - before, 64 * KIB)
        self.assertEqual(again["bytes_new"], 0)
        self.assertEqual([p["id"] for p in self.m.points()], self.points + [again["point"]])
        self.m.verify("--read-data")

    def test_registering_again_with_config_refreshes_it(self) -> None:
        self.m.register()
        self.assertEqual([p["id"] for p in self.m.points()], self.points)
        self.assertEqual(len(self.objects("machines/")), 1)

    def test_registering_again_with_another_passphrase_changes_nothing(self) -> None:
        self.lose()
        before = self.objects()
        run = self.m.register(code=1, passphrase="quite another long passphrase")
        self.assertEqual(run.one("error")["status"], "MARS_ERR_KEY")
        self.assertEqual(self.objects(), before)
        self.assertFalse((self.m.config / "agent.yaml").exists())

    def test_a_lost_cache_costs_no_data(self) -> None:
        shutil.rmtree(self.m.config / "cache")
        before = self.vault_bytes()
        self.m.backup(self.source)
        self.assertLess(self.vault_bytes() - before, 64 * KIB)
        self.m.verify("--read-data")

    def test_neither_passphrase_nor_root_is_kept(self) -> None:
        kept = b"".join(p.read_bytes() for p in self.m.config.rglob("*") if p.is_file())
        self.assertNotIn(PASSPHRASE.encode(), kept)
        domain = Vault(str(self.vault), Secret(PASSPHRASE_KIND, PASSPHRASE.encode()), None).domain
        for _, root in domain.roots.values():
            self.assertNotIn(root, kept)
            self.assertNotIn(root.hex().encode(), kept)
        self.assertIn(domain.chunk_id_key, kept, "the keys that backups need are")

    def test_the_only_machine_needs_no_name_and_several_do(self) -> None:
        other = self.machine("rescuer", register=False)
        args = ("recover", "--credentials", self.credentials(), "--passphrase-file", "-")
        other.run(*args, "points", input=PASSPHRASE.encode())
        self.machine("two")
        run = other.run(*args, "points", input=PASSPHRASE.encode(), code=1)
        self.assertIn("one, two", run.error)

    def test_two_machines_share_a_domain_and_its_chunks(self) -> None:
        a, b = (self.machine(n, register=False) for n in ("a", "b"))
        a.register("--domain", "shared")
        b.register("--domain", "shared")
        a.backup(self.source)
        before = self.vault_bytes()
        b.backup(self.source)
        self.assertLess(self.vault_bytes() - before, 64 * KIB)
        self.assertEqual(len(a.points()), 1, "each sees its own points")
        run = a.run("points", "--all-machines")
        names = {p["machine_id"]: p["machine"] for p in run.of("point")}
        self.assertEqual((len(names), set(names.values())), (2, {"a", "b"}))

    def test_a_domain_is_not_joined_with_another_passphrase(self) -> None:
        a, b = (self.machine(n, register=False) for n in ("a", "b"))
        a.register("--domain", "shared")
        before = self.objects()
        b.register("--domain", "shared", code=1, passphrase="quite another long passphrase")
        self.assertEqual(self.objects(), before)

    def test_one_config_serves_one_vault_and_name(self) -> None:
        for args in (("--name", "other"),):
            run = self.m.try_("register", "--credentials", self.credentials(),
                              "--passphrase-file", "-", *args, input=PASSPHRASE.encode())
            self.assertEqual((run.code, run.one("error")["status"]), (1, "MARS_ERR_STATE"))
        self.vault = self.path / "second"
        self.url = f"file://{self.vault}"
        self.machine("maker", register=False)
        run = self.m.register(code=1)
        self.assertEqual(run.one("error")["status"], "MARS_ERR_STATE")


if __name__ == "__main__":
    unittest.main()
