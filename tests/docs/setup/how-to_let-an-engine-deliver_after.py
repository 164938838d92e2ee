assert fed.worker_mode == other.worker_mode == "off"
assert (policy.sweep_s, policy.batches_max) == (15, 5)
