"""Stand-ins for Jetbuilt, ConnectWise and BSS over real HTTP: their limits, their quirks, and faults on demand."""
