"""A real single-node Kubernetes, made of Go modules and Debian packages: `python3 dev/cluster --help`."""
