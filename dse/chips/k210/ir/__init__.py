"""nncase's intermediate form, shapes only: from a file's operators to what a K210 runs."""
