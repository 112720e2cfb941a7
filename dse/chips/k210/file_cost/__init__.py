"""What a kmodel takes on a target: read from the file itself, whatever made it, and not run."""
