"""A real single-node Kubernetes of Go modules and Debian packages: `python3 dev/cluster --help`."""
