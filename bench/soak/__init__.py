"""`make soak`: two server processes under load while the database and one of them come and go."""
