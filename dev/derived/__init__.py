"""What is derived from crds/, the operator's names and the server's settings: see `files`."""
