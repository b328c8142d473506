"""What a cluster stands on, whatever of it dies: its head, its nodes, its shards and whose stores they are."""
