"""The wire's text queries as conditions."""

from ostiary._pb.zitadel.object.v2.object_pb import TextQueryMethod
from ostiary.core.filter import Match, Text

_MATCHES = {
    TextQueryMethod.EQUALS: (Match.EQUALS, False),
    TextQueryMethod.EQUALS_IGNORE_CASE: (Match.EQUALS, True),
    TextQueryMethod.STARTS_WITH: (Match.STARTS_WITH, False),
    TextQueryMethod.STARTS_WITH_IGNORE_CASE: (Match.STARTS_WITH, True),
    TextQueryMethod.CONTAINS: (Match.CONTAINS, False),
    TextQueryMethod.CONTAINS_IGNORE_CASE: (Match.CONTAINS, True),
    TextQueryMethod.ENDS_WITH: (Match.ENDS_WITH, False),
    TextQueryMethod.ENDS_WITH_IGNORE_CASE: (Match.ENDS_WITH, True),
}


def text_condition(column: str, pattern: str, method: TextQueryMethod) -> Text:
    """The column against the pattern; the door has refused numbers that are no method."""
    match, ignore_case = _MATCHES[method]
    return Text(column, match, pattern, ignore_case=ignore_case)
