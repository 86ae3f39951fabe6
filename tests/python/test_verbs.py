"""The four verbs from Python do what the command line does, on every store."""
import os
import socket
import stat
import unittest
from dataclasses import asdict

from pykit import PASSPHRASE, AzurePythonBox, PythonBox, libmars


def plain(result: object) -> dict[str, object]:
    """A result with names and numbers as the command line prints them."""
    return {k: v for k, v in asdict(result).items() if k != "elapsed_ns"}


class Verbs:
    def assert_same_as_printed(self, result: object, printed: dict[str, object],
                               but: tuple[str, ...] = ()) -> None:
        mine = plain(result)
        self.assertEqual({k: mine[k] for k in mine if k not in but},
                         {k: printed[k] for k in mine if k not in but})

    def test_from_vault_to_restore(self) -> None:
        home = self.tree()
        agent = self.agent()
        cli = self.command_line()
        first = agent.backup([home])
        self.assertEqual((first.files, first.files_skipped), (6, 0))
        self.assertGreater(first.bytes_new, 3_000_000)
        # The second of both adds nothing; only the points' ids differ.
        self.assert_same_as_printed(agent.backup([home]), cli.backup(home), but=("point",))
        points = agent.points()
        self.assertEqual(points[0].id, first.point)
        for mine, printed in zip(points, cli.points(), strict=True):
            self.assert_same_as_printed(mine, printed | {"roots": tuple(printed["roots"])})
        self.assert_same_as_printed(agent.verify(read_data=True),
                                    cli.verify("--read-data").summary)
        out = self.path / "out"
        done = agent.restore(out, first.point[:8])
        printed = cli.restore(first.point, self.path / "out-cli").summary
        self.assert_same_as_printed(done, printed, but=("bytes_fetched",))
        self.assert_same(home, out / home.relative_to("/"))

    def test_what_is_taken_and_what_is_not(self) -> None:
        home = self.tree()
        agent = self.agent()
        done = agent.backup(os.fsencode(home), item="some", exclude=[b"*.bin", "deep/er/"],
                            compression=libmars.Compression.ZSTD, compression_level=5)
        self.assertEqual((done.files, done.directories), (4, 2))
        self.assertEqual([p.item for p in agent.points()], ["some"])
        self.assertEqual(agent.points("other"), [])
        dry = agent.backup(home, dry_run=True)
        self.assertEqual((dry.point, dry.files), ("", 6))
        self.assertEqual(len(agent.points()), 1)

    def test_another_machine_recovers(self) -> None:
        home = self.tree()
        self.agent().backup(home)
        with libmars.recover(credentials=self.path / "one.vaultCredentials",
                             passphrase=PASSPHRASE.encode(), machine="one") as lost:
            self.assertTrue(lost.info.read_only)
            lost.restore(self.path / "back")
            with self.assertRaises(libmars.StateError):
                lost.backup(home)
        self.assert_same(home, self.path / "back" / home.relative_to("/"))

    def test_the_vault_shows_its_machines(self) -> None:
        self.agent("one")
        self.agent("two")
        shown = libmars.show_vault(self.url, store=self.store())
        printed = self.command_line().run("vault", "show", self.url, *self.place, *self.way)
        self.assertEqual(sorted(m.name for m in shown.machines), ["one", "two"])
        self.assertEqual({m.id for m in shown.machines},
                         {m["id"] for m in printed.of("machine")})
        self.assertEqual(shown.id, printed.one("vault")["id"])
        self.assertTrue(shown.put_if_absent)


