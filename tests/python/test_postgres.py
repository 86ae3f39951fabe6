"""A database: what pg_dump writes goes through a stream into the vault, and back into a database
that is the same."""
from __future__ import annotations

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "servers"))
from pykit import PythonBox  # noqa: E402
from servers import Postgres  # noqa: E402

FILL = """
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE TABLE people (
    id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, born timestamptz, seen timestamp,
    owed numeric(40, 20) CHECK (owed > -1000000), ratio float8, feels mood DEFAULT 'fine',
    tags text[], about jsonb, raw json, key uuid, span interval, address inet, active boolean);
INSERT INTO people (name, born, seen, owed, ratio, feels, tags, about, raw, key, span, address,
                    active)
SELECT E'n\\u00e4me\\t\\\\' || n, '1970-01-01 UTC'::timestamptz + n * interval '37 h 0.000001 s',
       CASE n % 9 WHEN 0 THEN 'infinity' WHEN 1 THEN NULL ELSE '0044-03-15 BC' END::timestamp,
       n / 7::numeric(40, 20), CASE n % 5 WHEN 0 THEN 'NaN' ELSE sqrt(n)::text END::float8,
       (ARRAY['sad', 'fine'])[1 + n % 2]::mood, ARRAY['a', NULL, '{"', repeat('x', n % 50)],
       jsonb_build_object('n', n, 'list', ARRAY[n, -n], 'none', NULL),
       ('{"b": ' || n || ',  "a" : "\\u20ac"}')::json, md5(n::text)::uuid, n * interval '1.5 day',
       ('10.0.' || n % 256 || '.1')::inet, n % 3 = 0
FROM generate_series(1, 10000) n;
CREATE INDEX ON people USING gin (about);
CREATE INDEX ON people (lower(name)) WHERE active;
CREATE TABLE files (
    person bigint PRIMARY KEY REFERENCES people ON DELETE CASCADE, content bytea NOT NULL,
    size int GENERATED ALWAYS AS (length(content)) STORED);
INSERT INTO files
SELECT n, (SELECT string_agg(sha256((n || '/' || i)::bytea), '') FROM generate_series(1, 256) i)
FROM generate_series(1, 800) n;
CREATE VIEW sizes AS SELECT name, size FROM people JOIN files ON person = id;
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT sum(size) FROM files';
SELECT lo_from_bytea(0, (SELECT string_agg(content, '' ORDER BY person) FROM files
                         WHERE person % 5 = n)) FROM generate_series(0, 4) n;
COMMENT ON TABLE people IS 'those who owe';
"""
DIGESTS = """
SELECT 'people', count(*), md5(string_agg(md5(t::text), '' ORDER BY id)) FROM people t
UNION ALL SELECT 'files', count(*), md5(string_agg(md5(t::text), '' ORDER BY person)) FROM files t
UNION ALL SELECT 'sizes', count(*), md5(string_agg(md5(t::text), '' ORDER BY name)) FROM sizes t
UNION ALL SELECT 'large', count(*), string_agg(oid || md5(lo_get(oid)), '' ORDER BY oid)
          FROM pg_largeobject_metadata
UNION ALL SELECT 'next', nextval('people_id_seq'), total()::text
"""


class Databases(PythonBox):
    server: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = Postgres()
        cls.addClassCleanup(cls.server.stop)
        cls.make("first")
        cls.query("first", FILL)
        cls.size = int(cls.query("first", "SELECT pg_database_size('first')"))

    @classmethod
    def make(cls, name: str) -> None:
        subprocess.run(cls.server.client("createdb", name), check=True, timeout=60)

    @classmethod
    def query(cls, database: str, sql: str) -> str:
        return subprocess.run(
            cls.server.client("psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database), input=sql,
            check=True, text=True, stdout=subprocess.PIPE, timeout=120).stdout

    def dump(self, *args: str, database: str = "first") -> subprocess.Popen:
        return subprocess.Popen(self.server.client("pg_dump", *args, database),
                                stdout=subprocess.PIPE)

    def text_of(self, database: str) -> list[bytes]:
        """All of it, but for lines that are random."""
        with self.dump(database=database) as dump:
            told = dump.stdout.read()
        self.assertEqual(dump.returncode, 0)
        return [line for line in told.splitlines()
                if not line.startswith((b"\\restrict ", b"\\unrestrict "))]

    def into(self, program: str, *args: str) -> subprocess.Popen:
        """A program that makes the second database of what it reads."""
        self.make("second")
        self.addCleanup(subprocess.run, self.server.client("dropdb", "second"), check=True)
        return subprocess.Popen(self.server.client(program, *args, "-d", "second"),
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def assert_both_equal(self) -> None:
        self.assertGreater(self.size, 10_000_000)
        self.assertEqual(self.query("second", DIGESTS), self.query("first", DIGESTS))
        first, second = self.text_of("first"), self.text_of("second")
        self.assertGreater(sum(map(len, first)), 10_000_000)
        self.assertTrue(first == second, "the dumps differ")

    def ended_well(self, *programs: subprocess.Popen) -> None:
        self.assertEqual([p.wait(120) for p in programs], [0] * len(programs))

    def through_the_command_line(self, name: str, dump: subprocess.Popen,
                                 restore: subprocess.Popen) -> None:
        """pg_dump | mars backup --stdin; mars cat | pg_restore"""
        agent = self.agent()
        mars = [self.command_line().mars, "--config", str(self.path / "config-one")]
        backup = subprocess.run([*mars, "-q", "backup", "--stdin", name, "--item", "databases"],
                                stdin=dump.stdout, check=False, timeout=120)
        dump.stdout.close()
        self.ended_well(dump)
        self.assertEqual(backup.returncode, 0)
        cat = subprocess.run([*mars, "cat", "latest", name, "--item", "databases"],
                             stdout=restore.stdin, check=False, timeout=120)
        restore.stdin.close()
        self.ended_well(restore)
        self.assertEqual(cat.returncode, 0)
        self.assertEqual(agent.verify(read_data=True).objects_damaged, 0)
        self.assert_both_equal()

    def test_a_custom_dump_through_the_command_line(self) -> None:
        self.through_the_command_line("first.dump", self.dump("-Fc"),
                                      self.into("pg_restore", "--exit-on-error"))

    def test_a_plain_dump_through_the_command_line(self) -> None:
        self.through_the_command_line("first.sql", self.dump(),
                                      self.into("psql", "-qX", "-v", "ON_ERROR_STOP=1"))

    def test_a_custom_dump_through_a_stream(self) -> None:
        """Of Python, and read back as a file of Python's."""
        agent = self.agent()
        dump = self.dump("-Fc")
        with agent.session(item="databases") as session:
            with session.open_stream("first.dump") as stream:
                shutil.copyfileobj(dump.stdout, stream)
            dump.stdout.close()
            self.ended_well(dump)
        restore = self.into("pg_restore", "--exit-on-error")
        with agent.open_point() as point, point.open("first.dump") as file:
            shutil.copyfileobj(file, restore.stdin)
        restore.stdin.close()
        self.ended_well(restore)
        self.assert_both_equal()


if __name__ == "__main__":
    unittest.main()
