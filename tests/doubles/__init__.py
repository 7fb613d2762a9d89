"""What tests put in place of the world: a clock that is moved, ids that are counted, chance that is repeated."""
