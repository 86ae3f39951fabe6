"""Looking into points: find, diff, stats, and ls and cat beside them."""
import os
import shutil
import subprocess
import unittest

from kit import PASSPHRASE, Box, Run, pseudo_random


class Browse(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        self.write("source/a.txt", b"first\n")
        self.write("source/gone.txt", b"will go\n")
        self.write("source/sub/b.txt", b"b\n")
        self.write("source/sub/deep/c.bin", pseudo_random(3_000_000))
        self.write("source/turns", b"a file\n")
        os.symlink("a.txt", self.source / "link")
        self.m = self.machine()
        self.first = self.m.backup(self.source)["point"]
        self.write("source/a.txt", b"second, longer\n")
        os.chmod(self.source / "sub" / "b.txt", 0o600)
        (self.source / "gone.txt").unlink()
        (self.source / "turns").unlink()
        self.write("source/turns/inside", b"now a directory\n")
        self.write("source/new/n.txt", b"new\n")
        self.second = self.m.backup(self.source)["point"]

    def text(self, *args: object) -> tuple[int, str, str]:
        """What a person sees."""
        done = subprocess.run([self.m.mars, "--config", str(self.m.config), *map(str, args)],
                              capture_output=True, text=True, check=False, timeout=600)
        return done.returncode, done.stdout, done.stderr

    def found(self, run: Run) -> list[tuple[str, str]]:
        return [(e["point"], os.path.relpath(e["path"], self.source)) for e in run.of("entry")]


class Find(Browse):
    def test_all_points_are_searched_oldest_first(self) -> None:
        run = self.m.run("find", "*.txt")
        self.assertEqual(self.found(run), [
            (self.first, "a.txt"), (self.first, "gone.txt"), (self.first, "sub/b.txt"),
            (self.second, "a.txt"), (self.second, "new/n.txt"), (self.second, "sub/b.txt")])
        self.assertEqual((run.summary["points"], run.summary["entries"]), (2, 6))
        one = run.of("entry")[0]
        self.assertEqual((one["kind"], one["size"], one["item"]), ("file", 6, "files"))

    def test_what_is_found_is_what_is_excluded(self) -> None:
        for patterns in (["*.txt"], ["/sub"], ["sub/*.txt"], ["*.txt", "!b.txt"], ["deep/"],
                         ["**/c.bin"], ["[a-l]*"], ["new/n.txt", "turns/"]):
            excludes = [word for p in patterns for word in ("--exclude", p)]
            self.m.backup("--item", "less", self.source, *excludes)
            kept = {e["path"] for e in self.m.run("find", "*", "--point", "latest", "--item",
                                                  "less").of("entry")}
            whole = {e["path"] for e in self.m.run("find", "*", "--point", self.second)
                     .of("entry")}
            fit = {e["path"] for e in self.m.run("find", "--point", self.second, *patterns)
                   .of("entry")}
            below = {p for p in whole for f in fit if p == f or p.startswith(f + "/")}
            self.assertEqual(whole - below, kept, patterns)

    def test_one_item_or_one_point(self) -> None:
        other = self.m.backup("--stdin", "dump.txt", "--item", "databases")["point"]
        self.assertEqual(self.found(self.m.run("find", "*.txt", "--item", "databases")),
                         [(other, os.path.relpath("/dump.txt", self.source))])
        self.assertEqual(self.found(self.m.run("find", "gone*", "--point", self.second)), [])
        self.assertEqual(self.found(self.m.run("find", "gone*", "--point", self.first[:8])),
                         [(self.first, "gone.txt")])
        self.m.run("find", "x", "--point", "abcdef0123", code=1)
        self.m.run("find", code=2)

    def test_a_person_is_shown_a_table(self) -> None:
        code, out, err = self.text("find", "gone.txt", "n.txt")
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(lines[0].split(), ["POINT", "MODIFIED", "SIZE", "PATH"])
        self.assertEqual([(line.split()[0], line.split()[3:]) for line in lines[1:]],
                         [(self.first[:12], ["8", str(self.source / "gone.txt")]),
                          (self.second[:12], ["4", str(self.source / "new" / "n.txt")])])
        self.assertEqual(self.text("find", "nothing-like-it"), (0, "", "mars: nothing found\n"))

    def test_a_point_that_cannot_be_read_is_named_and_the_others_searched(self) -> None:
        [damaged] = [p for p in self.objects("domains/") if p.name == self.first]
        damaged.chmod(0o600)
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
        run = self.m.run("find", "a.txt", code=1)
        self.assertEqual(self.found(run), [(self.second, "a.txt")])
        self.assertIn(f"{self.first}: ", run.error)


class Diff(Browse):
    def changes(self, *args: object) -> list[tuple[str, str]]:
        return [(c["change"], os.path.relpath(c["path"], self.source))
                for c in self.m.run("diff", *args).of("change")]

    def test_each_change_is_told(self) -> None:
        run = self.m.run("diff", self.first, self.second)
        self.assertEqual(self.changes(self.first, "latest"), [
            ("metadata", "."), ("content", "a.txt"), ("removed", "gone.txt"), ("added", "new"),
            ("added", "new/n.txt"), ("metadata", "sub/b.txt"), ("type", "turns"),
            ("added", "turns/inside")])
        self.assertEqual(run.summary, {"type": "summary", "verb": "diff", "added": 3, "removed": 1,
                                       "content_changed": 1, "metadata_changed": 2,
                                       "type_changed": 1})
        [a] = [c for c in run.of("change") if c["change"] == "content"]
        self.assertEqual((a["size_before"], a["size"]), (6, 15))

    def test_below_a_path_and_the_other_way_round(self) -> None:
        self.assertEqual(self.changes(self.second, self.first, self.source / "new"),
                         [("removed", "new"), ("removed", "new/n.txt")])
        self.assertEqual(self.changes(self.first, self.second, str(self.source / "sub")[1:]),
                         [("metadata", "sub/b.txt")])
        self.assertEqual(self.changes(self.first, self.first), [])
        self.m.run("diff", self.first, self.second, "/no/such/path", code=1)
        self.m.run("diff", self.first, code=2)

    def test_a_person_is_shown_a_line_a_change(self) -> None:
        code, out, err = self.text("diff", self.first, self.second, self.source)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.replace(str(self.source), "S").splitlines(),
                         ["U S", "M S/a.txt", "- S/gone.txt", "+ S/new", "+ S/new/n.txt",
                          "U S/sub/b.txt", "T S/turns", "+ S/turns/inside"])
        self.assertEqual(self.text("diff", "latest", "latest"), (0, "", ""))

    def test_a_file_that_was_only_touched_has_the_same_content(self) -> None:
        os.utime(self.source / "sub" / "deep" / "c.bin", (1, 1))
        self.m.backup(self.source)
        self.assertEqual(self.changes(self.second, "latest"),
                         [("metadata", "sub/deep/c.bin")])


