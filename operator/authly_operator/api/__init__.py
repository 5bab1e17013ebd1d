"""The custom resources as values: one module a kind, from which crds/ is generated."""
