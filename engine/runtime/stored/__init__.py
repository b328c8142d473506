"""What a store is while nobody runs it: its journal and state as bytes."""
