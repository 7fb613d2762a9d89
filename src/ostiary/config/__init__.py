"""The settings: what they are, where they come from, which of them do not go together."""
