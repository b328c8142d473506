"""Shards of stores against one process: the same recording through both."""
