"""The languages that texts for people exist in."""

from typing import Final

SUPPORTED_LANGUAGES: Final = ("en", "de")  # BCP 47; the first is the one every text has
