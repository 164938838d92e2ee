"""What implements the ports: transports, storage, clocks, chance, observers.

Only `runtime` and `testing` may import from here; everything else gets a port and does not know which one it is.
"""
