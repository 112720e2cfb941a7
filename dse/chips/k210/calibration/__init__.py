"""A target's time constants, fitted to what boards printed.

A log is read to times of steps (`time_log`, from `log_tables` and `log_prints`); `refit` moves
the constants that they determine, held near what the bands say (`belief`), and gives them new
bands (`bands`); `profile_file` writes the result as a target, `account` says how well it fits.
"""
