"""`cwbridge doctor`: looks at settings, Redis, systems, rights and names, reads only, and says what to do."""