class Stats(Browse):
    def test_figures_are_those_of_points_and_store(self) -> None:
        stats = self.m.run("stats").summary
        points = self.m.points()
        self.assertEqual((stats["points"], stats["items"]), (2, 1))
        for figure in ("entries", "bytes"):
            self.assertEqual(stats[figure], sum(p[figure] for p in points))
        packs = [p for p in self.objects("domains/") if "/packs/" in str(p)]
        self.assertEqual((stats["packs"], stats["pack_bytes"]),
                         (len(packs), sum(p.stat().st_size for p in packs)))
        objects = self.objects("domains/")
        self.assertEqual((stats["objects"], stats["object_bytes"]),
                         (len(objects), sum(p.stat().st_size for p in objects)))
        index = [p for p in objects if "/index/" in str(p)]
        self.assertEqual((stats["index_objects"], stats["index_bytes"]),
                         (len(index), sum(p.stat().st_size for p in index)))
        self.assertAlmostEqual(stats["deduplication"], stats["bytes"] / stats["chunk_bytes"],
                               places=3)
        self.assertAlmostEqual(stats["compression"], stats["chunk_bytes"] / stats["pack_bytes"],
                               places=3)

    def test_the_same_chunk_is_counted_once(self) -> None:
        before = self.m.run("stats").summary
        shutil.copy(self.source / "sub" / "deep" / "c.bin", self.source / "copy.bin")
        self.m.backup(self.source)
        after = self.m.run("stats").summary
        self.assertLess(after["chunk_bytes"] - before["chunk_bytes"], 10_000)
        self.assertGreater(after["bytes"] - before["bytes"], 6_000_000)

    def test_an_empty_domain_has_no_ratios(self) -> None:
        stats = self.machine("two").run("stats").summary
        self.assertEqual((stats["points"], stats["chunks"], stats["packs"]), (0, 0, 0))
        self.assertIsNone(stats["deduplication"])
        self.assertIsNone(stats["compression"])

    def test_a_person_is_shown_sentences(self) -> None:
        code, out, err = self.text("stats")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"\A2 points of 1 item: \d+ names, .*\n\d+ chunks, .*; "
                              r"deduplication \d+\.\d to 1\n\d+ packs, .*; compression "
                              r"\d+\.\d to 1\n\d+ objects in the vault, .*\n\Z")


class Recovered(Browse):
    def test_another_machine_looks_read_only(self) -> None:
        other = self.machine("rescuer", register=False)
        before = sorted((p, p.stat().st_mtime_ns) for p in self.objects())
        credentials = self.credentials()

        def recover(*args: object) -> Run:
            return other.run("recover", "--credentials", credentials, "--passphrase-file", "-",
                             "--machine", "one", *args, input=PASSPHRASE.encode())
        self.assertEqual(self.found(recover("find", "gone*")), [(self.first, "gone.txt")])
        self.assertEqual(len(recover("diff", self.first, self.second).of("change")), 8)
        self.assertEqual(recover("stats").summary, self.m.run("stats").summary)
        self.assertEqual(sorted((p, p.stat().st_mtime_ns) for p in self.objects()), before)
        self.assertFalse(other.config.exists())


if __name__ == "__main__":
    unittest.main()