class OnFiles(Verbs, PythonBox):
    def test_files_in_the_way(self) -> None:
        home = self.write("home/a", b"old").parent
        agent = self.agent()
        agent.backup(home)
        self.write(f"out{home}/a", b"mine")
        target = self.path / "out"
        skipped = agent.restore(target, conflict=libmars.Conflict.SKIP)
        self.assertEqual(skipped.files_skipped, 1)
        agent.restore(target, paths=[home / "a"], conflict=libmars.Conflict.OVERWRITE)
        self.assertEqual((self.path / f"out{home}/a").read_bytes(), b"old")

    def test_damage_is_an_exception_with_the_result(self) -> None:
        home = self.tree()
        agent = self.agent()
        agent.backup(home)
        pack = max(self.objects(), key=lambda p: p.stat().st_size)
        pack.chmod(pack.stat().st_mode | stat.S_IWUSR)
        with pack.open("r+b") as f:
            f.seek(pack.stat().st_size // 2)
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 1]))
        events: list[libmars.Event] = []
        with self.assertRaises(libmars.CorruptError) as caught:
            agent.verify(read_data=True, on_event=events.append)
        self.assertGreater(caught.exception.result.files_lost, 0)
        self.assertIn(libmars.EventKind.FILE_LOST, {e.kind for e in events})
        with self.assertRaises(libmars.CorruptError) as caught:
            agent.restore(self.path / "out")
        self.assertGreater(caught.exception.result.files_restored, 0)

    def test_events_of_what_is_skipped(self) -> None:
        home = self.tree()
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(home / "socket"))
            events: list[libmars.Event] = []
            done = self.agent().backup(home, on_event=events.append)
        self.assertEqual(done.files_skipped, 1)
        self.assertEqual([(e.kind, e.reason, e.path) for e in events],
                         [(libmars.EventKind.SKIPPED, libmars.SkipReason.SOCKET,
                           str(home / "socket"))])

    def test_keys(self) -> None:
        agent = self.agent()
        slot = agent.key_add(PASSPHRASE, "a second one, for the safe", "safe")
        self.assertEqual([(k.kind, k.label) for k in agent.key_list()],
                         [(libmars.KeyKind.PASSPHRASE, ""), (libmars.KeyKind.PASSPHRASE, "safe")])
        self.assertIn(slot, [k.id for k in agent.key_list()])
        agent.key_change(PASSPHRASE, "this one from now on")
        with self.assertRaises(libmars.KeyRefusedError) as caught:
            agent.key_change(PASSPHRASE, "not any more, I fear")
        self.assertEqual(caught.exception.status_name, "MARS_ERR_KEY")
        agent.key_remove("this one from now on", slot)
        self.assertEqual(len(agent.key_list()), 1)

    def test_the_cache(self) -> None:
        home = self.tree()
        agent = self.agent()
        agent.backup(home)
        agent.cache_set(quota=1 << 30, warn_permille=70)
        told = agent.cache_status()
        self.assertEqual((told.state, told.quota, told.warn_permille),
                         (libmars.CacheState.READY, 1 << 30, 70))
        printed = self.command_line().run("cache", "status").one("cache")
        self.assertEqual((told.files, told.bytes), (printed["files"], printed["bytes"]))
        agent.cache_move(self.path / "cache")
        self.assertEqual(agent.cache_status().path, str(self.path / "cache"))
        agent.cache_clear()
        self.assertEqual(agent.cache_status().bytes_runs, 0)
        agent.cache_rebuild()
        self.assertEqual(agent.verify().objects_damaged, 0)

    def test_newer_credentials(self) -> None:
        self.agent()
        newer = self.path / "newer"
        libmars.issue_credentials(self.url, newer, valid_days=2)
        config = self.path / "config-one"
        libmars.renew(config, credentials=newer)
        cancel = libmars.Cancel()
        cancel.set()
        with self.assertRaises(libmars.CancelledError):
            libmars.renew(config, credentials=newer, cancel=cancel)
        with self.assertRaises(libmars.StateError):
            libmars.renew(self.path / "nowhere", credentials=newer)
        with self.assertRaises(FileExistsError):
            libmars.issue_credentials(self.url, newer)

    def test_an_agent_of_its_own_measure(self) -> None:
        self.agent().close()
        with libmars.Agent(self.path / "config-one", workers=1, buffer_bytes=32 << 20) as agent:
            self.assertEqual(agent.backup(self.tree()).files, 6)

    def test_the_machine_is_measured(self) -> None:
        figures = libmars.benchmark(workers=1, figure_ms=1)
        self.assertEqual({f.codec for f in figures} & {"lz4", ""}, {"lz4", ""})
        self.assertGreater(min(f.one_core for f in figures), 0)


class OnAzurite(Verbs, AzurePythonBox):
    pass


if __name__ == "__main__":
    unittest.main()
