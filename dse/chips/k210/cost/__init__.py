"""What a network costs on a K210: lowered, placed, sized and timed as its compiler does it."""
