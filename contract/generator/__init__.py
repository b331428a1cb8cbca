"""The generator behind contract/gen.py; see contract/README.md."""
