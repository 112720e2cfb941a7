"""nncase: from TensorFlow-Lite to the file for the chip, and its simulator."""
