"""dse: the best face detector a chip can hold."""
