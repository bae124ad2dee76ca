"""Links, fingerprints, history."""
