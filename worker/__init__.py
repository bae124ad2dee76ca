"""The worker: syncs one object after another."""
