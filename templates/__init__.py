"""WHAT is built: systems and tiers, in troposphere and awacs."""
