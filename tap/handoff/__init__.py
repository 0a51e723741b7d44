"""What the operations team receives: a bundle of a system's files, scripts and pages that needs no tap."""
