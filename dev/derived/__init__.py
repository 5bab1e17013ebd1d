"""What is derived from crds/ and the operator's names: the chart's copies, and docs/api.md."""
