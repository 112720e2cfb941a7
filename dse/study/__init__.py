"""A study on the disk: settings, folder, journal, and what is read back from them."""
