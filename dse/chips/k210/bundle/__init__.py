"""The folder that goes to the board: written, and verified from its files alone."""
