#!/usr/bin/python3
"""exports.py finds what is planted, where it is planted."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = """#ifndef MARS_THING_H
#define MARS_THING_H
#define MARS_CALL
#define MARS_API __attribute__((visibility("default")))
/** Not a prototype: MARS_API int mars_comment(void); */
typedef int (MARS_CALL *mars_thing_fn)(int n);
MARS_API int MARS_CALL
mars_thing_open(const char *name, mars_thing_fn fn);
MARS_API const char *MARS_CALL mars_thing_name(void);
#endif
"""
MAP = ("MARS_0 {\n    global:\n        mars_thing_name;\n        mars_thing_open;\n    local:\n"
       "        *;\n};\n")
OPEN = "int mars_thing_open(void) { return 0; }\n"
BODY = OPEN + "const char *mars_thing_name(void) { return 0; }\n"
PYTHON = ("/* mars_other() */\nint mars_thing_open(const char *name, mars_thing_fn fn);\n"
          "const char *mars_thing_name(void);\nextern \"Python\" int mars_py_thing(int n);\n"
          "typedef int (*mars_call)(int n);\n")
CSHARP = "    [LibraryImport(Name)]\n    internal static partial int mars_thing_open(nint f);\n" \
         "    internal static partial nint mars_thing_name();\n    x = Native.mars_other();\n"


class Exports(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-abi-")
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        self.plant("include/mars/thing.h", HEADER)
        self.plant("lib/mars.map", MAP)

    def plant(self, path: str, text: str) -> None:
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def found(self, *places: str, body: str = BODY) -> list[str]:
        """Offences at these places, each `file:line`, and at no others."""
        library = self.root + "/libmars.so"
        self.plant("version.map", "MARS_0 { global: *; };\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", library,
                        f"-Wl,--version-script={self.root}/version.map"], input=body, text=True,
                       check=True)
        done = subprocess.run([sys.executable, HERE + "/exports.py", library, self.root],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        self.assertEqual([":".join(line.split(":")[:2]) for line in lines],
                         [p.replace("LIBRARY", library) for p in places], lines)
        self.assertEqual(done.returncode, 1 if places else 0)
        return lines

    @staticmethod
    def also(name: str) -> str:
        return MAP.replace("    local", f"        {name};\n    local")

    def test_a_clean_project(self) -> None:
        self.plant("bindings/python/decl.h", PYTHON)
        self.plant("bindings/csharp/Native.cs", CSHARP)
        self.found()

    def test_a_promise_not_kept(self) -> None:
        lines = self.found("include/mars/thing.h:9", body=OPEN)
        self.assertIn("mars_thing_name: is not in the library", lines[0])

    def test_an_export_without_a_prototype(self) -> None:
        lines = self.found("LIBRARY:1", "LIBRARY:1",
                           body=BODY + "int mars_secret;\nvoid mrs_fail(void) { }\n")
        self.assertIn("mars_secret", lines[0])

    def test_the_map_names_each(self) -> None:
        self.plant("lib/mars.map", MAP.replace("mars_thing_name", "mars_*"))
        lines = self.found("include/mars/thing.h:9", "lib/mars.map:3")
        self.assertIn("is not in lib/mars.map", lines[0])
        self.plant("lib/mars.map", "/* mars_x; */\n" + self.also("mars_y"))
        self.found("lib/mars.map:6")

    def test_a_prototype_of_another_name(self) -> None:
        self.plant("include/mars/x.h", "\nMARS_API int other(void);\n")
        self.plant("lib/mars.map", self.also("other"))
        self.found("include/mars/x.h:2", body=BODY + "int other(void) { return 0; }\n")

    def test_data_and_doubles(self) -> None:
        self.plant("include/mars/x.h",
                   "MARS_API extern int mars_x;\nMARS_API int mars_thing_open(void);\n")
        lines = self.found("include/mars/x.h:1", "include/mars/x.h:2")
        self.assertIn("twice", lines[1])

    def test_bindings(self) -> None:
        self.plant("bindings/python/decl.h", PYTHON.replace("thing_name", "thing_named"))
        self.plant("bindings/csharp/Native.cs", CSHARP.replace("thing_open", "thing_close"))
        lines = self.found("include/mars/thing.h:9", "bindings/python/decl.h:3",
                           "include/mars/thing.h:7", "bindings/csharp/Native.cs:2")
        self.assertIn("is not in bindings/csharp", lines[2])

    def test_wrong_usage_is_told_from_offences(self) -> None:
        for args in (["/nonexistent"], ["a", "b", "c"]):
            done = subprocess.run([sys.executable, HERE + "/exports.py", *args],
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
