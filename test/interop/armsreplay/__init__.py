"""Recordings of ARMS conversations, played against Reeve: see scripts/replay."""
