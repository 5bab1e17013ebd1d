"""Real servers for tests and benchmarks, in temporary directories, ended by process id."""
