"""Variables of the requests of one operation, as JSON lines: lines.py OPERATION COUNT SESSIONS ROUND."""

import json
import sys

from ostiary.app.seeding import requests

operation, count, sessions, turn = sys.argv[1:]
for line in requests(operation, int(count), int(sessions), int(turn)):
    print(json.dumps(line))
