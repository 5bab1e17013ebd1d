"""What is derived from crds/: the chart's copies of it, and docs/api.md."""
