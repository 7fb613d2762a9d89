"""The languages that texts for people exist in."""

from typing import Final

SUPPORTED_LANGUAGES: Final = ("en", "de", "fr", "es", "zh")  # BCP 47; the first is the one every text has
