"""What to do at night: one page for each kind of trouble, whose commands a scenario runs for real."""
