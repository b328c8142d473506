"""Processes of shards, forked from one of their node that has imported the engine: none has to when it is started."""
