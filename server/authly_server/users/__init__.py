"""People who sign in: passwords now, throttling and second factors to come."""
