"""The administrators' API: what is there is in `table.py`, what all of it shares in `frame.py`."""
