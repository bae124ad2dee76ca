"""Stand-ins for Jetbuilt and ConnectWise over real HTTP: their limits, their quirks, and faults on demand."""
