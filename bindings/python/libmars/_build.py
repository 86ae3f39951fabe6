"""Write the C source of libmars._native: _build.py DECLARATIONS LIBRARY_VERSION OUTPUT"""
import sys
from pathlib import Path

import cffi  # type: ignore[import]

# What C calls in _call.py and _log.py.
CALLBACKS = """
extern "Python" {
    void mars_py_log(void *, int, const char *, const char *);
    int mars_py_progress(const mars_progress *, void *);
    void mars_py_event(const mars_event *, void *);
    void mars_py_machine(const mars_machine_info *, void *);
    void mars_py_key(const mars_key_info *, void *);
    void mars_py_figure(const mars_benchmark_figure *, void *);
    int mars_py_point(const mars_point_info *, void *);
    int mars_py_entry(const mars_entry *, void *);
    int mars_py_diff(const mars_diff *, void *);
    int mars_py_data(const void *, uint64_t, void *);
    int32_t mars_py_wrap(void *, const uint8_t *, uint8_t *, uint64_t *, mars_error *);
    int32_t mars_py_unwrap(void *, const uint8_t *, uint64_t, uint8_t *, mars_error *);
    int32_t mars_py_image_read(uint64_t, void *, uint64_t, void *);
    int32_t mars_py_image_data(uint64_t, uint64_t *, uint64_t *, void *);
    int32_t mars_py_image_changed(const char *, uint64_t, uint64_t *, uint64_t *, void *);
}
const char *mars_py_built(void);
"""


def main() -> None:
    declarations, version, output = sys.argv[1:]
    ffi = cffi.FFI()
    ffi.cdef(Path(declarations).read_text(encoding="utf-8") + CALLBACKS)
    ffi.set_source("libmars._native", f"""
        #include <mars/mars.h>
        static const char *mars_py_built(void) {{ return "{version}"; }}
    """)
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main()
