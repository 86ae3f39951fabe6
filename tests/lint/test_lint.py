#!/usr/bin/python3
"""Each lint finds what is planted, where it is planted, and nothing in a project that is clean."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

PUBLIC = """#ifndef MARS_THING_H
#define MARS_THING_H
#include <stdint.h>
#define MARS_CALL
#define MARS_API __attribute__((visibility("default")))
#ifdef __cplusplus
extern "C" {
#endif
/** Not a prototype: MARS_API int mars_comment(void); */
typedef int (MARS_CALL *mars_thing_fn)(int n);
MARS_API int32_t MARS_CALL
mars_thing_open(const char *name, mars_thing_fn fn);
MARS_API const char *MARS_CALL mars_thing_name(void);
#ifdef __cplusplus
}
#endif
#endif
"""

CLEAN = {
    "include/mars/thing.h": PUBLIC,
    "lib/base/buf.h": "#include <stddef.h>\n",
    "lib/platform/file.h": "#include <mars/thing.h>\n#include <stdint.h>\n",
    "lib/platform/posix/os.h": "#include <sys/stat.h>\n",
    "lib/platform/posix/file.c": '#include "platform/file.h"\n#include <unistd.h>\n'
                                 '#include "platform/posix/os.h"\n',
    "lib/store/store.h": '#include "base/buf.h"\n',
    "lib/store/file.c": '#include "store/store.h"\n#include <string.h>\n'
                        '#include "crypto/digest.h"\n#include "platform/file.h"\n',
    "lib/crypto/openssl.c": "#include <openssl/evp.h>\n#include <argon2.h>\n",
    "lib/codec/lz4.c": "#include <lz4.h>\n#include <lz4hc.h>\n#include <zstd.h>\n",
    "lib/config/doc.c": "#include <yaml.h>\n",
    "lib/http/http.c": "#include <curl/curl.h>\n",
    "examples/mars.c": '#include <mars/thing.h>\n\nint\nmain(void)\n{\n    return 0;\n}\n',
}


def function(lines: int, comment: str = "") -> str:
    """A definition that counts so many lines from brace to brace."""
    return f"{comment}static void\nf(int a,\n  int b)\n{{\n" + "    g();\n" * (lines - 2) + "}\n"


class Lint(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-lint-")
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        for path, text in CLEAN.items():
            self.plant(path, text)

    def plant(self, path: str, text: str) -> None:
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)

    def run_lint(self, *args: str) -> tuple[int, list[str]]:
        done = subprocess.run([sys.executable, os.path.join(HERE, self.lint + ".py"), *args],
                              capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.splitlines()

    def clean(self) -> None:
        self.assertEqual(self.run_lint(self.root), (0, []))

    def found(self, *places: str) -> list[str]:
        """Offences at these places, each `file:line`, and at no others."""
        status, lines = self.run_lint(self.root)
        self.assertEqual([":".join(line.split(":")[:2]) for line in lines], list(places), lines)
        self.assertEqual(status, 1 if places else 0)
        return lines


class Layers(Lint):
    lint = "layers"

    def test_a_clean_project(self) -> None:
        self.clean()

    def test_an_edge_that_is_not_allowed(self) -> None:
        self.plant("lib/format/pack.c", '#include "base/buf.h"\n\n#include "platform/file.h"\n')
        self.assertIn("format may not include platform", self.found("lib/format/pack.c:3")[0])

    def test_edges_are_not_transitive(self) -> None:
        self.plant("lib/job/verify.c", '#include "repo/x.h"\n#include "crypto/digest.h"\n')
        self.found("lib/job/verify.c:2")

    def test_base_is_at_the_bottom_and_nobody_includes_api(self) -> None:
        self.plant("lib/base/buf.c", '#include "platform/file.h"\n')
        self.plant("lib/platform/file.h", '#include "crypto/digest.h"\n')
        self.plant("lib/agent/agent.c", '#include "api/opts.h"\n')
        self.plant("lib/api/opts.c", '#include "api/opts.h"\n#include "http/http.h"\n')
        self.found("lib/agent/agent.c:1", "lib/base/buf.c:1", "lib/platform/file.h:1")

    def test_the_pure_rooms(self) -> None:
        for room in ("format", "chunk", "codec", "policy"):
            self.plant(f"lib/{room}/x.c", '#include "platform/clock.h"\n')
        self.found("lib/chunk/x.c:1", "lib/codec/x.c:1", "lib/format/x.c:1", "lib/policy/x.c:1")

    def test_unknown_rooms(self) -> None:
        self.plant("lib/junk/x.c", "")
        self.plant("lib/store/x.c", '#include "junk/x.h"\n')
        self.found("lib/junk/x.c:1", "lib/store/x.c:1")

    def test_names_that_evade(self) -> None:
        self.plant("lib/format/x.c", '#include "pack.h"\n#include "../platform/file.h"\n'
                   '#include "base/../platform/file.h"\n#define H "platform/file.h"\n#include H\n'
                   '  #  include /* */ "platform/file.h"\n// #include "platform/file.h"\n')
        self.found(*(f"lib/format/x.c:{n}" for n in (1, 2, 3, 5, 6)))

    def test_the_inside_of_platform_is_private(self) -> None:
        self.plant("lib/store/x.c", '#include "platform/posix/os.h"\n')
        self.plant("lib/platform/file.h", '#include "platform/posix/os.h"\n')
        self.found("lib/platform/file.h:1", "lib/store/x.c:1")

    def test_system_headers(self) -> None:
        for name in ("unistd.h", "sys/types.h", "pthread.h", "signal.h", "locale.h", "setjmp.h"):
            with self.subTest(name):
                self.plant("lib/store/x.c", f"#include <stdio.h>\n#include <{name}>\n")
                self.plant("lib/platform/clock.h", f"#include <{name}>\n")
                self.found("lib/platform/clock.h:1", "lib/store/x.c:2")

    def test_each_library_in_its_room(self) -> None:
        for name in ("yaml.h", "lz4.h", "lz4frame.h", "zstd.h", "openssl/evp.h", "mbedtls/gcm.h",
                     "argon2.h", "curl/curl.h"):
            with self.subTest(name):
                self.plant("lib/store/x.c", f"#include <{name}>\n")
                self.plant("lib/platform/posix/x.c", f"#include <{name}>\n")
                self.found("lib/platform/posix/x.c:1", "lib/store/x.c:1")

    def test_public_headers(self) -> None:
        self.plant("include/mars/x.h", '#include <mars/thing.h>\n#include <stddef.h>\n'
                                       '#include <stdbool.h>\n#include "mars/thing.h"\n')
        self.found("include/mars/x.h:3", "include/mars/x.h:4")


class Functions(Lint):
    lint = "functions"

    def test_a_clean_project(self) -> None:
        self.clean()

    def test_sixty_lines_and_one_more(self) -> None:
        self.plant("lib/base/x.c", function(60))
        self.clean()
        self.plant("lib/base/x.c", function(60) + "\n" + function(61) + function(20))
        self.assertIn("61 lines", self.found("lib/base/x.c:68")[0])

    def test_examples_count(self) -> None:
        self.plant("examples/x.c", function(61))
        self.found("examples/x.c:4")

    def test_long_because(self) -> None:
        comment = "/* One table: long because\n * each field is a line. */\n"
        self.plant("lib/base/x.c", function(99, comment))
        self.clean()
        self.plant("lib/base/x.c", function(99, "/* Long, because it is. */\n"))
        self.found("lib/base/x.c:5")

    def test_the_comment_stands_directly_above(self) -> None:
        comment = "/* long because */\n"
        for between in ("\n", "static int x;\n", function(3), "#define X\n"):
            with self.subTest(between):
                self.plant("lib/base/x.c", comment + between + function(61))
                self.found(f"lib/base/x.c:{5 + between.count(chr(10))}")

    def test_what_looks_like_a_brace(self) -> None:
        self.plant("lib/base/x.c", "/*\n{\n" + "x\n" * 70 + "}\n*/\nstatic const int t[] =\n{\n"
                   + "    1,\n" * 70 + "};\nstruct s {\n" + "    int x;\n" * 70 + "};\n")
        self.clean()

    def test_a_brace_that_hides_its_function(self) -> None:
        self.plant("lib/base/x.c", "int f(void) {\n" + "    g();\n" * 80 + "}\n")
        self.found("lib/base/x.c:1")

    def test_a_function_without_end(self) -> None:
        self.plant("lib/base/x.c", "int\nf(void)\n{\n    }\n")
        self.found("lib/base/x.c:3")

    def test_files(self) -> None:
        self.plant("lib/base/x.h", "\n" * 500)
        self.clean()
        self.plant("lib/base/x.h", "/* long because */\n" * 501)
        self.found("lib/base/x.h:501")


class Headers(Lint):
    lint = "headers"

    def test_a_clean_project(self) -> None:
        self.clean()

    def test_a_header_that_needs_another(self) -> None:
        self.plant("include/mars/x.h", "#ifndef X\n#define X\nextern uint8_t x;\n#endif\n")
        self.found("include/mars/x.h:3", "include/mars/x.h:3")

    def test_a_header_without_a_guard(self) -> None:
        self.plant("include/mars/x.h", "struct mars_x { int x; };\n")
        self.found("include/mars/x.h:1", "include/mars/x.h:1")

    def test_c_that_is_not_cxx(self) -> None:
        self.plant("include/mars/x.h", "#ifndef X\n#define X\n\nextern int class;\n#endif\n")
        self.assertIn("as C++11", self.found("include/mars/x.h:4")[0])

    def test_extensions(self) -> None:
        self.plant("include/mars/x.h",
                   "#ifndef X\n#define X\nstruct mars_x { int n; int tail[0]; };\n#endif\n")
        self.found("include/mars/x.h:3", "include/mars/x.h:3")

    def test_a_header_that_includes_what_is_not_there(self) -> None:
        self.plant("include/mars/x.h", "#include <mars/none.h>\n")
        self.found("include/mars/x.h:1", "include/mars/x.h:1")


class Words(Lint):
    lint = "words"

    def test_a_clean_project(self) -> None:
        self.clean()

    def test_identifiers_and_comments(self) -> None:
        self.plant("lib/base/x.c", "int mrs_repository_open;\n/* A\n * Snapshot. */\n"
                                   "struct MRS_ARCHIVE;  // repositories, archived\n")
        self.found(*(f"lib/base/x.c:{n}" for n in (1, 3, 4, 4, 4)))

    def test_everywhere(self) -> None:
        for path in ("include/mars/x.h", "examples/x.c", "lib/format/FORMAT.md"):
            self.plant(path, "\n/* snapshot */\n")
        self.found("lib/format/FORMAT.md:2", "include/mars/x.h:2", "examples/x.c:2")

    def test_literals(self) -> None:
        self.plant("lib/store/x.c", 'const char *s = "?comp=snapshot", *t = "Archive /* \\"";\n')
        self.clean()

    def test_what_is_fine(self) -> None:
        self.plant("lib/source/x.c", "/* A file-system snapshot, a file-system\n * snapshot; "
                   "snapshot providers. */\nint mrs_snapshot_provider_open;\n"
                   "/* the static archive, the static-library archive, archive libmars.a */\n")
        self.clean()

    def test_what_is_fine_does_not_hide_the_rest(self) -> None:
        self.plant("lib/source/x.c", "/* file-system snapshot, snapshot\n"
                   " * provider; the snapshot\n * of it; its archive\n */\n")
        self.found("lib/source/x.c:2", "lib/source/x.c:3")


class Printing(Lint):
    lint = "printing"

    def test_a_clean_project(self) -> None:
        self.clean()

    def test_each_call(self) -> None:
        names = ("printf fprintf vfprintf sprintf puts perror exit _exit abort getenv setenv "
                 "signal sigaction setlocale").split()
        self.plant("lib/platform/posix/x.c",
                   "".join(f"    {name} (x);\n" for name in names))
        self.found(*(f"lib/platform/posix/x.c:{n}" for n in range(1, len(names) + 1)))

    def test_streams(self) -> None:
        self.plant("lib/base/x.c", "    fwrite(p, 1, n, stderr);\n")
        self.found("lib/base/x.c:1")

    def test_what_is_fine(self) -> None:
        self.plant("lib/base/x.c", "/* printf(x) */ // exit(1)\n"
                   '(void)snprintf(s, n, "printf(%d)", 1); vsnprintf(s, n, f, ap);\n'
                   "store->abort(u); verbs.exit(1); mrs_abort(u);\n"
                   "void f(void) __attribute__((format(printf, 1, 2)));\n")
        self.plant("examples/x.c", "printf(x);\n")
        self.clean()


class Usage(unittest.TestCase):
    def test_wrong_usage_is_told_from_offences(self) -> None:
        for name in ("layers", "functions", "headers", "words", "printing"):
            with self.subTest(name):
                for args in (["/nonexistent"], ["a", "b", "c"]):
                    done = subprocess.run([sys.executable, f"{HERE}/{name}.py", *args],
                                          capture_output=True)
                    self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
