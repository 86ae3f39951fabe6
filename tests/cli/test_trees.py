"""What is backed up comes back the same: all kinds of files, judged by rsync and by a walker."""
import os
import unittest
from pathlib import Path

from kit import Box  # first: it finds the tools

import hostile_tree


class Trees(Box):
    def test_a_small_hostile_tree_is_the_same(self) -> None:
        source = self.path / "source"
        hostile_tree.make(str(source), seed=4)
        for folder in ("modes",) if os.geteuid() != 0 else ():
            os.system(f"chmod -R u+rwX '{source / folder}'")
        self.assert_same(source, self.there_and_back(source, code=3), sockets=False)

    def test_an_empty_directory_comes_back(self) -> None:
        source = self.path / "empty"
        source.mkdir(mode=0o750)
        os.utime(source, ns=(0, 1_234_567_890_123_456_789))
        self.assert_same(source, self.there_and_back(source))

    def test_a_single_file_is_a_root_of_its_own(self) -> None:
        source = self.write("dir/file")
        back = self.there_and_back(source)
        self.assert_same(source, back)
        self.assertEqual(os.listdir(back.parent), ["file"])


def remove_sockets(top: Path) -> None:
    for folder, _, files in os.walk(top):
        for f in files:
            path = Path(folder) / f
            if path.is_socket():
                before = os.stat(folder)
                path.unlink()
                os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))


if __name__ == "__main__":
    unittest.main()
