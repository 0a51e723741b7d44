"""tap: CloudFormation for three-tier web systems, written in Python."""
