"""Several processes that serve as one, where PROCESSES asks for more than one."""
