"""What `stopper.guard` promises."""
