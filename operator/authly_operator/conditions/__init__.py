"""From what was observed to conditions: ordered chains of policies, a file a kind, no I/O."""
