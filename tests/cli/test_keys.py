"""Passphrases: what they must be, and the slots that they open."""
import unittest
from pathlib import Path

from kit import PASSPHRASE, Box

NEW = "a new passphrase for the vault"


class Keys(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.write("source/file").parent
        self.mine = self.passphrase("mine", PASSPHRASE)
        self.new = self.passphrase("new", NEW)

    def passphrase(self, name: str, text: str) -> Path:
        return self.write(name, text.encode() + b"\n")

    def recovers(self, passphrase: Path) -> bool:
        run = self.machine("rescuer", register=False).try_(
            "recover", "--credentials", self.credentials(), "--passphrase-file", passphrase,
            "points")
        self.assertIn(run.code, (0, 1))
        return run.code == 0

    def test_short_and_broken_passphrases_are_refused(self) -> None:
        m = self.machine(register=False)
        for bad in (b"", b"fifteen charact", "fünfzehn Zeich.".encode(), b"\xff" * 20,
                    b"sixteen\0character"):
            run = m.try_("register", "--credentials", self.credentials(), "--name", "one",
                         "--passphrase-file", "-", input=bad + b"\n")
            self.assertEqual(run.code, 2, (bad, run.error))
        self.assertEqual(self.objects("machines/"), [])

    def test_sixteen_characters_of_any_script_do(self) -> None:
        for i, good in enumerate(("sixteen characte", "密" * 16, "ключ ключ ключ к")):
            self.machine(f"m{i}", register=False).register(passphrase=good)

    def test_one_trailing_newline_is_dropped(self) -> None:
        m = self.machine()
        m.backup(self.source)
        self.assertTrue(self.recovers(self.write("a", PASSPHRASE.encode())))
        self.assertTrue(self.recovers(self.write("b", PASSPHRASE.encode() + b"\r\n")))
        self.assertFalse(self.recovers(self.write("c", PASSPHRASE.encode() + b"x\n")))

    def test_without_a_file_and_a_terminal_it_is_wrong_usage(self) -> None:
        run = self.machine(register=False).try_("register", "--credentials", self.credentials(),
                                                start_new_session=True)
        self.assertEqual(run.code, 2)
        self.assertIn("--passphrase-file", run.error)

    def test_a_slot_is_added_and_removed(self) -> None:
        m = self.machine()
        m.backup(self.source)
        self.assertFalse(self.recovers(self.new))
        added = m.run("key", "add", "--label", "ops", "--passphrase-file", self.mine,
                      "--new-passphrase-file", self.new)
        keys = m.run("key", "list").of("key")
        self.assertEqual([k["label"] for k in keys], ["", "ops"])
        self.assertTrue(self.recovers(self.new) and self.recovers(self.mine))
        m.run("key", "remove", keys[1]["id"], "--passphrase-file", self.mine)
        self.assertFalse(self.recovers(self.new))
        self.assertTrue(self.recovers(self.mine))
        m.verify("--read-data")
        self.assertEqual(added.code, 0)

    def test_the_last_slot_stays(self) -> None:
        m = self.machine()
        key = m.run("key", "list").one("key")["id"]
        m.run("key", "remove", key, "--passphrase-file", self.mine, code=1)
        m.run("key", "remove", "0" * 16, "--passphrase-file", self.mine, code=1)
        self.assertTrue(self.recovers(self.mine))

    def test_a_passphrase_is_changed_and_no_data_touched(self) -> None:
        m = self.machine()
        m.backup(self.source)
        packs = [(p, p.stat().st_mtime_ns) for p in self.objects("packs/")]
        m.run("key", "change", "--passphrase-file", self.mine, "--new-passphrase-file", self.new)
        self.assertEqual((self.recovers(self.mine), self.recovers(self.new)), (False, True))
        self.assertEqual([(p, p.stat().st_mtime_ns) for p in self.objects("packs/")], packs)
        m.backup(self.source)
        m.verify("--read-data")

    def test_the_set_before_counts_where_the_newest_is_damaged(self) -> None:
        m = self.machine()
        m.backup(self.source)
        m.run("key", "change", "--passphrase-file", self.mine, "--new-passphrase-file", self.new)
        newest = self.objects("keys/slots")[-1]
        damaged = bytearray(newest.read_bytes())
        damaged[-40] ^= 1
        newest.write_bytes(bytes(damaged))
        self.assertEqual((self.recovers(self.mine), self.recovers(self.new)), (True, False))
        run = m.verify(code=1)
        self.assertIn(newest.name, run.events("damaged")[0]["object"])
        m.run("key", "change", "--passphrase-file", self.mine, "--new-passphrase-file", self.new)
        self.assertEqual((self.recovers(self.mine), self.recovers(self.new)), (False, True))

    def test_a_wrong_passphrase_changes_nothing(self) -> None:
        m = self.machine()
        before = self.objects()
        for verb in (("add",), ("change",)):
            run = m.run("key", *verb, "--passphrase-file", self.new, "--new-passphrase-file",
                        self.mine, code=1)
            self.assertEqual(run.one("error")["status"], "MARS_ERR_KEY")
        self.assertEqual(self.objects(), before)


if __name__ == "__main__":
    unittest.main()
