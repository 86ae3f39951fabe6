"""What goes wrong says what failed, on what, with the right exit code, and loses nothing."""
import hashlib
import hmac
import os
import re
import subprocess
import unittest

from kit import MIB, PASSPHRASE, Box, needs_root, pseudo_random  # first: it finds the reader

from marsread.keys import PASSPHRASE as PASSPHRASE_KIND, Secret
from marsread.objects import DOMAIN, VAULT, hkdf, open_plain
from marsread.records import read_record
from marsread.vault import Vault


class Errors(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.write("source/file", pseudo_random(5000)).parent
        self.m = self.machine()
        self.m.backup(self.source)
        self.points = self.m.points()

    def tearDown(self) -> None:
        if self.vault.exists() and self.m.config.exists():
            self.assertEqual(self.m.points()[0]["id"], self.points[0]["id"], "nothing is lost")

    def assert_error(self, run, status: str, *named: str, code: int = 1) -> None:
        error = run.one("error")
        self.assertEqual((run.code, error["status"]), (code, status), run.error)
        for name in named:
            self.assertIn(name, error["message"])

    def register(self, credentials, name: str = "two"):
        return self.machine(name, register=False).try_(
            "register", "--credentials", credentials, "--name", name, "--passphrase-file", "-",
            input=PASSPHRASE.encode())

    def test_expired_credentials(self) -> None:
        path = self.credentials()
        stale = re.sub(r"register_until: .*", 'register_until: "2001-01-01T00:00:00Z"',
                       path.read_text())
        path.write_text(stale)
        self.assert_error(self.register(path), "MARS_ERR_AUTH", "edited")
        path.write_text(self.sign(stale))
        self.assert_error(self.register(path), "MARS_ERR_AUTH", "expired on 2001-01-01")
        run = self.machine("rescuer", register=False).try_(
            "recover", "--credentials", path, "--passphrase-file", "-", "points",
            input=PASSPHRASE.encode())
        self.assertEqual(run.code, 0, "access lasts longer")
        path.write_text(self.sign(re.sub(r"access_until: .*",
                                         'access_until: "2001-01-02T00:00:00Z"', stale)))
        run = self.machine("rescuer", register=False).try_(
            "recover", "--credentials", path, "--passphrase-file", "-", "points",
            input=PASSPHRASE.encode())
        self.assert_error(run, "MARS_ERR_AUTH", "expired on 2001-01-02")

    def sign(self, text: str) -> str:
        """Credentials as an administrator issued them at another time."""
        vault = Vault(str(self.vault), Secret(PASSPHRASE_KIND, PASSPHRASE.encode()), None)
        name = vault.store.select(VAULT)[0]
        record = open_plain(vault.store.read(name), name, lambda kind, header: b"")
        key = read_record(name, record.payload)["issuing_key"]
        lines = [line.replace(": ", "=", 1).replace('"', "")
                 for line in text.splitlines() if not line.startswith("mac:")]
        mac = hmac.new(key, "".join(f"{line}\n" for line in lines).encode(), "sha256")
        return re.sub(r"mac: .*", f'mac: "{mac.hexdigest()}"', text)

    def test_edited_credentials(self) -> None:
        path = self.credentials()
        for find, put in ((r"serial: .*", "serial: 0123456789abcdef"),
                          (r"access_until: .2", 'access_until: "3'), (r"mac: .", "mac: x"),
                          (r"format: .*", "format: something"), (r"vault_id: .*\n", "")):
            text = path.read_text()
            with self.subTest(find):
                edited = path.with_name("edited")
                edited.write_text(re.sub(find, put, text))
                self.assertNotEqual(edited.read_text(), text)
                self.assert_error(self.register(edited), "MARS_ERR_AUTH")
        self.assertEqual(len(self.objects("machines/")), 1)

    def test_credentials_of_another_vault(self) -> None:
        path = self.credentials()
        text = path.read_text()
        self.vault = self.path / "second"
        self.url = f"file://{self.vault}"
        self.machine("maker", register=False)
        path.write_text(re.sub(r"url: .*", f"url: {self.url}", text))
        self.assert_error(self.register(path), "MARS_ERR_AUTH", "another vault")
        self.vault = self.path / "vault"

    def test_credentials_that_are_not_there(self) -> None:
        self.assert_error(self.register(self.path / "nothing"), "MARS_ERR_NOT_FOUND", "nothing")

    def test_a_path_that_is_no_vault(self) -> None:
        empty = self.path / "empty"
        empty.mkdir()
        self.assert_error(self.m.try_("vault", "show", f"file://{empty}"), "MARS_ERR_NOT_FOUND",
                          "no vault")
        self.assert_error(self.m.try_("vault", "show", f"file://{empty}/x"), "MARS_ERR_NOT_FOUND")
        self.assert_error(self.m.try_("vault", "show", "ftp://x"), "MARS_ERR_UNSUPPORTED", "ftp")

    def test_a_vault_is_not_made_twice(self) -> None:
        self.assert_error(self.m.try_("vault", "create", self.url), "MARS_ERR_EXISTS")
        self.assert_error(self.m.try_("vault", "create", f"file://{self.path}/new", "--redundancy",
                                      "GRS"), "MARS_ERR_UNSUPPORTED", "GRS")

    def test_not_registered(self) -> None:
        for verb in (("points",), ("backup", self.source), ("verify",),
                     ("restore", "latest", "--to", "x")):
            run = self.machine("nobody", register=False).try_(*verb)
            self.assert_error(run, "MARS_ERR_STATE", "not registered")
            self.assertIn("mars register", run.error)

    def test_a_point_that_does_not_exist(self) -> None:
        out = self.path / "out"
        self.assert_error(self.m.try_("restore", "0123456789", "--to", out),
                          "MARS_ERR_NOT_FOUND", "0123456789")
        self.assert_error(self.m.try_("ls", "latest", "/no/such/path"), "MARS_ERR_NOT_FOUND",
                          "/no/such/path")
        self.assertEqual(self.m.try_("restore", "latest", "/nothing", "--to", out).code, 1)
        self.m.run("ls", "1234", code=2)       # a prefix has at least 6 digits

    def test_latest_of_several_items_is_wrong_usage(self) -> None:
        self.m.backup(self.source, "--item", "other")
        run = self.m.try_("restore", "latest", "--to", self.path / "out")
        self.assertEqual(run.code, 2)
        self.assertIn("other", run.error)
        self.m.run("restore", "latest", "--item", "other", "--to", self.path / "out")

    def test_wrong_usage(self) -> None:
        for args in ((), ("nothing",), ("backup",), ("restore", "latest"), ("backup", "--nothing"),
                     ("backup", self.source, "--item"), ("verify", "--read-data", "--against-disk"),
                     ("verify", "--read-data", "--sample", "10"),
                     ("verify", "--sample", "10", "--against-disk"),
                     ("verify", "--sample", "0"), ("verify", "--sample", "101"),
                     ("restore", "latest", "--to", "x", "--conflict", "maybe"),
                     ("backup", self.source, "--compression", "gzip"),
                     ("backup", self.source, "--compression", "zstd:0"),
                     ("backup", self.source, "--compression", "zstd:20"),
                     ("backup", self.source, "--compression", "zstd:"),
                     ("backup", self.source, "--compression", "lz4:3")):
            self.assertEqual(self.m.try_(*args).code, 2, args)

    def test_a_source_that_is_not_there(self) -> None:
        run = self.m.try_("backup", self.path / "nothing")
        self.assert_error(run, "MARS_ERR_NOT_FOUND", "nothing")

    def test_a_missing_cache_disk(self) -> None:
        disk = self.path / "disk"
        disk.mkdir()
        m = self.machine("cached", register=False)
        m.register("--cache", disk / "cache")
        m.backup(self.source)
        os.rename(disk, self.path / "away")
        self.assert_error(m.try_("backup", self.source), "MARS_ERR_IO", "disk/cache")
        m.restore("latest", self.path / "out")     # a restore goes without
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        run = self.machine("third", register=False).try_(
            "register", "--credentials", self.credentials(), "--cache", disk / "x",
            "--passphrase-file", "-", input=PASSPHRASE.encode())
        self.assertEqual(run.code, 1)
        self.assertEqual(len(self.objects("machines/")), 2)

    @needs_root
    def test_a_cache_that_cannot_be_written(self) -> None:
        cache = self.path / "cache"
        m = self.machine("cached", register=False)
        m.register("--cache", cache)
        self.mount("-o", "ro", "tmpfs", cache)
        self.assert_error(m.try_("backup", self.source), "MARS_ERR_IO", str(cache))

    @needs_root
    def test_a_full_vault_disk(self) -> None:
        small = self.path / "small"
        small.mkdir()
        self.mount("-o", "size=3m", "tmpfs", small)
        self.vault = small / "vault"
        self.url = f"file://{self.vault}"
        m = self.machine("full")
        m.backup(self.source)
        large = self.write("large/file", pseudo_random(8 * MIB)).parent
        self.assert_error(m.try_("backup", large), "MARS_ERR_QUOTA")
        self.assertEqual(len(m.points()), 1)
        m.verify("--read-data")
        os.truncate(large / "file", 100_000)
        m.backup(large)
        m.verify("--read-data")

    @needs_root
    def test_a_full_target_disk(self) -> None:
        large = self.write("large/file", pseudo_random(8 * MIB)).parent
        self.m.backup(large)
        small = self.path / "small"
        small.mkdir()
        self.mount("-o", "size=3m", "tmpfs", small)
        run = self.m.try_("restore", "latest", "--to", small)
        self.assert_error(run, "MARS_ERR_QUOTA")
        self.assertEqual([p for p in small.rglob("*") if p.is_file()], [], "no half file is left")

    def mount(self, *args) -> None:
        subprocess.run(["mount", "-t", "tmpfs", *map(str, args)], check=True)
        self.addCleanup(subprocess.run, ["umount", str(args[-1])], check=True)

    def edit_header(self, path, at: int, value: int) -> None:
        data = bytearray(path.read_bytes())
        data[at] = value
        path.write_bytes(bytes(data))

    def test_a_newer_format(self) -> None:
        record = self.objects("vault/vault/")[0]
        kept = record.read_bytes()
        self.edit_header(record, 9, 2)
        for verb in (("points",), ("backup", self.source), ("verify",),
                     ("vault", "show", self.url)):
            self.assert_error(self.m.try_(*verb), "MARS_ERR_UNSUPPORTED", "vault/", "version 2")
        record.write_bytes(kept)

    def test_an_unknown_must_understand_bit(self) -> None:
        """Each set forbids its own operation, by name, and lets the others go on."""
        forbids = {"read": ("points", "backup", "verify", "restore"), "write": ("backup", "key"),
                   "collect": (), "verify": ("verify",)}
        mine = self.write("mine", PASSPHRASE.encode())
        verbs = {"points": ("points",), "backup": ("backup", self.source), "verify": ("verify",),
                 "key": ("key", "change", "--passphrase-file", mine, "--new-passphrase-file", mine),
                 "restore": ("restore", "latest", "--to", self.path / "out")}
        for kind in (VAULT, DOMAIN):
            for i, (need, forbidden) in enumerate(forbids.items()):
                path, kept = self.demand(kind, 12 + 4 * i)
                for verb, args in verbs.items():
                    if verb == "key" and "read" == need:
                        continue
                    with self.subTest(record=path, bit=need, verb=verb):
                        run = self.m.try_(*args)
                        if verb in forbidden:
                            self.assert_error(run, "MARS_ERR_UNSUPPORTED", f"to {need} it", "0x10",
                                              path.name)
                        elif verb == "verify" and kind == VAULT:
                            # It is another record than the one that the machine registered with.
                            self.assertEqual(run.code, 1)
                        else:
                            self.assertEqual(run.code, 0, run.error)
                path.write_bytes(kept)

    def demand(self, kind: int, at: int):
        """Set a bit of a record's header as a later version would, its check made anew."""
        vault = Vault(str(self.vault), Secret(PASSPHRASE_KIND, PASSPHRASE.encode()), None)
        name = vault.store.select(kind)[0]
        kept = vault.store.read(name)
        payload = kept[144:-32]
        header = bytearray(kept[:144])
        header[at] = 0x10
        if kind == VAULT:
            check = hashlib.sha256(bytes(header) + name.relative + payload).digest()
        else:
            ledger = next(k for k in vault.domain.keys.values() if k.type == 6).key
            okm = hkdf(ledger, bytes(header[64:96]), b"mars object v1" + bytes(header[:112]), 64)
            header[112:] = okm[32:]
            check = hmac.new(okm[:32], bytes(header) + name.relative + payload,
                             "sha256").digest()
        path = self.vault / name.full
        path.write_bytes(bytes(header) + payload + check)
        return path, kept


if __name__ == "__main__":
    unittest.main()
