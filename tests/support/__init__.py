"""Helpers of the tests of the whole path: a bench with the stand-ins on it, commands as processes, and a second opinion."""
