"""What a worker does, and where it runs: in this process, or by Ray."""
