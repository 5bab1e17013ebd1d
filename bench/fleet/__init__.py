"""What many resources cost one operator, on the embedded node with real images."""
