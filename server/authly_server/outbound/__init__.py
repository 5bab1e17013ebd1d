"""What the server asks others over HTTPS, and only those who may be asked: keys, metadata.

The URLs come from strangers, so everything here is built against being sent to the wrong place
(server-side request forgery), being held up, and being fed too much.
"""
