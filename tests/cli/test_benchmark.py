"""What `mars benchmark` tells of a machine."""
import os
import subprocess
import unittest

from kit import MARS, Machine, Box


class Benchmark(Box):
    def test_it_tells_each_speed_without_a_registration(self) -> None:
        run = Machine(self, "none").run("benchmark")
        works = [(f["work"], f["codec"]) for f in run.of("figure")]
        self.assertEqual(len(set(works)), len(works))
        for work in (("chunk", None), ("hash", None), ("pack", "lz4"), ("unpack", "lz4"),
                     ("pack", "lz4hc"), ("unpack", "lz4hc"), ("pack", "zstd"), ("unpack", "zstd"),
                     ("seal", None), ("open", None)):
            self.assertIn(work, works)
        for figure in run.of("figure"):
            self.assertGreater(figure["one_core_bytes_per_second"], 0)
            self.assertGreater(figure["all_cores_bytes_per_second"], 0)
        self.assertEqual(run.summary["verb"], "benchmark")
        self.assertLessEqual(run.summary["cores"], os.cpu_count())
        self.assertIn(run.summary["crypto"], ("openssl", "mbedtls"))

    def test_people_get_a_table(self) -> None:
        done = subprocess.run([MARS, "benchmark", "--quiet"], capture_output=True, text=True,
                              check=True)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["one", "core", "all", "cores"])
        self.assertIn("pack lz4", done.stdout)
        self.assertEqual({len(line) for line in lines[1:]}, {len(lines[0])})


if __name__ == "__main__":
    unittest.main()
