"""The operator: custom resources in, a well-kept authorization server out."""
