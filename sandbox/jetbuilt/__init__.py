"""The stand-in for the Jetbuilt customer API: a store seeded from the world, and the application in front of it."""
