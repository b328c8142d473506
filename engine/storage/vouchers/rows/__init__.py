"""A campaign's row: what it says, read and mended; how it is written, a version up; and what each version said."""
