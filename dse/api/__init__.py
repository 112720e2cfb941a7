"""The public face, whose names `import dse` offers."""
