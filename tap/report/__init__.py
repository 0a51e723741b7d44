"""What people look at: a system's picture, which synthesis draws, and its page in one file."""
