"""PostgreSQL, the only storage: a file an entity, one atomic statement an operation."""
