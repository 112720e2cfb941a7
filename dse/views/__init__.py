"""What there is to look at: the page, figures, contact sheets."""
