"""`fedtext demo`: two servers, two processes, two databases, one conversation."""
