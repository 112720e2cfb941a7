"""Arm's Ethos-U55, U65 and U85: accelerators for int8 networks beside a Cortex-M or -A.

Networks are priced by Arm's own compiler, Vela. There is no training in the chip's arithmetic, no
export and no verification yet.
"""
