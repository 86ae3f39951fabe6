"""Restoring elsewhere, in parts, over what is there, and again after an interruption."""
import os
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from kit import MIB, TRACED, Box, Run, heed_interrupts, needs_root, pseudo_random


class Restore(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        self.write("source/a", b"content of a\n")
        self.write("source/sub/b", pseudo_random(200_000))
        self.write("source/sub/c", pseudo_random(300))
        os.link(self.source / "a", self.source / "sub" / "a-again")
        os.symlink("a", self.source / "link")
        self.m = self.machine()
        self.m.backup(self.source)
        self.out = self.path / "out"
        self.back = self.out / str(self.source)[1:]

    def names(self) -> set[str]:
        return {str(p.relative_to(self.back)) for p in self.back.rglob("*")}

    def test_chosen_paths_only(self) -> None:
        self.m.restore("latest", self.out, self.source / "sub")
        self.assertEqual(self.names(), {"sub", "sub/b", "sub/c", "sub/a-again"})
        self.m.restore("latest", self.out, str(self.source / "a")[1:])
        self.assertIn("a", self.names())

    def test_what_is_there_already_is_no_conflict(self) -> None:
        self.m.restore("latest", self.out)
        before = {p: p.lstat().st_ino for p in self.back.rglob("*")}
        again = self.m.restore("latest", self.out).summary
        self.assertEqual((again["files_restored"], again["files_present"]), (0, 5))
        self.assertEqual({p: p.lstat().st_ino for p in self.back.rglob("*")}, before)
        self.assert_same(self.source, self.back)

    def test_metadata_of_what_is_there_is_put_right(self) -> None:
        self.m.restore("latest", self.out)
        os.chmod(self.back / "sub" / "c", 0o777)
        os.utime(self.back / "sub" / "c", (1, 1))
        self.m.restore("latest", self.out, "--conflict", "overwrite")
        self.assert_same(self.source, self.back)

    def test_a_conflict_makes_a_dated_copy_beside(self) -> None:
        self.m.restore("latest", self.out)
        (self.back / "sub" / "c").write_bytes(b"mine")
        done = self.m.restore("latest", self.out).summary
        self.assertEqual(done["files_restored"], 1)
        self.assertEqual((self.back / "sub" / "c").read_bytes(), b"mine")
        copies = [p for p in (self.back / "sub").iterdir()
                  if p.name not in ("a-again", "b", "c")]
        self.assertEqual(len(copies), 1)
        self.assertIn(time.strftime("%Y"), copies[0].name)
        self.assertEqual(copies[0].read_bytes(), (self.source / "sub" / "c").read_bytes())

    def test_a_conflict_is_overwritten_or_skipped_when_asked(self) -> None:
        self.m.restore("latest", self.out)
        (self.back / "sub" / "c").write_bytes(b"mine")
        done = self.m.restore("latest", self.out, "--conflict", "skip", code=3).summary
        self.assertEqual(done["files_skipped"], 1)
        self.assertEqual((self.back / "sub" / "c").read_bytes(), b"mine")
        self.m.restore("latest", self.out, "--conflict", "overwrite")
        self.assert_same(self.source, self.back)

    def test_hard_links_are_joined_again(self) -> None:
        self.m.restore("latest", self.out)
        self.assertTrue((self.back / "a").samefile(self.back / "sub" / "a-again"))

    @needs_root
    def test_ownership_and_acl_can_be_left_out(self) -> None:
        os.chown(self.source / "a", 12345, 54321)
        subprocess.run(["setfacl", "-m", "u:777:rw", self.source / "sub" / "c"], check=True)
        self.m.backup(self.source)
        self.m.restore("latest", self.out, "--no-owner", "--no-acl")
        self.assertEqual((self.back / "a").stat().st_uid, 0)
        self.assertEqual(os.listxattr(self.back / "sub" / "c"), [])
        self.m.restore("latest", self.path / "all")
        back = self.path / "all" / str(self.source)[1:]
        self.assertEqual((back / "a").stat().st_gid, 54321)
        self.assert_same(self.source, back)

    @needs_root
    def test_an_ordinary_user_restores_what_he_may(self) -> None:
        subprocess.run(["chown", "-R", "12345:12345", self.path], check=True)
        out = self.path / "users"
        out.mkdir(mode=0o777)
        os.chmod(out, 0o777)
        os.chmod(self.path, 0o755)
        command = self.m.command("restore", "latest", "--to", out)
        done = subprocess.run(["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups",
                               *command], capture_output=True, check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        back = out / str(self.source)[1:]
        self.assertEqual((back / "sub" / "b").read_bytes(),
                         (self.source / "sub" / "b").read_bytes())
        self.assertEqual((back / "a").stat().st_uid, 12345)

    def test_a_dry_run_writes_nothing(self) -> None:
        run = self.m.run("restore", "latest", "--to", self.out, "--dry-run")
        self.assertFalse(self.out.exists())
        self.assertEqual(run.summary["files_restored"], 5)

    def lose_metadata(self) -> None:
        """The packs with directories' nodes are gone, and the machine has no copies."""
        shutil.rmtree(self.m.config / "cache")
        for pack in self.objects("packs/meta"):
            pack.unlink()

    def make_large_directory(self) -> None:
        for i in range(1000):                   # too many to stand inside the one above
            self.write(f"source/many/{i:050}")
        self.m.backup(self.source)

    def check_lost_directory(self, run: Run, status: str) -> None:
        self.assertEqual((run.code, run.one("error")["status"]), (1, status))
        self.assertEqual([e["path"] for e in run.events("not_restored")],
                         [str(self.source / "many")])
        self.assertEqual(run.summary["files_restored"], 5)

    def test_a_directory_that_is_damaged_is_lost_alone(self) -> None:
        self.make_large_directory()
        self.lose_metadata()
        for more in (("--dry-run",), ()):
            run = self.m.restore("latest", self.out, *more, code=1)
            self.check_lost_directory(run, "MARS_ERR_CORRUPT")
        self.assertEqual((self.back / "a").read_bytes(), b"content of a\n")

    def test_a_directory_that_cannot_be_read_is_lost_alone(self) -> None:
        self.make_large_directory()
        shutil.rmtree(self.m.config / "cache")
        which = [word for pack in self.objects("packs/meta") for word in ("-P", str(pack))]
        done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", *which, "-e",
                               "inject=pread64:error=EIO",
                               *self.m.command("restore", "latest", "--to", self.out)],
                              capture_output=True, check=False, env=TRACED, timeout=600)
        self.check_lost_directory(Run(done), "MARS_ERR_IO")
        self.assertEqual((self.back / "a").read_bytes(), b"content of a\n")

    def test_whose_attributes_are_lost_is_no_wider_than_it_was(self) -> None:
        files = [self.source / "a", self.source / "sub"]
        for path in files:                      # a set too large to stand in its entry
            os.chmod(path, 0o774)
            os.setxattr(path, "user.long", pseudo_random(2300, 7))
        self.m.backup(self.source)
        self.lose_metadata()
        run = self.m.restore("latest", self.out, code=1)
        self.assertEqual(run.one("error")["status"], "MARS_ERR_CORRUPT")
        self.assertEqual(run.events("not_restored"), [])
        warned = {e["path"] for e in run.events("warning")}
        self.assertEqual(warned, {str(p) for p in (*files, self.source / "sub" / "a-again")})
        self.assertEqual((self.back / "a").read_bytes(), b"content of a\n")
        self.assertEqual([p.stat().st_mode & 0o777 for p in (self.back / "a", self.back / "sub")],
                         [0o704, 0o704])

    def test_names_of_a_file_do_not_fail_with_its_first(self) -> None:
        for name, size in (("large", 40 * MIB), ("small", 5000)):
            self.write(f"source/{name}/1", pseudo_random(size))
            for i in "234":
                os.link(self.source / name / "1", self.source / name / i)
        self.m.backup(self.source)
        for name in ("large", "small"):
            for i in "12":                      # nothing goes over a directory
                (self.back / name / i).mkdir(parents=True)
        run = self.m.restore("latest", self.out, "--conflict", "overwrite", code=1)
        self.assertEqual(sorted(e["path"] for e in run.events("not_restored")),
                         [str(self.source / name / i) for name in ("large", "small")
                          for i in "12"])
        for name in ("large", "small"):
            there, other = self.back / name / "3", self.back / name / "4"
            self.assertEqual(there.read_bytes(), (self.source / name / "3").read_bytes())
            self.assertTrue(there.samefile(other))

    def test_a_root_that_cannot_be_made_is_lost_alone(self) -> None:
        self.write("deep/er/x")
        self.m.backup(self.path / "deep" / "er", self.source)
        self.back.parent.mkdir(parents=True)
        (self.back.parent / "deep").write_bytes(b"in the way")
        run = self.m.restore("latest", self.out, code=1)
        self.assertEqual([e["path"] for e in run.events("not_restored")],
                         [str(self.path / "deep" / "er")])
        self.assert_same(self.source, self.back)

    def test_links_in_the_target_are_not_followed(self) -> None:
        victim = self.path / "victim"
        victim.mkdir()
        self.back.mkdir(parents=True)
        os.symlink(victim, self.back / "sub")
        run = self.m.try_("restore", "latest", "--to", self.out, "--conflict", "overwrite")
        self.assertEqual(list(victim.iterdir()), [], "nothing outside the target is touched")
        self.assertNotEqual(run.code, 0)
        self.assertEqual((self.back / "a").read_bytes(), b"content of a\n")

    def restore_with_names_in_the_way(self, conflict: str) -> Run:
        """Names get into directories that the run just made: each file's own waits a second."""
        subprocess.run(["rm", "-rf", self.out], check=True)
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
                   "inject=renameat2:delay_enter=1000000",
                   *self.m.command("restore", "latest", "--to", self.out, "--conflict", conflict)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=TRACED) as running:
            for name in ("link", "sub/c", "sub/a-again"):
                while not (self.back / name).parent.is_dir() and running.poll() is None:
                    pass
                (self.back / name).write_bytes(b"mine")
            out, error = running.communicate(timeout=600)
        return Run(subprocess.CompletedProcess(command, running.returncode, out, error))

    def test_names_that_come_in_the_way_meanwhile_are_conflicts(self) -> None:
        done = self.restore_with_names_in_the_way("copy")
        self.assertEqual((done.code, done.summary["files_restored"]), (0, 5), done.error)
        stamp = time.strftime(" (restored %Y")
        for name, original in (("link", "link"), ("sub/c", "sub/c"), ("sub/a-again", "a")):
            there = self.back / name
            self.assertEqual(there.read_bytes(), b"mine")
            copies = list(there.parent.glob(there.name + stamp + "*"))
            self.assertEqual(len(copies), 1)
            self.assertEqual(copies[0].read_bytes(), (self.source / original).read_bytes())
        again = next((self.back / "sub").glob("a-again (*"))
        self.assertTrue(again.samefile(self.back / "a"))
        done = self.restore_with_names_in_the_way("skip")
        self.assertEqual((done.code, done.summary["files_skipped"]), (3, 3), done.error)
        self.assertEqual((self.back / "sub" / "c").read_bytes(), b"mine")
        self.assertEqual(self.names(), {"a", "link", "sub", "sub/b", "sub/c", "sub/a-again"})
        done = self.restore_with_names_in_the_way("overwrite")
        self.assertEqual((done.code, done.summary["files_restored"]), (0, 5), done.error)
        self.assert_same(self.source, self.back)

    def test_each_pack_is_read_once(self) -> None:
        for i in range(3000):
            self.write(f"source/many/{i % 50}/f{i}", pseudo_random(600 + i, i))
        for i in range(20):
            self.write(f"source/large-{i}", pseudo_random(3 * MIB, i))
            self.write(f"source/zz-the-same-again/{i}", pseudo_random(3 * MIB, i))
        self.m.backup(self.source)
        fetched = self.m.restore("latest", self.out).summary["bytes_fetched"]
        packs = sum(p.stat().st_size for p in self.objects("packs/data"))
        print(f"restore: {fetched / packs:.3f} bytes read for each byte of the packs", flush=True)
        self.assertLessEqual(fetched, packs)
        self.assertGreaterEqual(fetched, 0.9 * packs)
        self.assert_same(self.source, self.back)

    def test_a_default_acl_in_the_target_is_not_inherited(self) -> None:
        self.out.mkdir()
        done = subprocess.run(["setfacl", "-d", "-m", "u:777:rwx", self.out], check=False)
        if done.returncode != 0:
            self.skipTest("no ACLs here")
        self.m.restore("latest", self.out)
        self.assertEqual(os.listxattr(self.back / "a"), [])
        self.assertEqual(os.listxattr(self.back / "sub"), [])
        self.assert_same(self.source, self.back)

    def test_a_umask_takes_nothing_away(self) -> None:
        os.chmod(self.source / "a", 0o666)
        os.chmod(self.source / "sub" / "c", 0o400)
        os.chmod(self.source / "sub", 0o2777)
        self.m.backup(self.source)
        was = os.umask(0o077)
        try:
            self.m.restore("latest", self.out)
        finally:
            os.umask(was)
        self.assert_same(self.source, self.back)

    def test_an_interrupted_restore_finishes_what_is_missing(self) -> None:
        for i in range(400):
            self.write(f"source/many/f{i}", pseudo_random(100_000, i))
        self.write("source/large", pseudo_random(64 * MIB))
        self.m.backup(self.source)
        for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            with self.subTest(signum.name):
                self.interrupt(signum)
                before = {p: p.stat().st_ino for p in self.whole_files()}
                done = self.m.restore("latest", self.out).summary
                self.assertEqual({p: p.stat().st_ino for p in before}, before)
                self.assertGreaterEqual(done["files_present"], len(before))
                self.assert_same(self.source, self.back)
                subprocess.run(["rm", "-rf", self.out], check=True)

    def interrupt(self, signum: int) -> None:
        """Stop it while it is at work; once more where it was faster than we."""
        many = self.back / "many"
        for _ in range(20):
            with subprocess.Popen(self.m.command("restore", "latest", "--to", self.out),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  preexec_fn=heed_interrupts) as running:
                while not (many.is_dir() and any(many.iterdir())) and running.poll() is None:
                    pass
                running.send_signal(signum)
            if running.returncode in (130, -signal.SIGKILL):
                return
            subprocess.run(["rm", "-rf", self.out], check=True)
        self.fail("it was never still at work")

    def whole_files(self) -> list[Path]:
        return [p for p in (self.back / "many").glob("f*")
                if p.read_bytes() == (self.source / "many" / p.name).read_bytes()]

    def test_differences_to_the_disk_are_listed(self) -> None:
        self.m.verify("--against-disk")
        (self.source / "sub" / "c").write_bytes(pseudo_random(300, 2))
        (self.source / "link").unlink()
        run = self.m.verify("--against-disk", code=3)
        self.assertEqual({e["path"] for e in run.events("different")},
                         {str(self.source / "sub" / "c"), str(self.source / "link"),
                          str(self.source), str(self.source / "sub")} &
                         {e["path"] for e in run.events("different")}
                         | {str(self.source / "sub" / "c"), str(self.source / "link")})
        self.assertEqual(run.summary["differences"], len(run.events("different")))

    @needs_root
    def test_roots_within_each_other_are_compared_each_on_its_own(self) -> None:
        mounted = self.source / "mounted"
        other = self.path / "other"
        for directory in (mounted, other):
            directory.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mounted], check=True)
        self.addCleanup(subprocess.run, ["umount", str(mounted)], check=True)
        for file in (mounted / "inside", other / "beside"):
            file.write_bytes(b"one")
        self.m.backup("--one-file-system", self.source, mounted, other)
        self.m.verify("--against-disk")
        (mounted / "inside").write_bytes(b"two!")
        run = self.m.verify("--against-disk", code=3)
        self.assertEqual([e["path"] for e in run.events("different")], [str(mounted / "inside")])
        subprocess.run(["rm", "-r", other], check=True)
        run = self.m.verify("--against-disk", code=3)
        self.assertEqual({e["path"] for e in run.events("different")},
                         {str(mounted / "inside"), str(other)})


if __name__ == "__main__":
    unittest.main()
