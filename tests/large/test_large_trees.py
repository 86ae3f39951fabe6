"""Large trees come back the same: /usr/share, /usr/include, all that is hard, at scale."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from kit import Box, needs_root  # it finds the tools

import hostile_tree
from test_trees import remove_sockets


class LargeTrees(Box):
    @needs_root
    def test_usr_share_and_include_are_the_same_to_rsync(self) -> None:
        m = self.machine()
        m.backup("/usr/share", "/usr/include")
        out = self.path / "out"
        m.restore("latest", out)
        for name in ("/usr/share", "/usr/include"):
            self.assert_rsync_same(Path(name), out / name[1:])

    @needs_root
    def test_a_hostile_tree_is_the_same_to_rsync(self) -> None:
        source = self.path / "source"
        # rsync cannot do paths of 5,000 characters, and a socket is no file to restore.
        left_out = hostile_tree.make(str(source), seed=2, scale="full", without=("long",))
        self.assertEqual(left_out, [])
        remove_sockets(source)
        self.assert_rsync_same(source, self.there_and_back(source))

    @needs_root
    def test_a_hostile_tree_is_the_same_to_the_walker(self) -> None:
        source = self.path / "source"
        self.assertEqual(hostile_tree.make(str(source), seed=3, scale="full"), [])
        self.assert_same(source, self.there_and_back(source, code=3), sockets=False)


if __name__ == "__main__":
    unittest.main()
