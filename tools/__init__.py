"""What made the weights and tables that are shipped: run from a clone, not part of the package."""
