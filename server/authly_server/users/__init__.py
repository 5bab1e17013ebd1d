"""People who sign in: passwords and links for new ones, throttling; second factors to come."""
