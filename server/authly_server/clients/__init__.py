"""Who a client is, proved, and what it may do."""
