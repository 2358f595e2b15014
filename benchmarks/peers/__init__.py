"""What a user might train a VAE with instead: the same nets, data, batch and precision.

Each peer is one file with a class `Peer` (see `interface`), and runs in a process of its own
(`worker`), so that no two libraries share threads. `turns` lets them run one at a time.
"""
