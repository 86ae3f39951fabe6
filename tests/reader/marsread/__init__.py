"""A reader of the libmars vault format, written from FORMAT.md alone."""
