"""The file that the chip runs, read without trusting it."""
