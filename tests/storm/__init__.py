"""More is asked than can be done."""
