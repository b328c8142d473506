"""Which nodes a cluster has, and which of them runs which stores."""
